/**
 * A minimal host: files in a subfolder, and only the headers it is given. It can go down, and its files can change.
 */
import { createServer, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import sirv from 'sirv';

const prefix = '/some/folder';

export interface PlainHost {
  /** Address of the page. */
  readonly home: string;
  /** Addresses for which it sends a page instead of the file, with status 200. */
  wrong: RegExp | undefined;
  /** Addresses for which it has sent that page. */
  readonly wronged: readonly string[];
  close(): void;
}

/**
 * @param headers sent with every response
 * @param caching assets may be cached for a year, whatever they contain: header rules go by the address
 * @param terse no Range, no Content-Length, no .html in addresses, and the page instead of 404, like Cloudflare Pages
 */
export async function startPlainHost(
  folder: string,
  {
    terse = false,
    caching = false,
    headers = {},
  }: { terse?: boolean; caching?: boolean; headers?: Readonly<Record<string, string>> } = {},
): Promise<PlainHost> {
  // dev: files are read anew for every request
  const files = sirv(folder, { dev: true, single: terse });
  const wronged: string[] = [];
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const notFound = () => {
      response.writeHead(404).end();
    };
    if (!request.url?.startsWith(`${prefix}/`)) return notFound();
    request.url = request.url.slice(prefix.length);
    if (caching && request.url.startsWith('/assets/'))
      withHeader(response, 'Cache-Control', 'max-age=31536000, immutable');
    if (host.wrong?.test(request.url)) {
      wronged.push(request.url);
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Sign in</title>');
      return;
    }
    if (terse) {
      if (request.url.endsWith('.html')) {
        response.writeHead(308, { Location: prefix + request.url.replace(/(index)?\.html$/, '') }).end();
        return;
      }
      delete request.headers.range;
      withHeader(response, 'Content-Length', undefined);
    }
    files(request, response, notFound);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const host: PlainHost = {
    wrong: undefined,
    wronged,
    home: `http://127.0.0.1:${address.port}${prefix}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return host;
}

/** Fixes a header, or removes it (undefined), whatever is set later. */
function withHeader(response: ServerResponse, name: string, value: string | undefined): void {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = (status: number, headers?: unknown) => {
    const { [name]: _, ...others } = (headers ?? {}) as OutgoingHttpHeaders;
    return writeHead(status, value === undefined ? others : { ...others, [name]: value });
  };
}
