/** The page's texts about what a device lacks, and what would work instead. */
import type { Alternative, Lack, Shortfall, VideoSize } from '../../protocol';
import { bytesText } from '../bytes';

export interface LackText {
  /** What is lacking. */
  title: string;
  /** What it means for the video. */
  meaning: string;
  /** What to do. */
  remedy: string;
}

/** The engine gives the bytes wherever a sentence needs them. */
const amount = (bytes: number | undefined) => (bytes === undefined ? 'an unknown amount' : bytesText(bytes));

const texts: Record<Lack, (shortfall: Shortfall) => LackText> = {
  webgpu: ({ stops }) => ({
    title: 'No WebGPU',
    meaning: stops
      ? 'The address asks for the GPU, but this browser does not let pages use one.'
      : 'This browser does not let pages use a GPU, so the video is made on the CPU, which takes much longer.',
    remedy: stops
      ? 'Remove “device” from the address, or use a current Chrome or Edge with graphics acceleration turned on.'
      : 'To use the GPU, open this page in a current Chrome or Edge with graphics acceleration turned on in its settings.',
  }),
  hardware: () => ({
    title: 'Only a software GPU',
    meaning: 'The adapter is a program that emulates a GPU on the CPU. Using the CPU directly is faster.',
    remedy:
      'If this machine has a GPU, turn on graphics acceleration in the browser’s settings, update the graphics driver, and restart the browser.',
  }),
  float16: ({ stops }) => ({
    title: 'No half precision',
    meaning: stops
      ? 'The address asks for half precision, but this GPU does not support it (shader-f16).'
      : 'This GPU does not support 16-bit numbers (shader-f16), so everything uses 32 bits: twice the memory, and more time.',
    remedy: stops
      ? 'Remove “dtype” from the address.'
      : 'Nothing needs to be done. A newer browser or graphics driver may add it.',
  }),
  jspi: ({ needed }) => ({
    title: 'Weights cannot stream to the GPU',
    meaning: `Without JSPI, a network’s weights fill the page’s memory all at once, here up to ${amount(needed)}.`,
    remedy: 'Chrome and Edge stream them since version 137. In other browsers, close other tabs if memory runs out.',
  }),
  'buffer-size': ({ needed, available }) => ({
    title: 'A buffer is larger than this GPU allows',
    meaning: `This video needs ${amount(needed)} in one buffer; this GPU allows ${amount(available)} (maxBufferSize).`,
    remedy: 'Make a smaller or shorter video. If no size works, the model itself is too large for this GPU.',
  }),
  'binding-size': ({ needed, available }) => ({
    title: 'A buffer is larger than a shader can access',
    meaning: `This video needs ${amount(needed)} in one piece; shaders on this GPU can access ${amount(available)} (maxStorageBufferBindingSize).`,
    remedy: 'Make a smaller or shorter video. If no size works, the model itself is too large for this GPU.',
  }),
  memory: ({ needed, available }) => ({
    title: 'This may not fit in memory',
    meaning: `Even with one network at a time this needs about ${amount(needed)}; this machine has ${amount(available)}, as far as the browser reports. A graphics card with its own memory may still be enough.`,
    remedy: 'Make a smaller or shorter video, or close other programs first.',
  }),
  'wasm-heap': ({ needed, available }) => ({
    title: 'Too large for the CPU',
    meaning: `On the CPU this video needs about ${amount(needed)} at once; WebAssembly can hold ${amount(available)}.`,
    remedy: 'Make a smaller or shorter video, or use a browser with WebGPU on a machine with a GPU.',
  }),
};

/** Sorts those that stop the video first. */
export function byWeight(shortfalls: readonly Shortfall[]): Shortfall[] {
  return shortfalls.toSorted((a, b) => Number(b.stops) - Number(a.stops));
}

export function lackText(shortfall: Shortfall): LackText {
  return texts[shortfall.lack](shortfall);
}

/** An alternative in words, and what applies it: other values of the form, or a switch in the page's address. */
export type Remedy = { sentence: string; label: string } & (
  | { settings: VideoSize }
  | { address: { name: 'device' | 'memory'; value: string } }
);

const remedies: Record<Alternative['change'], (size: VideoSize) => Remedy> = {
  'fewer-frames': (settings) => {
    const frames = settings.numFrames === 1 ? '1 frame' : `${settings.numFrames} frames`;
    return { sentence: `${frames} of the same size would work.`, label: `Use ${frames}`, settings };
  },
  'smaller-size': (settings) => {
    const size = `${settings.width}×${settings.height}`;
    return { sentence: `The same number of frames at ${size} pixels would work.`, label: `Use ${size}`, settings };
  },
  'low-memory': () => ({
    sentence:
      'It would fit with one network in memory at a time; each is then loaded again for every video. Kinora chooses this automatically when the weights alone are large.',
    label: 'Open with one network at a time',
    address: { name: 'memory', value: 'low-memory' },
  }),
  cpu: () => ({
    sentence: 'The CPU can make this video, but it takes much longer.',
    label: 'Open on the CPU',
    address: { name: 'device', value: 'wasm' },
  }),
};

export function remediesOf(alternatives: readonly Alternative[]): Remedy[] {
  return alternatives.map(({ change, numFrames, width, height }) => remedies[change]({ numFrames, width, height }));
}
