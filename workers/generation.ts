/** The worker that makes videos: checkpoint → pipeline → frames → mp4. */
import '../src/shared/trusted-types';
import { transfer } from 'comlink';
import { isStoredWhole, openAdapter, openSource, openStoredCheckpoint } from '../src/checkpoint';
import { type AdapterSource, type CheckpointSource, type FolderKind, TextToVideoPipeline } from '../src/engine';
import { encodeMp4 } from '../src/media';
import { writeVideoComment } from '../src/media/video-comment';
import type { AdapterLoad, GenerationWorker, JobProgress, LoadedModel, LoadRequest } from '../src/protocol';
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

/** What is stored under an address stays the same; a picked folder may have changed, as the id of the opened one shows. */
function nameOf(source: Source | undefined, opened: { id: string } | undefined): unknown {
  return source?.kind === 'picked' ? opened?.id : source;
}

function openLora({ source, files }: AdapterLoad, signal: AbortSignal | undefined): Promise<AdapterSource> {
  if (source.kind === 'picked') return openAdapter(source.folder, { signal });
  return openAdapter(files ?? source.url, { id: source.url, signal });
}

async function loadPipeline(
  { adapters = [], ...load }: LoadRequest,
  options: { onProgress: (progress: JobProgress) => void; signal: AbortSignal | undefined },
): Promise<TextToVideoPipeline> {
  const pipeline = await loadAdapted(load, adapters, options);
  // other scales of the same adapters are no other pipeline
  pipeline.setAdapters(adapters.map(({ scale }) => scale));
  return pipeline;
}

async function loadAdapted(
  { source, decoder: ofDecoder, device, dtype, memory }: LoadRequest,
  ofAdapters: readonly AdapterLoad[],
  options: { onProgress: (progress: JobProgress) => void; signal: AbortSignal | undefined },
): Promise<TextToVideoPipeline> {
  const sources: readonly (Source | undefined)[] = [source, ofDecoder, ...ofAdapters.map((adapter) => adapter.source)];
  const keyOf = (...opened: readonly ({ id: string } | undefined)[]) =>
    JSON.stringify([sources.map((of, index) => nameOf(of, opened[index])), device, dtype, memory]);
  const mayChange = sources.some((of) => of?.kind === 'picked');
  if (!mayChange && loaded?.key === keyOf()) return loaded.pipeline;
  const checkpoint = await open(source, 'pipeline', options.signal);
  const decoder = ofDecoder && (await open(ofDecoder, 'decoder', options.signal));
  const adapters: AdapterSource[] = [];
  for (const adapter of ofAdapters) adapters.push(await openLora(adapter, options.signal));
  const key = keyOf(checkpoint, decoder, ...adapters);
  if (loaded?.key === key) return loaded.pipeline;
  const former = loaded;
  loaded = undefined;
  await former?.pipeline.dispose();
  const pipeline = await TextToVideoPipeline.fromPretrained(checkpoint, {
    ...{ decoder, device, dtype, memory },
    adapters: adapters.map((adapter) => ({ source: adapter })),
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
        ...{ model: video.checkpoint, decoder: video.decoder, adapters: video.adapters, parameters: video.parameters },
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
