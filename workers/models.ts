/** The worker that looks after the stored models: what models are, downloads, copies of folders, deletion. */
import '../src/trusted-types';
import { expose } from 'comlink';
import { checkStored, type DownloadState, openCheckpoint, openLocalFolder } from '../src/checkpoint';
import { type CheckpointSource, checkCheckpoint, components, loadCheckpoint } from '../src/engine';
import { installErrorTransfer } from '../src/error-transfer';
import { KinoraError } from '../src/errors';
import type { DownloadProgress, ModelsWorker } from '../src/protocol';
import { CheckpointStore } from '../src/storage';

const store = new CheckpointStore();
let token: string | undefined;
let transfer: AbortController | undefined;

/** One at a time, because a line and a disk are not faster with two. */
async function oneAtATime<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  if (transfer) throw new KinoraError('busy', 'Another model is on its way; wait for it or pause it.');
  transfer = new AbortController();
  try {
    return await work(transfer.signal);
  } finally {
    transfer = undefined;
  }
}

/** Brings everything of a checkpoint into storage. */
function bringIn(
  onProgress: (progress: DownloadProgress) => void,
  open: (signal: AbortSignal, onState: (state: DownloadState) => void) => Promise<CheckpointSource>,
): Promise<string> {
  let progress: DownloadProgress | undefined;
  let state: DownloadState = { state: 'fetching' };
  const report = () => {
    if (progress) onProgress({ ...progress, ...state });
  };
  return oneAtATime(async (signal) => {
    const checkpoint = await open(signal, (next) => {
      state = next;
      report();
    });
    await loadCheckpoint(checkpoint, {
      signal,
      onProgress: ({ component, done, total }) => {
        if (!component) return;
        progress = { component, bytes: done, totalBytes: total, state: 'fetching' };
        report();
      },
    });
    return checkpoint.id;
  });
}

const worker: ModelsWorker = {
  setToken(given) {
    token = given;
  },

  async inspect(url) {
    const checkpoint = await openCheckpoint(url, { store, token });
    await checkCheckpoint(checkpoint);
    const files = await checkpoint.weightFiles();
    return {
      id: checkpoint.id,
      files: files.map(({ sha256, ...file }) => ({ ...file, checked: sha256 !== undefined })),
      stored: files.every(({ bytes, storedBytes }) => storedBytes === bytes),
      licence: await checkpoint.licence(),
    };
  },

  download: (url, onProgress) =>
    bringIn(onProgress, (signal, onState) => openCheckpoint(url, { store, token, signal, onState })),

  importFolder: (folder, onProgress) => bringIn(onProgress, () => openLocalFolder(folder, { copyTo: store })),

  check: (id, onProgress) =>
    oneAtATime((signal) =>
      checkStored(id, store, {
        signal,
        onProgress: (component, bytes, totalBytes) => onProgress({ component, bytes, totalBytes, state: 'fetching' }),
      }),
    ),

  pause: () => transfer?.abort(),

  async list() {
    const stored = await store.list();
    return stored.map(({ id, bytes, components: there }) => ({ id, bytes, whole: there.length === components.length }));
  },

  delete: (id) => store.delete(id),
};

installErrorTransfer();
expose(worker);
