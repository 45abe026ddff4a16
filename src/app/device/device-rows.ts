/** Everything the page knows about the device, in words, shared by the panel and its report. */
import type { AdapterFacts, Mp4Codec } from '../../platform';
import type { DeviceReport } from '../../protocol';
import type { Assessment } from '../../state/assessment';
import type { BrowserFacts, EncoderFacts } from '../../state/device';
import { bytesText } from '../bytes';

/** `none`: neither good nor bad, or not known. */
export type Verdict = 'good' | 'limited' | 'problem' | 'none';

export interface Row {
  name: string;
  value: string;
  /** What the value means for the visitor. */
  follows: string;
  verdict: Verdict;
}

export interface RowGroup {
  title: string;
  rows: readonly Row[];
}

/** What the stores know of the device so far. */
export interface KnownOfDevice {
  adapter: AdapterFacts | null | undefined;
  browser: BrowserFacts | undefined;
  encoders: EncoderFacts | undefined;
  assessment: Assessment | undefined;
  /** Floating-point operations of the chosen video. */
  flops: number | undefined;
}

export function deviceRows({ adapter, browser, encoders, assessment, flops }: KnownOfDevice): RowGroup[] {
  const report = assessment?.state === 'counted' ? assessment.report : undefined;
  return [
    { title: 'GPU', rows: gpuRows(adapter, report) },
    { title: 'Browser', rows: browser ? browserRows(browser) : [] },
    { title: 'Video files', rows: encoders ? encoderRows(encoders) : [] },
    // counted last: what comes late moves nothing
    { title: 'This video', rows: report ? [...videoRows(report, browser), ...workRows(flops)] : [] },
  ].filter(({ rows }) => rows.length > 0);
}

function videoRows(
  { target, needs, shortfalls, alternatives }: DeviceReport,
  browser: BrowserFacts | undefined,
): Row[] {
  const lacks = new Set(shortfalls.map(({ lack }) => lack));
  const onGpu = target.device === 'webgpu';
  const precision = target.dtype === 'float16' ? 'half precision' : 'single precision';
  const memory = onGpu ? 'GPU memory' : 'Memory';
  const untold = browser?.memoryBytes === undefined;
  const tight = lacks.has('memory') || alternatives.some(({ change }) => change === 'low-memory');
  const hopeless = lacks.has('wasm-heap');
  return [
    {
      name: 'Runs on',
      ...placeOf(onGpu, lacks.has('hardware'), `${precision} (${target.dtype})`),
    },
    {
      name: `${memory}, all networks kept ready`,
      value: `about ${bytesText(needs.bytes['keep-ready'])}`,
      follows: 'The next video starts at once. Estimated from the networks’ graphs, not measured.',
      verdict: hopeless ? 'problem' : tight ? 'limited' : untold ? 'none' : 'good',
    },
    {
      name: `${memory}, one network at a time`,
      value: `about ${bytesText(needs.bytes['low-memory'])}`,
      follows: 'Every video loads the networks again. Kinora chooses this automatically when the weights are large.',
      verdict: hopeless ? 'problem' : lacks.has('memory') ? 'limited' : untold ? 'none' : 'good',
    },
    {
      name: 'Largest single buffer',
      value: `${bytesText(needs.largest.bytes)}, in the ${needs.largest.label}`,
      follows: onGpu ? 'The GPU’s limits must allow it.' : 'On the CPU no limit applies to a single buffer.',
      verdict: 'none',
    },
  ];
}

function workRows(flops: number | undefined): Row[] {
  if (flops === undefined) return [];
  const follows = 'Arithmetic in all networks together. Fewer steps, and guidance of 1 or less, make it less.';
  return [{ name: 'Work', value: flopsText(flops), follows, verdict: 'none' }];
}

/** Floating-point operations, in three digits. */
function flopsText(flops: number): string {
  const [unit, size] = flops >= 1e12 ? ['TFLOP', 1e12] : ['GFLOP', 1e9];
  return `${Number((flops / size).toPrecision(3))} ${unit}`;
}

function placeOf(onGpu: boolean, software: boolean, precision: string): Omit<Row, 'name'> {
  if (!onGpu) {
    const follows = 'Much slower than a GPU, but enough for small models.';
    return { value: `the CPU, in ${precision}`, follows, verdict: 'limited' };
  }
  if (software) {
    const follows = 'Requested in the address. Using the CPU directly would be faster.';
    return { value: `the software adapter, in ${precision}`, follows, verdict: 'limited' };
  }
  return { value: `the GPU, in ${precision}`, follows: 'The fastest option in a browser.', verdict: 'good' };
}

function gpuRows(adapter: AdapterFacts | null | undefined, report: DeviceReport | undefined): Row[] {
  if (adapter === undefined) {
    return [{ name: 'WebGPU', value: 'searching…', follows: 'The browser has not answered yet.', verdict: 'none' }];
  }
  if (adapter === null) {
    return [
      {
        name: 'WebGPU',
        value: 'not available',
        follows:
          'Only the CPU can make videos here. For WebGPU, use a current Chrome or Edge with graphics acceleration turned on.',
        verdict: 'limited',
      },
    ];
  }
  const { name, software, float16, maxBufferSize, maxStorageBufferBindingSize } = adapter;
  return [
    { name: 'WebGPU', value: 'available', follows: 'The browser lets this page use a GPU adapter.', verdict: 'good' },
    {
      name: 'Adapter',
      value: `${software ? 'software adapter: ' : ''}${name || 'not named by the browser'}`,
      follows: software
        ? 'A program that emulates a GPU on the CPU. Using the CPU directly is faster, and Kinora does so by default.'
        : report?.target.device === 'wasm'
          ? 'A real GPU, unused because the address asks for the CPU.'
          : 'A real GPU.',
      verdict: software ? 'limited' : 'good',
    },
    {
      name: 'Half precision',
      value: `${float16 ? 'available' : 'not available'} (shader-f16)`,
      follows: float16 ? 'Weights take half the memory.' : 'Weights and intermediate results take twice the memory.',
      verdict: float16 ? 'good' : 'limited',
    },
    limitRow('Largest buffer', 'maxBufferSize', maxBufferSize, report),
    limitRow('Largest binding', 'maxStorageBufferBindingSize', maxStorageBufferBindingSize, report),
  ];
}

function limitRow(name: string, limit: string, bytes: number, report: DeviceReport | undefined): Row {
  const allowed = `${bytesText(bytes)} (${limit})`;
  if (!report) {
    return { name, value: allowed, follows: 'What this video needs is not known yet.', verdict: 'none' };
  }
  if (report.target.device === 'wasm') {
    return { name, value: allowed, follows: 'Irrelevant here: the CPU is used.', verdict: 'none' };
  }
  const needed = report.needs.largest.bytes;
  const fits = needed <= bytes;
  return {
    name,
    value: `${allowed}; this video needs ${bytesText(needed)}`,
    follows: fits ? 'Enough for this model at this size.' : 'Too small for this model at this size.',
    verdict: fits ? 'good' : 'problem',
  };
}

function browserRows({ secure, isolated, threads, jspi, memoryBytes, storage }: BrowserFacts): Row[] {
  return [
    {
      name: 'Secure context',
      value: secure ? 'yes' : 'no',
      follows: secure
        ? 'The page can use the GPU, video encoders and storage.'
        : 'The browser blocks the GPU, video encoders and storage. Open the page over https or on localhost.',
      verdict: secure ? 'good' : 'problem',
    },
    {
      name: 'Cross-origin isolated',
      value: `${isolated ? 'yes' : 'no'}, ${threads === 1 ? '1 thread' : `${threads} threads`} on the CPU`,
      follows: isolated
        ? 'On the CPU, threads share the work. The GPU does not need them.'
        : 'On the CPU, one thread does all the work. The site’s host can change that with two HTTP headers.',
      verdict: isolated ? 'good' : 'limited',
    },
    {
      name: 'JSPI',
      value: jspi ? 'available' : 'not available',
      follows: jspi
        ? 'Weights stream to the GPU a few megabytes at a time.'
        : 'On their way to the GPU, a network’s weights fill the page’s memory all at once, and more code is downloaded.',
      verdict: jspi ? 'good' : 'limited',
    },
    {
      name: 'Memory of this machine',
      value:
        memoryBytes === undefined
          ? 'not reported by this browser'
          : `${bytesText(memoryBytes)}, rounded by the browser`,
      follows:
        memoryBytes === undefined
          ? 'To be safe, Kinora assumes 4 GiB.'
          : 'Browsers round this and may report less than there is; they do not report a GPU’s own memory.',
      verdict: 'none',
    },
    {
      name: 'Storage',
      value: storage
        ? `${bytesText(storage.bytes)} used by this site, ${storage.persistent ? 'persistent' : 'not persistent'}`
        : 'not reported by this browser',
      follows: !storage
        ? 'Models may have to be downloaded again.'
        : storage.persistent
          ? 'The browser keeps downloaded models until you delete them.'
          : 'When the disk is nearly full, the browser may delete downloaded models, which then have to be downloaded again.',
      verdict: storage?.persistent ? 'good' : 'none',
    },
  ];
}

const codecNames: Record<Mp4Codec, { name: string; plays: string }> = {
  avc: { name: 'H.264', plays: 'Plays everywhere.' },
  vp9: { name: 'VP9', plays: 'Plays in all browsers, but not in every program.' },
  av1: { name: 'AV1', plays: 'Plays in recent browsers and programs.' },
};

function encoderRows({ codecs, width, height, fps }: EncoderFacts): Row[] {
  const order = ['avc', 'vp9', 'av1'] as const;
  const used = order.find((codec) => codecs[codec] !== undefined);
  return order.map((codec) => {
    const { name, plays } = codecNames[codec];
    const string = codecs[codec];
    const size = `${width}×${height} at ${fps} frames per second`;
    if (string === undefined) {
      const follows = used
        ? `Videos are written as ${codecNames[used].name} instead.`
        : 'This browser cannot write videos of this size. Try another size or another browser.';
      return { name, value: `cannot encode ${size}`, follows, verdict: used ? 'none' : 'problem' };
    }
    const follows = codec === used ? `${plays} Used for your videos.` : `${plays} Fallback.`;
    return { name, value: `can encode ${size} (${string})`, follows, verdict: 'good' };
  });
}
