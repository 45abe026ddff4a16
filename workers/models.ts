/** The worker that looks after the stored models: what models are, downloads, copies of folders, deletion. */
import '../src/trusted-types';
import { expose } from 'comlink';
import { type DownloadState, openCheckpoint, openLocalFolder } from '../src/checkpoint';
import { type CheckpointSource, checkCheckpoint, components, loadCheckpoint } from '../src/engine';
import { installErrorTransfer } from '../src/error-transfer';
import { KinoraError } from '../src/errors';
import type { DownloadProgress, ModelsWorker } from '../src/protocol';
import { CheckpointStore } from '../src/storage';

const store = new CheckpointStore();
let token: string | undefined;
let transfer: AbortController | undefined;

/** Brings everything of a checkpoint into storage; one at a time, because a line and a disk are not faster with two. */
async function bringIn(
  onProgress: (progress: DownloadProgress) => void,
  open: (signal: AbortSignal, onState: (state: DownloadState) => void) => Promise<CheckpointSource>,
): Promise<string> {
  if (transfer) throw new KinoraError('busy', 'Another model is on its way; wait for it or pause it.');
  const controller = new AbortController();
  transfer = controller;
  let progress: DownloadProgress | undefined;
  let state: DownloadState = { state: 'fetching' };
  const report = () => {
    if (progress) onProgress({ ...progress, ...state });
  };
  try {
    const checkpoint = await open(controller.signal, (next) => {
      state = next;
      report();
    });
    await loadCheckpoint(checkpoint, {
      signal: controller.signal,
      onProgress: ({ component, done, total }) => {
        if (!component) return;
        progress = { component, bytes: done, totalBytes: total, state: 'fetching' };
        report();
      },
    });
    return checkpoint.id;
  } finally {
    transfer = undefined;
  }
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

  pause: () => transfer?.abort(),

  async list() {
    const stored = await store.list();
    return stored.map(({ id, bytes, components: there }) => ({ id, bytes, whole: there.length === components.length }));
  },

  delete: (id) => store.delete(id),
};

installErrorTransfer();
expose(worker);
