import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressOf, isRemote, shippedAddress } from './models';
import { type Site, serveSite } from './site';

const folder = mkdtempSync(path.join(tmpdir(), 'kinora-models-'));
const [model, decoder] = [path.join(folder, 'owner/model'), path.join(folder, 'owner/taesd')];
const cwd = process.cwd();
let site: Site;
beforeAll(async () => {
  for (const name of [model, decoder]) mkdirSync(name, { recursive: true });
  writeFileSync(path.join(model, 'model_index.json'), '{}');
  writeFileSync(path.join(decoder, 'config.json'), '{}');
  site = await serveSite(folder);
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(cwd);
  site.close();
  rmSync(folder, { recursive: true });
});

test.each([
  ['https://models.example/a', 'https://models.example/a/'],
  ['madebyollin/taesd', 'https://huggingface.co/madebyollin/taesd/resolve/main/'],
  ['https://huggingface.co/madebyollin/taesd/tree/v2', 'https://huggingface.co/madebyollin/taesd/resolve/v2/'],
])('%s is downloaded', (where, address) => {
  expect(isRemote(where)).toBe(true);
  expect(addressOf(where, 'decoder', site)).toBe(address);
});

test('a folder is served, also where it could be a name of the hub, and is another address once it has changed', () => {
  expect(isRemote('owner/taesd')).toBe(false);
  const address = addressOf('owner/taesd', 'decoder', site);
  expect(address).toMatch(/^http:\/\/kinora\.localhost\/folder.*\/owner\/taesd\/\?v=\w{12}$/);
  expect(addressOf(decoder, 'decoder', site)).toBe(address);
  writeFileSync(path.join(decoder, 'config.json'), '{ }');
  expect(addressOf(decoder, 'decoder', site)).not.toBe(address);
});

test.each([
  ['owner/model', 'decoder', /owner\/model is not a decoder: it has no config\.json/],
  ['owner/taesd', 'pipeline', /owner\/taesd is not a diffusers model: it has no model_index\.json/],
  ['nowhere', 'decoder', /nowhere is not a decoder/],
] as const)('%s is refused as a %s', (where, kind, message) => {
  expect(() => addressOf(where, kind, site)).toThrow(message);
});

test('a page that was built without its model says so', () => {
  expect(() => shippedAddress(folder)).toThrow(/has no model at .*--model/);
});
