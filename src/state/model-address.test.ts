import { expect, test } from 'vitest';
import { foreignHost, modelAddress } from './model-address';

test.each([
  ['owner/name', 'https://huggingface.co/owner/name/resolve/main/'],
  [' ali-vilab/text-to-video-ms-1.7b ', 'https://huggingface.co/ali-vilab/text-to-video-ms-1.7b/resolve/main/'],
  ['https://huggingface.co/owner/name', 'https://huggingface.co/owner/name/resolve/main/'],
  ['https://hf.co/owner/name/tree/fp16', 'https://huggingface.co/owner/name/resolve/fp16/'],
  ['https://huggingface.co/owner/name/blob/v2/unet/config.json', 'https://huggingface.co/owner/name/resolve/v2/'],
  ['https://example.org/models/mine?v=2#top', 'https://example.org/models/mine/?v=2'],
  ['http://localhost:8000', 'http://localhost:8000/'],
])('%s means %s', (text, address) => expect(modelAddress(text)).toBe(address));

test('a revision may be named beside it', () => {
  expect(modelAddress('owner/name', 'v3')).toBe('https://huggingface.co/owner/name/resolve/v3/');
});

test.each([
  '',
  'name',
  'a/b/c',
  'ftp://example.org/x',
  'https://user:secret@example.org/x',
  'owner/.',
  '../name',
  'C:\\models',
])('%s means nothing', (text) => expect(modelAddress(text)).toBeUndefined());

test.each([
  ['https://huggingface.co/owner/name/resolve/main/', undefined],
  ['https://kinora.example/models/other/', undefined],
  ['models/moving-shapes?v=5', undefined],
  ['folder:mine/1-2', undefined],
  ['picked:1', undefined],
  ['http://huggingface.co/owner/name/resolve/main/', 'http://huggingface.co'],
  ['https://huggingface.co:8443/owner/name/resolve/main/', 'huggingface.co:8443'],
  ['https://huggingface.co.example.org/owner/name/resolve/main/', 'huggingface.co.example.org'],
  ['https://huggingface.co@example.org/owner/name/resolve/main/', 'example.org'],
  ['https://huggingface.cо/owner/name/resolve/main/', 'huggingface.xn--c-1tb'],
  ['http://127.0.0.1:8000/owner/name/resolve/main/', 'http://127.0.0.1:8000'],
])('%s is shown to lie on %s', (address, host) => {
  expect(foreignHost(address, 'https://kinora.example')).toBe(host);
});
