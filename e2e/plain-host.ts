/** A host as plain as they come: files in a subfolder, no headers of its own. It can go down, and its files can change. */
import { createServer } from 'node:http';
import sirv from 'sirv';

const prefix = '/some/folder';

export interface PlainHost {
  /** Address of the page. */
  readonly home: string;
  close(): void;
}

export async function startPlainHost(folder: string): Promise<PlainHost> {
  // dev: files are read anew for every request
  const files = sirv(folder, { dev: true });
  const server = createServer((request, response) => {
    const notFound = () => {
      response.writeHead(404).end();
    };
    if (!request.url?.startsWith(`${prefix}/`)) return notFound();
    request.url = request.url.slice(prefix.length);
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
