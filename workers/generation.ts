/** The worker in which videos are made: checkpoint → pipeline → frames → mp4. */
import '../src/shared/trusted-types';
import { transfer } from 'comlink';
import { isStoredWhole, openSource, openStoredCheckpoint } from '../src/checkpoint';
import { type CheckpointSource, TextToVideoPipeline } from '../src/engine';
import { encodeMp4 } from '../src/media';
import { writeVideoComment } from '../src/media/video-comment';
import type { GenerationWorker, JobProgress, LoadedModel, LoadRequest } from '../src/protocol';
import { throwIfCancelled } from '../src/shared/errors';
import { CheckpointStore } from '../src/storage';
import { serve } from '../src/wire';

type Source = LoadRequest['source'];

const store = new CheckpointStore();
let loaded: { key: string; pipeline: TextToVideoPipeline } | undefined;

type Remote = Extract<Source, { kind: 'remote' }>;

function isElsewhere(source: Source): source is Remote {
  return source.kind === 'remote' && URL.parse(source.url)?.origin !== location.origin;
}

function open(source: Source, signal: AbortSignal | undefined): Promise<CheckpointSource> {
  return isElsewhere(source) ? openStoredCheckpoint(source.url, store) : openSource(source, { store, signal });
}

async function loadPipeline(
  { source, device, dtype, memory }: LoadRequest,
  options: { onProgress: (progress: JobProgress) => void; signal: AbortSignal | undefined },
): Promise<TextToVideoPipeline> {
  const keyOf = (of: unknown) => JSON.stringify([of, device, dtype, memory]);
  // what is stored under an address stays the same; a picked folder may have changed, and its id tells
  if (source.kind !== 'picked' && loaded?.key === keyOf(source)) return loaded.pipeline;
  const checkpoint = await open(source, options.signal);
  const key = keyOf(source.kind === 'picked' ? checkpoint.id : source);
  if (loaded?.key === key) return loaded.pipeline;
  const former = loaded;
  loaded = undefined;
  await former?.pipeline.dispose();
  const pipeline = await TextToVideoPipeline.fromPretrained(checkpoint, { device, dtype, memory, ...options });
  loaded = { key, pipeline };
  return pipeline;
}

function facts({ info, backend, memory }: TextToVideoPipeline): LoadedModel {
  return { info, backend, memory };
}

const worker: GenerationWorker = {
  has: async (source) => !isElsewhere(source) || isStoredWhole(source.url, store),

  load: async (load, onProgress, signal) => facts(await loadPipeline(load, { onProgress, signal })),

  async generate(load, parameters, onProgress, onPreview, signal) {
    const pipeline = await loadPipeline(load, { onProgress, signal });
    throwIfCancelled(signal);
    const video = await pipeline.generate({
      ...parameters,
      onProgress,
      onStep: (preview) => onPreview(transfer(preview, [preview.pixels.buffer])),
      signal,
    });
    const start = performance.now();
    const { width, height, fps } = video.parameters;
    const mp4 = await encodeMp4({
      ...{ frames: video.frames, width, height, fps },
      comment: writeVideoComment({ model: video.checkpoint, parameters: video.parameters }),
      onProgress: (done, total) => onProgress({ stage: 'mp4', done, total }),
      signal,
    });
    throwIfCancelled(signal);
    const encodeMilliseconds = performance.now() - start;
    const buffers = [...video.frames.map((frame) => frame.buffer), video.latents.buffer];
    return transfer({ video, mp4, encodeMilliseconds, ...facts(pipeline) }, buffers);
  },

  countTokens: async (text) => loaded?.pipeline.countTokens(text),
};

serve(worker);
