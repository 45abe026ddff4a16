import { expect, test } from 'vitest';
import { modelAddress } from './model-address';

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
