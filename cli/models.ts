/** Where the folders of a job are, for the browser. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { shippedModel } from '../src/catalogue/models';
import { type FolderKind, folderKinds } from '../src/engine/folders';
import { modelAddress } from '../src/state/model-address';
import { folderAddress, origin, type Site } from './site';

/** Where something is that has to be downloaded: an address, or `owner/name` of the hub where no folder here is called so. */
function remoteAddress(where: string): string | undefined {
  if (/^https?:\/\//.test(where)) return modelAddress(where) ?? where;
  return existsSync(path.resolve(where)) ? undefined : modelAddress(where);
}

export function isRemote(where: string | undefined): boolean {
  return where !== undefined && remoteAddress(where) !== undefined;
}

/**
 * The absolute URL of a folder of this kind, on a server or on this machine, which the site then serves.
 * @param where an address, `owner/name` of the hub, or the folder
 * @throws Error where there is no such folder
 */
export function addressOf(where: string, kind: FolderKind, site: Site): string {
  const remote = remoteAddress(where);
  if (remote !== undefined) return remote;
  const folder = path.resolve(where);
  const { label, index } = folderKinds[kind];
  if (!existsSync(path.join(folder, index))) throw new Error(`${folder} is not a ${label}: it has no ${index}.`);
  site.addFolder(folder);
  return withFingerprint(new URL(`${folderAddress(folder)}/`), folder);
}

/** The model that ships with the page. */
export function shippedAddress(dist: string): string {
  const address = new URL(shippedModel.url, origin);
  const folder = path.join(dist, address.pathname);
  if (!existsSync(path.join(folder, folderKinds.pipeline.index))) {
    throw new Error(`The built page has no model at ${address.pathname}. Name one with --model.`);
  }
  return withFingerprint(address, folder);
}

/** What is stored under an address is never asked for again, so that another checkpoint in the same folder needs another one. */
function withFingerprint(address: URL, folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const { size, mtimeMs } = statSync(path.join(folder, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  address.searchParams.set('v', hash.digest('hex').slice(0, 12));
  return address.href;
}
