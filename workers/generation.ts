/** The worker in which videos are made: checkpoint → pipeline → frames → mp4. */
import '../src/shared/trusted-types';
import { transfer } from 'comlink';
import { isStoredWhole, openSource, openStoredCheckpoint } from '../src/checkpoint';
import { type CheckpointSource, type FolderKind, TextToVideoPipeline } from '../src/engine';
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

function open(source: Source, kind: FolderKind, signal: AbortSignal | undefined): Promise<CheckpointSource> {
  return isElsewhere(source)
    ? openStoredCheckpoint(source.url, store, kind)
    : openSource(source, { store, kind, signal });
}

/** What is stored under an address stays the same; a picked folder may have changed, and the id of what was opened tells. */
function nameOf(source: Source | undefined, opened: CheckpointSource | undefined): unknown {
  return source?.kind === 'picked' ? opened?.id : source;
}

async function loadPipeline(
  { source, decoder: ofDecoder, device, dtype, memory }: LoadRequest,
  options: { onProgress: (progress: JobProgress) => void; signal: AbortSignal | undefined },
): Promise<TextToVideoPipeline> {
  const keyOf = (opened?: CheckpointSource, decoder?: CheckpointSource) =>
    JSON.stringify([nameOf(source, opened), nameOf(ofDecoder, decoder), device, dtype, memory]);
  const mayChange = [source, ofDecoder].some((of) => of?.kind === 'picked');
  if (!mayChange && loaded?.key === keyOf()) return loaded.pipeline;
  const checkpoint = await open(source, 'pipeline', options.signal);
  const decoder = ofDecoder && (await open(ofDecoder, 'decoder', options.signal));
  const key = keyOf(checkpoint, decoder);
  if (loaded?.key === key) return loaded.pipeline;
  const former = loaded;
  loaded = undefined;
  await former?.pipeline.dispose();
  const pipeline = await TextToVideoPipeline.fromPretrained(checkpoint, {
    ...{ decoder, device, dtype, memory },
    ...options,
  });
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
      onStep: onPreview && ((preview) => onPreview(transfer(preview, [preview.pixels.buffer]))),
      signal,
    });
    const start = performance.now();
    const { width, height, fps } = video.parameters;
    const mp4 = await encodeMp4({
      ...{ frames: video.frames, width, height, fps },
      comment: writeVideoComment({
        ...{ model: video.checkpoint, decoder: video.decoder, parameters: video.parameters },
      }),
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
