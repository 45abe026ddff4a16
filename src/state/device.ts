/** What the browser reports about this device before a model is loaded. */
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
  /** Number of threads that the CPU path uses. */
  threads: number;
  jspi: boolean;
  /** The machine's memory in bytes, rounded and capped; undefined if the browser does not report it. */
  memoryBytes: number | undefined;
  /** Undefined if the browser does not report it. */
  storage: { bytes: number; persistent: boolean } | undefined;
}

/** Which codecs can encode a video of the given size and speed. */
export interface EncoderFacts {
  /** WebCodecs codec strings, for example "avc1.64000a"; undefined if the browser cannot encode it. */
  codecs: Readonly<Record<Mp4Codec, string | undefined>>;
  width: number;
  height: number;
  fps: number;
}

interface DeviceState {
  /** Undefined until the browser has answered; null where there is no WebGPU. */
  adapter: AdapterFacts | null | undefined;
  /** Undefined until requested. */
  browser: BrowserFacts | undefined;
  /** For the last requested size. */
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
    // undefined without a secure context
    const [{ usage }, persistent] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()]);
    return usage === undefined ? undefined : { bytes: usage, persistent };
  } catch {
    return undefined;
  }
}

/** Asks which encoders take videos of the form's size and speed; does nothing while these are not numbers. */
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
  // otherwise a later call answers
  if (now.width === width && now.height === height && now.fps === fps) {
    useDevice.setState({ encoders: { codecs, width, height, fps } });
  }
}
