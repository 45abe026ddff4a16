/**
 * An HTTP server on 127.0.0.1 that behaves like the Hugging Face hub: `/api/models/…` gives sizes and hashes, `/…/resolve/…`
 * redirects to another origin, which supports Range. And it can fail like a connection.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HubFile, HubFiles } from './hub-files';

export interface Hub {
  /** Address of the diffusers folder. */
  readonly url: string;
  /** Bytes of all weight files together. */
  readonly weightBytes: number;
  /** Bytes of weights that were sent so far. */
  readonly sentBytes: number;
  /**
   * Which of its two hosts received which Authorization, each once: `127.0.0.1 Bearer secret`, `localhost nothing`. May be
   * cleared.
   */
  readonly authorizations: Set<string>;
  /** Resolves when `bytes` bytes of weights have been sent in total, and sends no more until `goOn`. */
  holdAt(bytes: number): Promise<void>;
  goOn(): void;
  /** Breaks all connections, and answers nothing until `reconnect`. */
  disconnect(): void;
  reconnect(): void;
  stop(): void;
}

const repository = 'kinora-test/text-to-video';
const revision = 'main';
const isWeights = (name: string) => /\.(safetensors|bin)$/.test(name);

/**
 * @param fixedPort if the address must stay the same; a free port if left out
 * @throws Error when the port is taken
 */
export async function startHub(files: HubFiles, fixedPort = 0): Promise<Hub> {
  const weights = [...files].filter(([name]) => isWeights(name));
  const hashes = new Map<string, string>();
  const authorizations = new Set<string>();
  let sent = 0;
  let connected = true;
  let hold: { at: number; reached: () => void; over: Promise<void>; end: () => void } | undefined;

  async function* counted(file: HubFile, begin: number, end: number) {
    for (const piece of file.bytes(begin, end)) {
      // small enough for a hold to come in time
      for (let at = 0; at < piece.length; at += 65_536) {
        if (hold && sent >= hold.at) {
          hold.reached();
          await hold.over;
        }
        const part = piece.subarray(at, at + 65_536);
        sent += part.length;
        yield part;
      }
    }
  }

  const info = () => ({
    id: repository,
    sha: revision,
    cardData: { license: 'cc-by-nc-4.0' },
    siblings: [...files].map(([rfilename, file]) => {
      const lfs = isWeights(rfilename)
        ? { sha256: sha256(rfilename, file), size: file.size, pointerSize: 135 }
        : undefined;
      return { rfilename, size: file.size, ...(lfs && { lfs }) };
    }),
  });
  const sha256 = (name: string, file: HubFile) => {
    const known = hashes.get(name);
    if (known !== undefined) return known;
    const hash = createHash('sha256');
    for (const piece of file.bytes(0, file.size)) hash.update(piece);
    const hex = hash.digest('hex');
    hashes.set(name, hex);
    return hex;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (!connected) return void request.socket.destroy();
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'Range, Authorization');
    response.setHeader(
      'Access-Control-Expose-Headers',
      'Content-Length, Content-Range, ETag, X-Linked-Size, X-Linked-Etag',
    );
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const { host = '', authorization = 'nothing' } = request.headers;
    authorizations.add(`${host.replace(/:.*/, '')} ${authorization}`);
    const { pathname } = new URL(request.url ?? '/', 'http://hub');
    if (pathname === `/api/models/${repository}/revision/${revision}`) {
      return void response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(info()));
    }
    const [, place, name = ''] = /^\/(.+?\/resolve\/main|cdn)\/(.*)$/.exec(pathname) ?? [];
    const file = files.get(name);
    if (!file || (place !== 'cdn' && place !== `${repository}/resolve/${revision}`)) {
      return void response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Entry not found');
    }
    if (place !== 'cdn' && isWeights(name)) {
      response.setHeader('X-Linked-Size', file.size);
      response.setHeader('X-Linked-Etag', `"${sha256(name, file)}"`);
      return void response.writeHead(302, { Location: `http://localhost:${port()}/cdn/${name}` }).end();
    }
    await sendFile(file, request, response, isWeights(name) ? counted : (whole, begin, end) => whole.bytes(begin, end));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const port = () => (server.address() as AddressInfo).port;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(fixedPort, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${port()}/${repository}/resolve/${revision}/`,
    weightBytes: weights.reduce((bytes, [, { size }]) => bytes + size, 0),
    authorizations,
    get sentBytes() {
      return sent;
    },
    holdAt(at) {
      let end = () => {};
      const over = new Promise<void>((resolve) => {
        end = resolve;
      });
      return new Promise<void>((reached) => {
        hold = { at, reached, over, end };
      });
    },
    goOn() {
      hold?.end();
      hold = undefined;
    },
    disconnect() {
      connected = false;
      server.closeAllConnections();
    },
    reconnect() {
      connected = true;
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function sendFile(
  file: HubFile,
  request: IncomingMessage,
  response: ServerResponse,
  bytes: (file: HubFile, begin: number, end: number) => Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<void> {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const begin = Number(first ?? 0);
  const end = last ? Math.min(Number(last) + 1, file.size) : file.size;
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('ETag', `"${file.size}"`);
  if (begin >= end) {
    response.writeHead(416, { 'Content-Range': `bytes */${file.size}` }).end();
    return;
  }
  if (first !== undefined) response.setHeader('Content-Range', `bytes ${begin}-${end - 1}/${file.size}`);
  response.writeHead(first === undefined ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': end - begin,
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(bytes(file, begin, end)), response);
}
