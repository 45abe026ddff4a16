/** Where the checkpoint of a job is, for the browser. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { shippedModel } from '../src/catalogue/models';
import { folderAddress, origin, type Site } from './site';

export function isAddress(model: string): boolean {
  return /^https?:\/\//.test(model);
}

/**
 * The absolute URL of a model: the shipped one, an address, or a folder of this machine, which the site then serves.
 * @throws Error where there is no such model
 */
export function modelAddress(model: string | undefined, site: Site, dist: string): string {
  if (model !== undefined && isAddress(model)) return model;
  const shipped = new URL(shippedModel.url, origin);
  const folder = model === undefined ? path.join(dist, shipped.pathname) : path.resolve(model);
  if (!existsSync(path.join(folder, 'model_index.json'))) {
    throw new Error(
      model === undefined
        ? `The built page has no model at ${shipped.pathname}. Name one with --model.`
        : `${folder} is not a diffusers checkpoint: it has no model_index.json.`,
    );
  }
  if (model !== undefined) site.addFolder(folder);
  const address = model === undefined ? shipped : new URL(`${folderAddress(folder)}/`);
  address.searchParams.set('v', fingerprint(folder));
  return address.href;
}

/** What is stored under an address is never asked for again, so that another checkpoint in the same folder needs another one. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const { size, mtimeMs } = statSync(path.join(folder, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}
