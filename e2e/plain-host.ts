/** A host as plain as they come: files in a subfolder, no headers of its own. It can go down, and its files can change. */
import { createServer, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import sirv from 'sirv';

const prefix = '/some/folder';

export interface PlainHost {
  /** Address of the page. */
  readonly home: string;
  close(): void;
}

/** @param terse no Range, no Content-Length, no .html in addresses, and the page instead of 404: so does Cloudflare Pages */
export async function startPlainHost(folder: string, { terse = false } = {}): Promise<PlainHost> {
  // dev: files are read anew for every request
  const files = sirv(folder, { dev: true, single: terse });
  const server = createServer((request, response) => {
    const notFound = () => {
      response.writeHead(404).end();
    };
    if (!request.url?.startsWith(`${prefix}/`)) return notFound();
    request.url = request.url.slice(prefix.length);
    if (terse) {
      if (request.url.endsWith('.html')) {
        response.writeHead(308, { Location: prefix + request.url.replace(/(index)?\.html$/, '') }).end();
        return;
      }
      delete request.headers.range;
      withoutLength(response);
    }
    files(request, response, notFound);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    home: `http://127.0.0.1:${address.port}${prefix}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function withoutLength(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = (status: number, headers?: unknown) => {
    const { 'Content-Length': _, ...others } = headers as OutgoingHttpHeaders;
    return writeHead(status, others);
  };
}
