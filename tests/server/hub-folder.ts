/** A checkpoint in a folder of a hub, which publishes the sha256 of its files. */
import { space } from './fresh-checkpoint';
import type { Fault } from './space';
import { pattern, weightFiles, withHeader } from './synthetic';

const MiB = 1024 * 1024;
export const folder = 'owner/name/resolve/main/';
export const infoPath = 'api/models/owner/name/revision/main';
export const unet = folder + weightFiles.unet;

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What the hub says about the weight files. */
export async function putInfo(hashes: Record<string, string>, bytes: Record<string, number>): Promise<void> {
  const siblings = Object.entries(hashes).map(([rfilename, hash]) => ({
    rfilename,
    size: bytes[rfilename],
    lfs: { sha256: hash, size: bytes[rfilename], pointerSize: 135 },
  }));
  const others = [{ rfilename: 'README.md', size: 12, blobId: 'ab' }];
  await space.put(
    infoPath,
    JSON.stringify({ id: 'owner/name', cardData: { license: 'cc-by-nc-4.0' }, siblings: [...others, ...siblings] }),
  );
}

/** Puts a UNet of three shards: 4, 64 and 4 MiB. Returns the whole file. */
export async function putLargeUnet(fault: Fault = {}): Promise<Uint8Array<ArrayBuffer>> {
  const sizes = [4 * MiB, 64 * MiB, 4 * MiB];
  let offset = 0;
  const header = sizes.map((bytes, index) => {
    const entry = { dtype: 'F16', shape: [bytes / 2], data_offsets: [offset, offset + bytes] };
    offset += bytes;
    return ['abc'[index], entry];
  });
  const begin = withHeader(JSON.stringify(Object.fromEntries(header)));
  // the server generates the data
  await space.put(unet, begin, { ...fault, fill: offset, seed: 5 });
  const file = new Uint8Array(begin.length + offset);
  file.set(begin);
  file.set(pattern(offset, 5), begin.length);
  return file;
}

export async function publishUnet(file: Uint8Array<ArrayBuffer>): Promise<void> {
  await putInfo({ [weightFiles.unet]: await sha256(file) }, { [weightFiles.unet]: file.length });
}
