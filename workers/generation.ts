/** The worker in which videos are made: checkpoint → pipeline → frames → mp4. */
import '../src/trusted-types';
import { expose, transfer } from 'comlink';
import { openSource } from '../src/checkpoint';
import { assessCheckpoint, TextToVideoPipeline } from '../src/engine';
import { installErrorTransfer } from '../src/error-transfer';
import { KinoraError, throwIfCancelled } from '../src/errors';
import { encodeMp4 } from '../src/media';
import type { GenerationWorker, LoadRequest } from '../src/protocol';
import { CheckpointStore } from '../src/storage';
import { writeVideoComment } from '../src/video-comment';

const store = new CheckpointStore();
let loaded: { key: string; pipeline: TextToVideoPipeline } | undefined;
let job: AbortController | undefined;

/** One job at a time: onnxruntime hangs on concurrent runs. */
async function runJob<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  if (job) throw new KinoraError('busy', 'A job is running; wait for it or cancel it.');
  const controller = new AbortController();
  job = controller;
  try {
    const result = await work(controller.signal);
    throwIfCancelled(controller.signal);
    return result;
  } catch (error) {
    // whatever broke off because of the cancel
    throwIfCancelled(controller.signal);
    throw error;
  } finally {
    job = undefined;
  }
}

function pipeline(): TextToVideoPipeline {
  if (!loaded) throw new KinoraError('invalid-argument', 'No model is loaded; load one first.');
  return loaded.pipeline;
}

async function loadPipeline(
  { source, device, dtype, memory }: LoadRequest,
  options: { onProgress: Parameters<GenerationWorker['load']>[1]; signal: AbortSignal },
): Promise<TextToVideoPipeline> {
  const key = JSON.stringify([source, device, dtype, memory]);
  // a picked folder may have changed: its id tells
  if (typeof source === 'string' && loaded?.key === key) return loaded.pipeline;
  const former = loaded;
  loaded = undefined;
  await former?.pipeline.dispose();
  const checkpoint = await openSource(source, { store, signal: options.signal });
  const opened = await TextToVideoPipeline.fromPretrained(checkpoint, { device, dtype, memory, ...options });
  loaded = { key, pipeline: opened };
  return opened;
}

const worker: GenerationWorker = {
  assess: async ({ source, ...request }) => assessCheckpoint(await openSource(source, { store }), request),

  load: (request, onProgress) =>
    runJob(async (signal) => {
      const { info, backend, memory } = await loadPipeline(request, { onProgress, signal });
      return { info, backend, memory };
    }),

  generate: ({ fps, ...parameters }, onProgress, onPreview) =>
    runJob(async (signal) => {
      const video = await pipeline().generate({
        ...parameters,
        onProgress,
        onStep: (preview) => onPreview(transfer(preview, [preview.pixels.buffer])),
        signal,
      });
      const start = performance.now();
      const mp4 = await encodeMp4({
        frames: video.frames,
        width: parameters.width,
        height: parameters.height,
        fps,
        comment: writeVideoComment({ fps, ...parameters }, video.checkpoint),
        onProgress: (done, total) => onProgress({ stage: 'mp4', done, total }),
        signal,
      });
      const encodeMilliseconds = performance.now() - start;
      const buffers = [...video.frames.map((frame) => frame.buffer), video.latents.buffer];
      return transfer({ video, mp4, encodeMilliseconds }, buffers);
    }),

  countTokens: async (text) => pipeline().countTokens(text),

  cancel: () => job?.abort(),
};

installErrorTransfer();
expose(worker);
