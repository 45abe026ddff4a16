/** The worker that manages stored models: inspection, downloads, copies of folders, deletion. */
import '../src/shared/trusted-types';
import {
  checkStored,
  type DownloadState,
  fetchAdapter,
  hasAllWeights,
  isStoredWhole,
  openCheckpoint,
  openLocalFolder,
  openSource,
} from '../src/checkpoint';
import { assessCheckpoint, type CheckpointSource, checkCheckpoint, loadCheckpoint, loadDecoder } from '../src/engine';
import type { DownloadProgress, FolderKind, ModelsWorker } from '../src/protocol';
import { KinoraError } from '../src/shared/errors';
import { CheckpointStore } from '../src/storage';
import { serve } from '../src/wire';

const store = new CheckpointStore();
let busy = false;

/** One at a time, because a connection and a disk are not faster with two. */
async function oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
  if (busy)
    throw new KinoraError('busy', 'Another model is being downloaded, copied or checked; wait for it or pause it.');
  busy = true;
  try {
    return await work();
  } finally {
    busy = false;
  }
}

const loaders = { pipeline: loadCheckpoint, decoder: loadDecoder } satisfies Record<FolderKind, unknown>;

/** Stores everything of a folder. */
function bringIn(
  kind: FolderKind,
  onProgress: (progress: DownloadProgress) => void,
  signal: AbortSignal | undefined,
  open: (onState: (state: DownloadState) => void) => Promise<CheckpointSource>,
): Promise<string> {
  let progress: DownloadProgress | undefined;
  let state: DownloadState = { state: 'fetching' };
  const report = () => {
    if (progress) onProgress({ ...progress, ...state });
  };
  const load = async () => {
    const checkpoint = await open((next) => {
      state = next;
      report();
    });
    await loaders[kind](checkpoint, {
      signal,
      onProgress: ({ network, done, total }) => {
        if (!network) return;
        progress = { network, bytes: done, totalBytes: total, state: 'fetching' };
        report();
      },
    });
    return checkpoint.id;
  };
  return oneAtATime(async () => {
    // twice, in case site data is cleared in the meantime
    for (let tries = 0; tries < 2; tries++) {
      const id = await load();
      if (await isStoredWhole(id, store)) return id;
    }
    throw new KinoraError('storage', 'The browser lost parts of the model right after storing them. Try again.');
  });
}

const worker: ModelsWorker = {
  async inspect(url, token, signal) {
    const checkpoint = await openCheckpoint(url, { store, token, signal });
    await checkCheckpoint(checkpoint, { signal });
    const files = await checkpoint.weightFiles(signal);
    return {
      id: checkpoint.id,
      files: files.map(({ sha256, ...file }) => ({ ...file, checked: sha256 !== undefined })),
      stored: files.every(({ bytes, storedBytes }) => storedBytes === bytes),
      licence: checkpoint.licence,
    };
  },

  assess: async ({ source, ...request }, token) =>
    assessCheckpoint(await openSource(source, { store, token }), request),

  download: (url, kind, token, onProgress, signal) =>
    bringIn(kind, onProgress, signal, (onState) => openCheckpoint(url, { store, kind, token, signal, onState })),

  fetchAdapter: (url, token, onProgress, signal) => {
    const network = { component: 'adapter', label: 'adapter', index: 0, count: 1 };
    return fetchAdapter(url, {
      ...{ token, signal },
      onProgress: (bytes, totalBytes) => onProgress({ network, bytes, totalBytes, state: 'fetching' }),
    });
  },

  importFolder: (folder, onProgress, signal) =>
    bringIn('pipeline', onProgress, signal, () => openLocalFolder(folder, { copyTo: store })),

  check: (id, onProgress, signal) =>
    oneAtATime(() =>
      checkStored(id, store, {
        signal,
        onProgress: (network, bytes, totalBytes) => onProgress({ network, bytes, totalBytes, state: 'fetching' }),
      }),
    ),

  async list() {
    const stored = await store.list();
    return Promise.all(stored.map(async ({ id, bytes }) => ({ id, bytes, whole: await hasAllWeights(id, store) })));
  },

  delete: (id) => store.delete(id),
};

serve(worker);
