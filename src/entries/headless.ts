/** The page without a user interface, for `npm run generate`: a driver calls the functions on `window.kinora`. */
import '../shared/trusted-types';
import { GenerationClient, ModelsClient } from '../client';
import type {
  Backend,
  DownloadProgress,
  GeneratedVideo,
  GenerationParameters,
  JobProgress,
  LoadRequest,
  ModelFacts,
} from '../protocol';
import { KinoraError, toKinoraError } from '../shared/errors';

export type HeadlessRequest = LoadRequest & GenerationParameters;

/** Facts about a finished video; its frames and latents are fetched with the functions below. */
export interface HeadlessVideo extends Omit<GeneratedVideo, 'frames' | 'latents'> {
  backend: Backend;
  fps: number;
  codec: string;
  mimeType: string;
  /** Milliseconds spent opening, fetching and checking the checkpoint; and encoding the mp4. */
  openMilliseconds: number;
  encodeMilliseconds: number;
}

/** Errors as data, because an error thrown across the browser's protocol loses its code. */
export type HeadlessOutcome<Result extends object> =
  | ({ ok: true } & Result)
  | { ok: false; error: { code: string; message: string } };

export interface Headless {
  generate(request: HeadlessRequest): Promise<HeadlessOutcome<{ video: HeadlessVideo }>>;
  /** Downloads the model at `url` into storage. */
  download(url: string): Promise<HeadlessOutcome<{ id: string }>>;
  inspect(url: string): Promise<HeadlessOutcome<{ facts: ModelFacts }>>;
  /** The last video's file, in base64, like the next two. */
  mp4(): Promise<string>;
  /** A frame of the last video as PNG, counted from 0. */
  png(frame: number): Promise<string>;
  /** The last video's latents, float32, little-endian. */
  latents(): Promise<string>;
}

declare global {
  interface Window {
    kinora: Headless;
    /** Set by the driver, like the next one. */
    onKinoraProgress?: (progress: JobProgress) => void;
    onKinoraDownload?: (progress: DownloadProgress) => void;
  }
}

const models = new ModelsClient();
const client = new GenerationClient({ models });
let last: { video: GeneratedVideo; mp4: Blob } | undefined;

async function generate({
  source,
  decoder,
  adapters,
  device,
  dtype,
  memory,
  ...parameters
}: HeadlessRequest): Promise<HeadlessVideo> {
  last = undefined;
  const onProgress = (progress: JobProgress) => window.onKinoraProgress?.(progress);
  const load = { source, decoder, adapters, device, dtype, memory };
  const start = performance.now();
  await client.load(load, { onProgress });
  const openMilliseconds = performance.now() - start;
  const { video, mp4, encodeMilliseconds } = await client.generate(load, parameters, { onProgress });
  last = { video, mp4: mp4.blob };
  const { frames: _frames, latents: _latents, ...facts } = video;
  const { codec, mimeType, fps } = mp4;
  return { ...facts, codec, mimeType, fps, openMilliseconds, encodeMilliseconds };
}

function lastVideo(): NonNullable<typeof last> {
  if (!last) throw new KinoraError('invalid-argument', 'There is no video yet; generate one first.');
  return last;
}

async function base64(blob: Blob): Promise<string> {
  const reader = new FileReader();
  const read = new Promise<string>((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
  });
  reader.readAsDataURL(blob);
  const url = await read;
  return url.slice(url.indexOf(',') + 1);
}

async function outcome<Result extends object>(work: () => Promise<Result>): Promise<HeadlessOutcome<Result>> {
  try {
    return { ok: true, ...(await work()) };
  } catch (error) {
    const { code, message } = toKinoraError(error);
    return { ok: false, error: { code, message } };
  }
}

window.kinora = {
  generate: (request) => outcome(async () => ({ video: await generate(request) })),

  download: (url) =>
    outcome(async () => ({
      id: await models.download(url, { onProgress: (progress) => window.onKinoraDownload?.(progress) }),
    })),

  inspect: (url) => outcome(async () => ({ facts: await models.inspect(url) })),

  mp4: () => base64(lastVideo().mp4),

  async png(frame) {
    const { parameters, frames } = lastVideo().video;
    const pixels = frames[frame];
    if (!pixels) throw new KinoraError('invalid-argument', `The video has no frame ${frame}.`);
    const canvas = new OffscreenCanvas(parameters.width, parameters.height);
    // alpha is 255 everywhere, so the canvas keeps every value
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, parameters.width, parameters.height), 0, 0);
    return base64(await canvas.convertToBlob({ type: 'image/png' }));
  },

  latents: () => base64(new Blob([lastVideo().video.latents])),
};
