/** The built page and folders of models, served to the browser that the command line drives. */
import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { localHeaders } from '../scripts/build/headers';

/**
 * The page's address, which stays the same from run to run although the port changes: what a browser stores belongs to
 * the address. The browser is told where it really is; names under localhost count as secure.
 */
export const origin = 'http://kinora.localhost';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Address of a local folder on the site. It contains the folder's path, so that messages with addresses say which file is meant.
 */
export function folderAddress(folder: string): string {
  return `${origin}/folder${pathToFileURL(folder).pathname}`;
}

export interface Site {
  port: number;
  /** Also serves this folder, at `folderAddress(folder)`. */
  addFolder(folder: string): void;
  close(): void;
}

/** Serves the built page on a free port of 127.0.0.1. */
export async function serveSite(dist: string): Promise<Site> {
  const roots = new Map([['/', dist]]);
  const server = createServer((request, response) => {
    answer(request, response, roots).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    addFolder: (folder) => roots.set(new URL(`${folderAddress(folder)}/`).pathname, folder),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, roots: Map<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(localHeaders(request.url ?? '/'))) response.setHeader(name, value);
  const file = request.method === 'GET' || request.method === 'HEAD' ? locate(request.url ?? '/', roots) : undefined;
  const facts = file ? await stat(file).catch(() => undefined) : undefined;
  if (!file || !facts?.isFile()) {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found.');
    return;
  }
  const range = parseRange(request.headers.range, facts.size);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${facts.size}` }).end();
    return;
  }
  const [start, end] = range ?? [0, facts.size];
  if (range) response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${facts.size}`);
  response.writeHead(range ? 206 : 200, headers(file, facts, end - start));
  if (request.method === 'HEAD' || start === end) {
    response.end();
    return;
  }
  const stream = createReadStream(file, { start, end: end - 1 });
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

function headers(file: string, { size, mtimeMs }: Stats, length: number): Record<string, string | number> {
  return {
    'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
    'Content-Length': length,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'no-cache',
    ETag: `"${size}-${Math.round(mtimeMs)}"`,
  };
}

/** The file for a path of the site; undefined if the path leaves its folder. */
function locate(url: string, roots: Map<string, string>): string | undefined {
  const address = URL.parse(url, origin);
  // the longest matching prefix
  const [prefix, root] = [...roots].filter(([start]) => address?.pathname.startsWith(start)).at(-1) ?? [];
  if (!address || prefix === undefined || root === undefined) return undefined;
  const relative = decode(address.pathname.slice(prefix.length));
  if (relative === undefined) return undefined;
  const file = path.resolve(root, relative);
  return file.startsWith(root + path.sep) && !relative.includes('\0') ? file : undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** `[start, end)`; undefined if the whole file or several ranges are requested. */
function parseRange(header: string | undefined, size: number): [number, number] | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start < end ? [start, end] : 'unsatisfiable';
}
