import { afterEach, describe, expect, test, vi } from 'vitest';
import { commands } from 'vitest/browser';
import type { VideoFacts } from '../../tests/server/ffmpeg';
import { KinoraError } from '../shared/errors';
import { type EncodedVideo, encodeMp4 } from './index';
import { readComment } from './mp4-comment';

declare module 'vitest/browser' {
  interface BrowserCommands {
    inspectVideo(base64: string): Promise<{ facts: VideoFacts; rgb: string }>;
  }
}

type Rgb = readonly [number, number, number];

const colours: Rgb[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
  [0, 0, 0],
  [128, 128, 128],
  [16, 16, 16],
  [48, 48, 48],
  [255, 255, 0],
  [0, 255, 255],
  [255, 0, 255],
  [200, 120, 40],
];

function paint(width: number, height: number, colour: (x: number, y: number) => Rgb): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set([...colour(x, y), 255], (y * width + x) * 4);
  }
  return pixels;
}

async function inspect(video: EncodedVideo): Promise<{ facts: VideoFacts; rgb: Uint8Array }> {
  const bytes = new Uint8Array(await video.blob.arrayBuffer());
  const { facts, rgb } = await commands.inspectVideo(btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join('')));
  return { facts, rgb: Uint8Array.from(atob(rgb), (c) => c.charCodeAt(0)) };
}

/** Shows the file in a <video> and reads its pixels at these seconds. */
async function play(video: EncodedVideo, times: number[]): Promise<{ duration: number; shots: Uint8ClampedArray[] }> {
  const element = document.createElement('video');
  element.muted = true;
  document.body.append(element);
  const loaded = new Promise((resolve, reject) => {
    element.onloadeddata = resolve;
    element.onerror = () => reject(new Error(element.error?.message));
  });
  element.src = URL.createObjectURL(video.blob);
  await loaded;
  const context = new OffscreenCanvas(video.width, video.height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no 2D canvas');
  const shots: Uint8ClampedArray[] = [];
  for (const time of times) {
    const seeked = new Promise((resolve) => element.addEventListener('seeked', resolve, { once: true }));
    element.currentTime = time;
    await seeked;
    // the new picture may be drawable only after the next one or two refreshes of the page
    for (let refresh = 0; refresh < 3; refresh++) await new Promise(requestAnimationFrame);
    context.drawImage(element, 0, 0);
    shots.push(context.getImageData(0, 0, video.width, video.height).data);
  }
  element.remove();
  URL.revokeObjectURL(element.src);
  expect([element.videoWidth, element.videoHeight]).toEqual([video.width, video.height]);
  return { duration: element.duration, shots };
}

/** The largest deviation of any channel, in the middle of the first frame, from the colour. */
function distance(pixels: ArrayLike<number>, channels: 3 | 4, width: number, height: number, colour: Rgb): number {
  let worst = 0;
  for (let y = height / 4; y < (3 * height) / 4; y++) {
    for (let x = width / 4; x < (3 * width) / 4; x++) {
      colour.forEach((value, c) => {
        worst = Math.max(worst, Math.abs((pixels[(y * width + x) * channels + c] ?? Number.NaN) - value));
      });
    }
  }
  return worst;
}

/** Simulates a browser that can encode only these. */
function onlyCodecs(...prefixes: string[]): void {
  const ask = VideoEncoder.isConfigSupported.bind(VideoEncoder);
  vi.spyOn(VideoEncoder, 'isConfigSupported').mockImplementation(async (config) =>
    prefixes.some((prefix) => config.codec.startsWith(prefix)) ? ask(config) : { config, supported: false },
  );
}

/** A disc that moves over a gradient, with some grain. */
function scene(width: number, height: number, count: number): Uint8ClampedArray<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, i) =>
    paint(width, height, (x, y) => {
      const grain = ((x * 7919 + y * 104729 + i * 1299709) % 13) - 6;
      const inDisc = Math.hypot(x - (width * (i + 1)) / (count + 1), y - height / 2) < height / 5;
      const base: Rgb = inDisc ? [220, 40, 40] : [(x * 200) / width, (y * 200) / height, 120];
      return [base[0] + grain, base[1] + grain, base[2] + grain];
    }),
  );
}

afterEach(() => void vi.restoreAllMocks());

describe('colours come back within 8 of 255, in ffmpeg and in the browser', () => {
  const [width, height] = [128, 96];
  const fps = 8;

  test.for([
    ['h264', ['avc1']],
    ['vp9', ['vp09']],
    ['av1', ['av01']],
  ] as const)('%s', async ([name, prefixes]) => {
    onlyCodecs(...prefixes);
    const frames = colours.map((colour) => paint(width, height, () => colour));
    const video = await encodeMp4({ frames, width, height, fps });
    const { facts, rgb } = await inspect(video);
    expect(facts).toMatchObject({
      codec_name: name,
      pix_fmt: 'yuv420p',
      color_range: 'tv',
      color_space: 'smpte170m',
      color_primaries: 'bt709',
      color_transfer: 'iec61966-2-1',
    });
    const { shots } = await play(
      video,
      colours.map((_, i) => (i + 0.5) / fps),
    );
    for (const [i, colour] of colours.entries()) {
      const inFfmpeg = distance(rgb.subarray(i * width * height * 3), 3, width, height, colour);
      const inBrowser = distance(shots[i] ?? [], 4, width, height, colour);
      expect({ colour, inFfmpeg, within: inFfmpeg <= 8 }).toMatchObject({ within: true });
      expect({ colour, inBrowser, within: inBrowser <= 8 }).toMatchObject({ within: true });
    }
  });
});

test('every frame, in order, at its time, starting with a keyframe', async () => {
  const [width, height, fps] = [256, 128, 8];
  // frame i is grey 10 · i
  const frames = Array.from({ length: 24 }, (_, i) => paint(width, height, () => [10 * i, 10 * i, 10 * i]));
  const progress: number[][] = [];
  const video = await encodeMp4({ frames, width, height, fps, onProgress: (...values) => void progress.push(values) });
  expect(video).toMatchObject({ width, height, fps, frames: 24 });
  expect(video.codec).toMatch(/^avc1\.64/);
  expect(video.mimeType).toBe(`video/mp4; codecs="${video.codec}"`);
  expect(document.createElement('video').canPlayType(video.mimeType)).toBe('probably');
  expect(progress).toEqual(frames.map((_, i) => [i + 1, 24]));

  const { facts, rgb } = await inspect(video);
  expect(facts).toMatchObject({ profile: 'High', width, height, nb_read_frames: 24, duration: 3 });
  expect([facts.avg_frame_rate, facts.r_frame_rate]).toEqual(['8/1', '8/1']);
  expect(facts.frames.map(({ pts }) => pts)).toEqual(frames.map((_, i) => i));
  expect(facts.frames[0]?.key_frame).toBe(1);
  frames.forEach((_, i) => {
    expect(Math.abs((rgb[i * width * height * 3] ?? 0) - 10 * i)).toBeLessThanOrEqual(3);
  });
  expect((await play(video, [0])).duration).toBe(3);
});

test.for([1, 6, 7.5, 23.976, 24, 30, 60])('%d frames per second are exact', async (fps) => {
  const video = await encodeMp4({ frames: scene(64, 64, 5), width: 64, height: 64, fps });
  const { facts } = await inspect(video);
  const [ticks = 0, per = 0] = facts.avg_frame_rate.split('/').map(Number);
  expect(ticks / per).toBeCloseTo(fps, 9);
  expect(facts.duration).toBeCloseTo(5 / fps, 5);
});

test.for([
  [64, 64],
  [128, 128],
  [256, 256],
  [576, 320],
] as const)('%d×%d keeps the picture', async ([width, height]) => {
  const frames = scene(width, height, 8);
  const video = await encodeMp4({ frames, width, height, fps: 8 });
  const { rgb } = await inspect(video);
  const luma = (p: ArrayLike<number>, at: number) =>
    0.299 * (p[at] ?? 0) + 0.587 * (p[at + 1] ?? 0) + 0.114 * (p[at + 2] ?? 0);
  const psnr = frames.map((frame, i) => {
    let sum = 0;
    for (let pixel = 0; pixel < width * height; pixel++) {
      sum += (luma(frame, pixel * 4) - luma(rgb, (i * width * height + pixel) * 3)) ** 2;
    }
    return 10 * Math.log10((255 ** 2 * width * height) / sum);
  });
  expect(Math.min(...psnr)).toBeGreaterThan(36);
});

test('the index comes before the data', async () => {
  const video = await encodeMp4({ frames: scene(64, 64, 3), width: 64, height: 64, fps: 8 });
  const view = new DataView(await video.blob.arrayBuffer());
  const boxes: string[] = [];
  for (let at = 0; at < view.byteLength; at += view.getUint32(at)) {
    boxes.push(String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i))));
  }
  expect(boxes).toEqual(['ftyp', 'moov', 'mdat']);
});

test('a single frame is a video', async () => {
  const { facts } = await inspect(await encodeMp4({ frames: scene(64, 64, 1), width: 64, height: 64, fps: 8 }));
  expect(facts).toMatchObject({ nb_read_frames: 1, duration: 0.125 });
});

test('what is too small for H.264 becomes VP9', async () => {
  const { facts } = await inspect(await encodeMp4({ frames: scene(8, 8, 4), width: 8, height: 8, fps: 8 }));
  expect(facts).toMatchObject({ codec_name: 'vp9', width: 8, height: 8, nb_read_frames: 4 });
});

test('works in a worker', async () => {
  const worker = new Worker(new URL('./encode-mp4.test-worker.ts', import.meta.url), { type: 'module' });
  const frames = scene(64, 64, 4);
  const answer = new Promise<EncodedVideo>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.postMessage({ frames, width: 64, height: 64, fps: 8 });
  expect((await inspect(await answer)).facts.nb_read_frames).toBe(4);
  worker.terminate();
});

describe('refuses', () => {
  const good = { frames: scene(64, 64, 2), width: 64, height: 64, fps: 8 };

  test.for([
    ['an odd width', { width: 63 }, /width is 63.*even/],
    ['an odd height', { height: 65 }, /height is 65.*even/],
    ['no frames', { frames: [] }, /at least one frame/],
    ['no speed', { fps: 0 }, /fps is 0/],
    ['NaN', { fps: Number.NaN }, /fps is NaN/],
    ['a frame of another size', { frames: [...good.frames, new Uint8ClampedArray(12)] }, /Frame 2 has 12 bytes.*16384/],
  ] as const)('%s', async ([, change, message]) => {
    const error = await encodeMp4({ ...good, ...change }).catch((reason) => reason);
    expect(error).toBeInstanceOf(KinoraError);
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringMatching(message) });
  });

  test('a browser without any of the codecs', async () => {
    onlyCodecs();
    await expect(encodeMp4(good)).rejects.toMatchObject({
      code: 'encoder',
      message: expect.stringMatching(/cannot encode 64×64.*smaller size, or another browser/),
    });
  });

  test('to go on once cancelled', async () => {
    const abort = new AbortController();
    const frames = scene(64, 64, 40);
    let done = 0;
    const encoding = encodeMp4({
      ...good,
      frames,
      signal: abort.signal,
      onProgress: (count) => {
        done = count;
        abort.abort();
      },
    });
    await expect(encoding).rejects.toMatchObject({ code: 'cancelled' });
    expect(done).toBeLessThan(40);
  });
});

describe('a comment', () => {
  const frames = [0, 64, 128, 192, 255].map((level) => paint(64, 48, () => [level, level, level]));
  const comment = JSON.stringify({ prompt: 'a “red” circle, 圆 🔴', seed: 2 ** 53 - 1 });

  test('is in the file for others and for us, and the frames are where they were', async () => {
    const video = await encodeMp4({ frames, width: 64, height: 48, fps: 8, comment });
    expect(await readComment(video.blob)).toBe(comment);
    const { facts, rgb } = await inspect(video);
    expect(facts.comment).toBe(comment);
    expect(facts.nb_read_frames).toBe(5);
    const plain = await inspect(await encodeMp4({ frames, width: 64, height: 48, fps: 8 }));
    expect(rgb).toEqual(plain.rgb);
    expect(plain.facts.comment).toBeUndefined();
  });

  test('is none where none was given', async () => {
    const { blob } = await encodeMp4({ frames, width: 64, height: 48, fps: 8 });
    expect(await readComment(blob)).toBeUndefined();
  });

  test('cannot be read of what is no mp4', async () => {
    const { blob } = await encodeMp4({ frames, width: 64, height: 48, fps: 8, comment });
    const others = [new Blob([]), new Blob(['<!doctype html>']), new Blob([new Uint8Array(100)]), blob.slice(0, 300)];
    for (const other of others) {
      await expect(readComment(other)).rejects.toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    }
  });
});
