/** What the page says of what a device lacks, and of what would work instead. */
import type { Alternative, Lack, Shortfall, VideoSize } from '../../protocol';
import { bytesText } from '../bytes';

export interface LackText {
  /** What it is. */
  title: string;
  /** What it means for the video. */
  meaning: string;
  /** What to do. */
  remedy: string;
}

/** Bytes are given by the engine wherever a sentence names them. */
const amount = (bytes: number | undefined) => (bytes === undefined ? 'an unknown amount' : bytesText(bytes));

const texts: Record<Lack, (shortfall: Shortfall) => LackText> = {
  webgpu: ({ stops }) => ({
    title: 'No WebGPU',
    meaning: stops
      ? 'The GPU is asked for in the address, but this browser offers none to pages.'
      : 'This browser offers no GPU to pages, so the video is made on the CPU, which takes much longer.',
    remedy: stops
      ? 'Remove “device” from the address, or use a current Chrome or Edge with graphics acceleration turned on.'
      : 'For the GPU, use a current Chrome or Edge with graphics acceleration turned on in its settings.',
  }),
  hardware: () => ({
    title: 'Only a software GPU',
    meaning: 'The adapter is a program that imitates a GPU on the CPU. Using the CPU directly is faster.',
    remedy:
      'Where the machine has a GPU, turn on graphics acceleration in the browser’s settings, update the graphics driver, and start the browser again.',
  }),
  float16: ({ stops }) => ({
    title: 'No half precision',
    meaning: stops
      ? 'Half precision is asked for in the address, but this GPU has none (shader-f16).'
      : 'This GPU does not compute with 16 bits (shader-f16), so everything takes 32: twice the memory, and more time.',
    remedy: stops
      ? 'Remove “dtype” from the address.'
      : 'Nothing has to be done. A newer browser or graphics driver may bring it.',
  }),
  jspi: ({ needed }) => ({
    title: 'Weights cannot stream to the GPU',
    meaning: `Without JSPI the weights of a network pass through the page’s memory as a whole, here up to ${amount(needed)}.`,
    remedy: 'Chrome and Edge stream them from version 137 on. Elsewhere, close other tabs if memory runs out.',
  }),
  'buffer-size': ({ needed, available }) => ({
    title: 'A buffer is larger than this GPU allows',
    meaning: `This video needs ${amount(needed)} in one buffer; this GPU allows ${amount(available)} (maxBufferSize).`,
    remedy: 'Make a smaller or shorter video. If no size works, the model itself is too large for this GPU.',
  }),
  'binding-size': ({ needed, available }) => ({
    title: 'A shader cannot see all of a buffer',
    meaning: `This video needs ${amount(needed)} in one piece; shaders on this GPU see ${amount(available)} (maxStorageBufferBindingSize).`,
    remedy: 'Make a smaller or shorter video. If no size works, the model itself is too large for this GPU.',
  }),
  memory: ({ needed, available }) => ({
    title: 'It may not fit in memory',
    meaning: `Even one network at a time takes about ${amount(needed)}; this machine has ${amount(available)}, as far as the browser tells. A graphics card with memory of its own may hold it all the same.`,
    remedy: 'Make a smaller or shorter video, or close other programs first.',
  }),
  'wasm-heap': ({ needed, available }) => ({
    title: 'More than the CPU path can hold',
    meaning: `On the CPU this video takes about ${amount(needed)} at once; WebAssembly can hold ${amount(available)}.`,
    remedy: 'Make a smaller or shorter video, or use a browser with WebGPU on a machine with a GPU.',
  }),
};

/** Those that stop the video first. */
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
    return { sentence: `As many frames of ${size} pixels would work.`, label: `Use ${size}`, settings };
  },
  'low-memory': () => ({
    sentence:
      'With one network in memory at a time it would fit; each is loaded again for every video. Kinora chooses so by itself where the weights alone are large.',
    label: 'Open with one network at a time',
    address: { name: 'memory', value: 'low-memory' },
  }),
  cpu: () => ({
    sentence: 'The CPU can make this video, which takes much longer.',
    label: 'Open on the CPU',
    address: { name: 'device', value: 'wasm' },
  }),
};

export function remediesOf(alternatives: readonly Alternative[]): Remedy[] {
  return alternatives.map(({ change, numFrames, width, height }) => remedies[change]({ numFrames, width, height }));
}
