import type { LoadOptions } from '../engine';
import { KinoraError, throwIfCancelled } from '../shared/errors';
import type { CheckpointStore, Manifest } from '../storage';
import type { DescribedFile } from './describe-weights';
import { FileDigest } from './file-digest';
import { needsConversion, planHalfPrecision, type ShardSource, toHalfPrecision } from './half-precision';
import type { OriginFile } from './origin';
import { planShards } from './shards';

/** A weight file, and what will be stored of it. */
export interface Download {
  readonly file: OriginFile;
  readonly manifest: Manifest;
  /**
   * Where the bytes of the manifest's shards are in the file, if they are converted on the way; otherwise the manifest's own
   * ranges are the file's.
   */
  readonly sources: readonly ShardSource[] | undefined;
  /** Nothing distinguishes the file from another one with the same header: see `FileDescription`. */
  readonly unverified: boolean;
}

/** @param checkpoint id of the checkpoint that the file is stored with */
export function planDownload(described: DescribedFile, checkpoint: string): Download {
  const { file, path, name, parts, tensors, validator, published } = described;
  const sha256 = published?.sha256;
  // converting makes a copy; a file that does not last has to be copied even if nothing needs converting
  const copy = needsConversion(tensors) || !file.lasting ? planHalfPrecision(tensors, name) : undefined;
  const { shards, tensors: located } = copy ?? planShards(tensors, name);
  const manifest: Manifest = {
    checkpoint,
    component: name,
    ...(parts > 1 && { parts }),
    file: { path, bytes: file.size ?? tensors.at(-1)?.end ?? 0, sha256 },
    version: `${path} ${file.size ?? ''} ${validator}`,
    shards,
    tensors: located,
  };
  return { file, manifest, sources: copy?.sources, unverified: described.unverified && sha256 === undefined };
}

export interface DownloadOptions extends LoadOptions {
  /** Awaited once every shard is stored, before they count as complete. What it throws ends the download. */
  confirm?: () => Promise<void>;
}

/** One shard, and the bytes `[begin, end)` of the file to fetch for it. */
interface Part {
  readonly shard: Manifest['shards'][number];
  readonly source: ShardSource | undefined;
  readonly begin: number;
  readonly end: number;
}

/** Bytes of the weight file that are already stored, and all bytes that a download fetches. */
export async function downloadedBytes(
  download: Download,
  store: CheckpointStore,
): Promise<{ bytes: number; totalBytes: number }> {
  const parts = partsOf(download);
  const { missing } = await rest(parts, download.manifest, store);
  return { bytes: bytesOf(parts) - bytesOf(missing), totalBytes: bytesOf(parts) };
}

/**
 * Fetches the missing shards of a weight file one by one, then stores the manifest. When anything fails, the shards stored so far
 * stay, and the next call continues from there.
 *
 * If the file's sha256 is known, every byte is fetched, including header and gaps, and the shards are hashed and stored in order,
 * each with the digest's state after it, so that an interruption costs no second reading.
 * @throws KinoraError of the first failure, after the other transfers have ended. `corrupt` if the file does not match its
 *   sha256; all of it is then deleted
 */
export async function download(
  toStore: Download,
  store: CheckpointStore,
  { onProgress, signal, confirm }: DownloadOptions,
): Promise<void> {
  const { file, manifest } = toStore;
  const parts = partsOf(toStore);
  const { missing, digest } = await rest(parts, manifest, store);
  const total = bytesOf(parts);
  let bytes = total - bytesOf(missing);
  onProgress?.(bytes, total);
  const onBytes = (more: number) => {
    bytes += more;
    onProgress?.(bytes, total);
  };

  const failed = new AbortController();
  const transferSignal = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  let failure: unknown;
  /** Settles when the preceding shard is stored, if their order matters. */
  let before: Promise<void> = Promise.resolve();

  const fetchAndStore = async ({ shard, source, begin, end }: Part, turn: Promise<void>) => {
    const fetched = await file.read(begin, end, { signal: transferSignal, onBytes });
    throwIfCancelled(transferSignal);
    if (digest) await turn;
    throwIfCancelled(transferSignal);
    await digest?.update(fetched);
    const range = source ?? shard;
    const blob =
      fetched.size === range.end - range.begin ? fetched : fetched.slice(range.begin - begin, range.end - begin);
    const converted = source && (await toHalfPrecision(source, blob, manifest.file.path));
    await store.putShard(manifest, shard, converted ?? blob, digest?.state());
  };

  const queue = missing.values();
  const transfer = async () => {
    try {
      for (const part of queue) {
        const stored = fetchAndStore(part, before);
        before = stored;
        await stored;
      }
    } catch (error) {
      failure ??= error;
      failed.abort();
    }
  };
  await Promise.all(Array.from({ length: file.readsAtOnce }, transfer));
  throwIfCancelled(signal);
  if (failure) throw failure;
  await checkDigest(digest, file, manifest, store);
  await confirm?.();
  await store.commit(manifest);
}

/**
 * If the file will be hashed: all of it, in as many parts as there are shards; otherwise only the ranges that the shards need.
 */
function partsOf({ file, manifest, sources }: Download): Part[] {
  const parts = manifest.shards.map((shard, index) => {
    const source = sources?.[index];
    const { begin, end } = source ?? shard;
    return { shard, source, begin, end };
  });
  if (manifest.file.sha256 === undefined) return parts;
  return parts.map((part, index) => ({
    ...part,
    begin: parts[index - 1]?.end ?? 0,
    end: index === parts.length - 1 ? (file.size ?? part.end) : part.end,
  }));
}

function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { begin, end }) => sum + end - begin, 0);
}

/**
 * What is not stored yet. A hashed file continues after the first run of shards without a gap, as its hash must; `digest` covers
 * everything before the missing parts.
 */
async function rest(
  parts: readonly Part[],
  manifest: Manifest,
  store: CheckpointStore,
): Promise<{ missing: readonly Part[]; digest: FileDigest | undefined }> {
  const stored = new Set((await store.storedShards(manifest)).map(({ begin }) => begin));
  const isMissing = ({ shard }: Part) => !stored.has(shard.begin);
  if (manifest.file.sha256 === undefined) return { missing: parts.filter(isMissing), digest: undefined };
  const first = parts.findIndex(isMissing);
  const count = first < 0 ? parts.length : first;
  const last = parts[count - 1];
  const state = last && (await store.digestState(manifest, last.shard));
  // without a state, they were stored while the sha256 was unknown
  return { missing: state ? parts.slice(count) : parts, digest: await FileDigest.create(state) };
}

async function checkDigest(
  digest: FileDigest | undefined,
  file: OriginFile,
  manifest: Manifest,
  store: CheckpointStore,
): Promise<void> {
  const expected = manifest.file.sha256;
  if (!digest) return;
  const actual = digest.hex();
  if (actual === expected) return;
  await store.removeShards(manifest);
  throw new KinoraError(
    'corrupt',
    `${file.url} is not the file that its authors published: its sha256 is ${actual} instead of ${expected}. It was ` +
      'damaged on the server or in transit. All of it was deleted; download it again.',
  );
}
