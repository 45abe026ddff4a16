import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { adapterAddress } from './adapters';
import { folderAddress } from './site';

const folder = mkdtempSync(path.join(tmpdir(), 'kinora-adapters-'));
afterAll(() => rmSync(folder, { recursive: true }));

const served: string[] = [];
const site = { port: 0, addFolder: (added: string) => served.push(added), close: () => undefined };

test.each([
  ['https://models.example/lora/?key=1', 'https://models.example/lora/?key=1'],
  ['owner/name', 'https://huggingface.co/owner/name/resolve/main/'],
  ['owner/name/a-folder', 'https://huggingface.co/owner/name/resolve/main/a-folder/'],
  ['owner/name/unet_lora.pt', 'https://huggingface.co/owner/name/resolve/main/unet_lora.pt'],
  ['https://huggingface.co/owner/name/tree/main/sub', 'https://huggingface.co/owner/name/resolve/main/sub'],
  [
    'https://huggingface.co/owner/name/blob/v2/a.safetensors',
    'https://huggingface.co/owner/name/resolve/v2/a.safetensors',
  ],
])('%s is at %s', (where, address) => expect(adapterAddress(where, site)).toBe(address));

test('what lies here is served', () => {
  mkdirSync(path.join(folder, 'lora'));
  writeFileSync(path.join(folder, 'my lora.pt'), '');
  expect(adapterAddress(path.join(folder, 'lora'), site)).toBe(`${folderAddress(path.join(folder, 'lora'))}/`);
  expect(adapterAddress(path.join(folder, 'my lora.pt'), site)).toBe(`${folderAddress(folder)}/my%20lora.pt`);
  expect(served).toEqual([path.join(folder, 'lora'), folder]);
});

test.each(['nowhere', './owner/name', '../x', 'a b/c'])('%s is nowhere', (where) => {
  expect(() => adapterAddress(where, site)).toThrow('There is no LoRA adapter');
});
