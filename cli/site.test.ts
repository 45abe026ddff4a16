import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderAddress, type Site, serveSite } from './site';

const base = mkdtempSync(path.join(tmpdir(), 'kinora-site-'));
const dist = path.join(base, 'dist');
const model = path.join(base, 'a model');
let site: Site;

beforeAll(async () => {
  mkdirSync(path.join(dist, 'folder'), { recursive: true });
  mkdirSync(path.join(model, 'unet'), { recursive: true });
  writeFileSync(path.join(dist, 'headless.html'), '<p>');
  writeFileSync(path.join(base, 'secret.txt'), 'secret');
  writeFileSync(path.join(model, 'unet', 'weights.safetensors'), '0123456789');
  writeFileSync(path.join(model, 'empty'), '');
  site = await serveSite(dist);
  site.addFolder(model);
});
afterAll(() => {
  site.close();
  rmSync(base, { recursive: true });
});

/** Without fetch, which would normalize the path. */
function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const target = url.startsWith('/') ? url : url.replace('http://kinora.localhost', '');
  return new Promise<{ status?: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: site.port, path: target, headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on('error', reject).end();
  });
}

const weights = `${folderAddress(model)}/unet/weights.safetensors`;

test('serves the page so that threads may run', async () => {
  expect(await get('/headless.html?x=1')).toMatchObject({
    status: 200,
    body: '<p>',
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining('http://127.0.0.1:*'),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    },
  });
});

test('serves a folder by its own path', async () => {
  expect(await get(weights)).toMatchObject({ status: 200, body: '0123456789' });
  expect(await get(`${folderAddress(model)}/empty`)).toMatchObject({ status: 200, body: '' });
});

test.for([
  ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
  ['bytes=7-', 206, '789', 'bytes 7-9/10'],
  ['bytes=-2', 206, '89', 'bytes 8-9/10'],
  ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
  ['bytes=10-12', 416, '', 'bytes */10'],
] as const)('range %s', async ([range, status, body, contentRange]) => {
  expect(await get(weights, { Range: range })).toMatchObject({
    status,
    body,
    headers: { 'content-range': contentRange },
  });
});

test('HEAD has no body', async () => {
  const { body, headers } = await get(weights, {}, 'HEAD');
  expect([body, headers['content-length']]).toEqual(['', '10']);
});

test.for([
  '/nothing.html',
  '/',
  '/folder/',
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  `${folderAddress(model)}/..%2fsecret.txt`,
  folderAddress(path.join(base, 'secret.txt')),
  '/%',
  '/%00',
  '//',
])('%s is not found', async (url) => {
  expect((await get(url)).status).toBe(404);
});
