import { problemOf } from '../engine/parameters/values';
import { type Candidate, candidates, isSupported, type Mp4Codec } from '../platform/codecs';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { colorSpace, rgbaToI420 } from './i420';
import { Mp4File } from './mp4-file';

/** What to encode, and how. */
export interface EncodeOptions {
  /** RGBA, [height, width, 4] each; alpha is ignored. */
  frames: readonly Uint8ClampedArray[];
  /** Even numbers of pixels, at least 2. */
  width: number;
  height: number;
  /** Frames per second, 0.001 to 240; exact to three decimals. */
  fps: number;
  /** Stored in the file as its comment. */
  comment?: string;
  /** Called with the number of encoded frames, and the total. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** A finished mp4 file. */
export interface EncodedVideo {
  blob: Blob;
  /** "video/mp4; codecs=…" */
  mimeType: string;
  /** WebCodecs codec string, for example "avc1.42001f". */
  codec: string;
  width: number;
  height: number;
  fps: number;
  frames: number;
}

/** Frames that may wait in the encoder: enough to keep it busy, few enough to cancel soon. */
const queueLimit = 4;

/**
 * Encodes exactly these frames as an mp4: H.264 if the browser can encode it, otherwise VP9, otherwise AV1. Runs in pages and
 * workers.
 * @throws KinoraError `invalid-argument`, `encoder`, `cancelled`
 */
export async function encodeMp4(options: EncodeOptions): Promise<EncodedVideo> {
  checkOptions(options);
  const { width, height, fps, signal } = options;
  if (typeof VideoEncoder === 'undefined') {
    throw new KinoraError(
      'encoder',
      'This browser has no WebCodecs VideoEncoder. Use a current Chrome, Edge, Firefox or Safari, and open the page over https or on localhost.',
    );
  }
  const failures: string[] = [];
  for (const candidate of candidates(width, height, fps)) {
    throwIfCancelled(signal);
    if (!(await isSupported(candidate.config))) continue;
    try {
      return await encodeWith(candidate, options);
    } catch (error) {
      throwIfCancelled(signal);
      // an encoder reported as supported can still fail, especially in hardware; the next one may not
      failures.push(`${candidate.config.codec}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new KinoraError(
    'encoder',
    failures.length > 0
      ? `Every video encoder of this browser failed (${failures.join('; ')}). Try another size, or another browser.`
      : `This browser cannot encode ${width}×${height} at ${fps} frames per second as H.264, VP9 or AV1. Try a smaller size, or another browser.`,
  );
}

function checkOptions({ frames, width, height, fps }: EncodeOptions): void {
  const refuse = (message: string) => new KinoraError('invalid-argument', message);
  for (const [name, value] of Object.entries({ width, height })) {
    if (!(Number.isInteger(value) && value >= 2 && value % 2 === 0)) {
      throw refuse(`${name} is ${value}; a video's width and height must be even numbers of pixels.`);
    }
  }
  const problem = problemOf('fps', fps);
  if (problem) throw refuse(`fps is ${fps}; it ${problem}.`);
  if (frames.length === 0) throw refuse('A video needs at least one frame.');
  const size = width * height * 4;
  const odd = frames.findIndex((frame) => frame.length !== size);
  if (odd >= 0) {
    throw refuse(`Frame ${odd} has ${frames[odd]?.length} bytes; ${width}×${height} RGBA pixels have ${size}.`);
  }
}

async function encodeWith(
  { codec, config }: Candidate,
  { frames, width, height, fps, comment, onProgress, signal }: EncodeOptions,
): Promise<EncodedVideo> {
  const file = new Mp4File({ codec, width, height, fps });
  let done = 0;
  let usedCodec = config.codec;
  let failure: unknown;
  let fail: (reason: unknown) => void = () => {};
  /** Rejects on the first failure, which may occur while nothing else is awaited. */
  const failed = new Promise<never>((_, reject) => {
    fail = (reason) => {
      failure ??= reason;
      reject(failure);
    };
  });
  failed.catch(() => {});
  const encoder = new VideoEncoder({
    output(chunk, metadata) {
      try {
        if (done === 0 && chunk.type !== 'key') throw new Error('the first frame is no keyframe');
        const decoderConfig = metadata?.decoderConfig;
        if (decoderConfig) usedCodec = decoderConfig.codec;
        // set here instead of relying on the browser: some omit parts of it
        file.add(chunk, decoderConfig && { ...metadata, decoderConfig: { ...decoderConfig, colorSpace } });
        done += 1;
        onProgress?.(done, frames.length);
      } catch (error) {
        fail(error);
      }
    },
    error: fail,
  });
  try {
    encoder.configure(config);
    for (const [i, pixels] of frames.entries()) {
      while (encoder.encodeQueueSize >= queueLimit) await Promise.race([dequeued(encoder), failed]);
      throwIfCancelled(signal);
      const start = Math.round((i * 1e6) / fps);
      const frame = new VideoFrame(rgbaToI420(pixels, width, height), {
        format: 'I420',
        codedWidth: width,
        codedHeight: height,
        timestamp: start,
        duration: Math.round(((i + 1) * 1e6) / fps) - start,
        colorSpace: frameColorSpace(codec),
      });
      encoder.encode(frame, { keyFrame: i === 0 });
      frame.close();
    }
    await Promise.race([encoder.flush(), failed]);
    throwIfCancelled(signal);
  } catch (error) {
    // the encoder's own message says more than "closed codec", which a call after its failure throws
    throw failure ?? error;
  } finally {
    if (encoder.state !== 'closed') encoder.close();
  }
  if (done !== frames.length) throw new Error(`${done} frames came out for ${frames.length} that went in`);
  return {
    blob: file.finish(comment),
    mimeType: `video/mp4; codecs="${usedCodec}"`,
    codec: usedCodec,
    width,
    height,
    fps,
    frames: frames.length,
  };
}

/**
 * A VP9 stream has a single field for colour, which Chromium sets from the primaries, although decoders read a matrix from it. So
 * Chromium is given BT.601's primaries; the file's colr box states the real ones.
 */
function frameColorSpace(codec: Mp4Codec): VideoColorSpaceInit {
  return codec === 'vp9' ? { ...colorSpace, primaries: 'smpte170m' } : colorSpace;
}

function dequeued(encoder: VideoEncoder): Promise<void> {
  return new Promise((resolve) => encoder.addEventListener('dequeue', () => resolve(), { once: true }));
}
