/** What the browser tells of this device, before a model is loaded. */
import { create } from 'zustand';
import {
  type AdapterFacts,
  adapterFacts,
  candidates,
  hasJspi,
  isSupported,
  type Mp4Codec,
  machineMemory,
  wasmThreads,
} from '../platform';
import type { PartState } from './parts';
import { useSettings } from './settings';

export interface BrowserFacts {
  userAgent: string;
  /** Opened over https or on localhost. */
  secure: boolean;
  /** Threads may share memory. */
  isolated: boolean;
  /** That the CPU path computes on. */
  threads: number;
  jspi: boolean;
  /** The machine's memory in bytes, rounded and capped; undefined where the browser does not tell. */
  memoryBytes: number | undefined;
  /** Undefined where the browser does not tell. */
  storage: { bytes: number; persistent: boolean } | undefined;
}

/** What encodes a video of some size and speed. */
export interface EncoderFacts {
  /** As WebCodecs names them, for example "avc1.64000a"; undefined where the browser cannot. */
  codecs: Readonly<Record<Mp4Codec, string | undefined>>;
  width: number;
  height: number;
  fps: number;
}

interface DeviceState {
  /** Undefined until the browser has answered; null where there is no WebGPU. */
  adapter: AdapterFacts | null | undefined;
  /** Undefined until it was asked for. */
  browser: BrowserFacts | undefined;
  /** Of the last size that was asked for. */
  encoders: EncoderFacts | undefined;
  /** The panel that shows all of this. */
  panel: PartState;
}

export const useDevice = create<DeviceState>(() => ({
  adapter: undefined,
  browser: undefined,
  encoders: undefined,
  panel: 'closed',
}));

export async function askForAdapter(): Promise<void> {
  // a browser that fails to answer has no usable WebGPU either
  const adapter = (await adapterFacts().catch(() => undefined)) ?? null;
  useDevice.setState({ adapter });
}

export async function askBrowser(): Promise<void> {
  const browser = {
    userAgent: navigator.userAgent,
    secure: isSecureContext,
    isolated: crossOriginIsolated,
    threads: wasmThreads(),
    jspi: hasJspi(),
    memoryBytes: machineMemory(),
    storage: await storageFacts(),
  };
  useDevice.setState({ browser });
}

async function storageFacts(): Promise<BrowserFacts['storage']> {
  try {
    // not there without a secure context
    const [{ usage }, persistent] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()]);
    return usage === undefined ? undefined : { bytes: usage, persistent };
  } catch {
    return undefined;
  }
}

/** Asks which encoders take videos of the form's size and speed; nothing where these are not numbers yet. */
export async function askForEncoders(): Promise<void> {
  const { width, height, fps } = useSettings.getState();
  if (width === null || height === null || fps === null) return;
  const codecs: Record<Mp4Codec, string | undefined> = { avc: undefined, vp9: undefined, av1: undefined };
  if (typeof VideoEncoder !== 'undefined') {
    for (const { codec, config } of candidates(width, height, fps)) {
      if (codecs[codec] === undefined && (await isSupported(config))) codecs[codec] = config.codec;
    }
  }
  const now = useSettings.getState();
  // else a later call answers
  if (now.width === width && now.height === height && now.fps === fps) {
    useDevice.setState({ encoders: { codecs, width, height, fps } });
  }
}
