import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Fault, RecordedRequest, SpaceSettings } from './space';
import { pattern } from './synthetic';

interface StoredFile {
  body: Buffer;
  fault: Fault;
  /** Number of faulty responses so far. */
  faults: number;
}

interface Space {
  files: Map<string, StoredFile>;
  settings: SpaceSettings;
  requests: RecordedRequest[];
}

/**
 * A static file server on 127.0.0.1 that misbehaves on request. Tests put their files into a space of their own:
 *   PUT  /space/path      stores a file; header X-Fault says what to do wrong, as JSON
 *   POST /space/          settings, as JSON
 *   GET  /space/?requests the GET requests so far, as JSON
 *   GET  /space/path      the file, with CORS and Range
 * @returns its address and how to stop it
 */
export async function startFileServer(): Promise<{ url: string; stop: () => void }> {
  const spaces = new Map<string, Space>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://server');
    const [, name = '', path = ''] = /^\/([^/]*)\/(.*)$/.exec(url.pathname) ?? [];
    const space: Space = spaces.get(name) ?? { files: new Map(), settings: {}, requests: [] };
    spaces.set(name, space);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (!space.settings.hideHeaders)
      response.setHeader('Access-Control-Expose-Headers', 'ETag, Content-Range, Retry-After');
    if (request.method === 'OPTIONS') {
      response.setHeader('Access-Control-Allow-Methods', 'GET, PUT, POST');
      response.setHeader('Access-Control-Allow-Headers', 'X-Fault, Range, Authorization');
      response.end();
    } else if (request.method === 'PUT') {
      const fault: Fault = JSON.parse(String(request.headers['x-fault'] ?? '{}'));
      const filling = pattern(fault.fill ?? 0, fault.seed ?? 0);
      space.files.set(path, { body: Buffer.concat([await readAll(request), filling]), fault, faults: 0 });
      response.end();
    } else if (request.method === 'POST') {
      space.settings = JSON.parse((await readAll(request)).toString());
      response.end();
    } else if (url.search === '?requests') {
      response.end(JSON.stringify(space.requests));
    } else {
      const { range = null, authorization = null, host = '' } = request.headers;
      space.requests.push({ path: path + url.search, range, host: host.replace(/:.*/, ''), authorization });
      const file = space.files.get(path);
      if (file) sendFile(file, request, response);
      else if (space.settings.singlePageApp) sendPage(response, 200);
      else sendPage(response, 404);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function sendPage(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end('<!doctype html><title>An app</title>');
}

function sendFile(file: StoredFile, request: IncomingMessage, response: ServerResponse): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const { at = 0, times = Number.POSITIVE_INFINITY, ...otherwise } = file.fault;
  const spared = (file.fault.at !== undefined && (Number(first) > at || Number(last) < at)) || file.faults >= times;
  const fault: Fault = spared ? {} : otherwise;
  if (!spared) file.faults++;
  let { body } = file;
  if (fault.flip !== undefined) {
    body = Buffer.from(body);
    body.writeUInt8(body.readUInt8(fault.flip) ^ 1, fault.flip);
  }
  // the response has no socket as long as the last one of the connection is being sent
  if (fault.dropConnection) return void request.socket.destroy();
  if (fault.silent) return;
  if (fault.noCors) response.removeHeader('Access-Control-Allow-Origin');
  if (fault.status !== undefined) {
    if (fault.retryAfter !== undefined) response.setHeader('Retry-After', fault.retryAfter);
    response.writeHead(fault.status);
    return void response.end();
  }
  if (fault.redirect && request.headers.host?.startsWith('127.0.0.1')) {
    const elsewhere = request.headers.host.replace('127.0.0.1', 'localhost');
    response.writeHead(302, { Location: `http://${elsewhere}${request.url}` });
    return void response.end();
  }
  if (fault.redirectLoop) {
    response.writeHead(302, { Location: request.url });
    return void response.end();
  }
  response.setHeader('Content-Type', fault.contentType ?? 'application/octet-stream');
  if (fault.newEtag) response.setHeader('ETag', `"${file.faults}"`);
  else if (fault.etag !== null) response.setHeader('ETag', fault.etag ?? '"1"');
  let part = body;
  if (first !== undefined && last !== undefined && !fault.ignoreRange) {
    const begin = fault.wholeRange ? 0 : Number(first) + (fault.shiftRange ?? 0);
    const end = fault.wholeRange ? body.length : Math.min(Number(last) + 1 + (fault.shiftRange ?? 0), body.length);
    if (begin >= body.length) {
      response.writeHead(416, { 'Content-Range': `bytes */${body.length}` });
      return void response.end();
    }
    part = body.subarray(begin, end);
    response.statusCode = 206;
    const { contentRange = `bytes ${begin}-${end - 1}/${body.length}` } = fault;
    if (contentRange !== null) response.setHeader('Content-Range', contentRange);
  }
  if (fault.gzip || fault.bomb !== undefined) {
    part = gzipSync(Buffer.concat([part, Buffer.alloc((fault.bomb ?? 0) * 2 ** 20, ' ')]));
    response.setHeader('Content-Encoding', 'gzip');
  }
  if (fault.endless) return void sendForEver(response, part);
  if (fault.drip !== undefined) return void sendSlowly(response, part, fault.drip);
  if (fault.chunked) {
    part = part.subarray(0, fault.cutAfter);
    response.flushHeaders();
  } else {
    response.setHeader('Content-Length', part.length);
  }
  if (fault.hangAfter !== undefined) return void response.write(part.subarray(0, fault.hangAfter));
  if (fault.cutAfter !== undefined && !fault.chunked) {
    return void response.write(part.subarray(0, fault.cutAfter), () => response.socket?.end());
  }
  response.end(part);
}

function sendForEver(response: ServerResponse, part: Buffer): void {
  // in large chunks, because small ones would be slow
  const chunk = Buffer.alloc(Math.max(part.length, 2 ** 20), part);
  const send = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', send);
  send();
}

function sendSlowly(response: ServerResponse, part: Buffer, bytes: number): void {
  response.setHeader('Content-Length', part.length);
  response.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    response.write(part.subarray(sent, sent + bytes));
    sent += bytes;
    if (sent < part.length) return;
    clearInterval(timer);
    response.end();
  }, 300);
  response.on('close', () => clearInterval(timer));
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
