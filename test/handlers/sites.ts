/** The internet of the handler tests: one server on loopback that answers for every host what a test has put there. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Site {
  /** For the world's `internet`. */
  url: string;
  /** Content by address, `https://host/path`; what is not there answers 404. */
  files: { [address: string]: Buffer | string };
  /** Answers of other kinds, by address: redirects, ETags, what breaks off. They come before files. */
  answers: { [address: string]: (request: IncomingMessage, response: ServerResponse) => void };
  /** Answers every request with this status while it is set. */
  status: number | undefined;
  /** What was sent here, oldest first. */
  posts: { address: string; body: string }[];
  /** How often anything was asked for. */
  visits: number;
  close(): Promise<void>;
}

/** Starts it; hand it to a world as `internet: { '*': site.url }`. */
export async function createSite(): Promise<Site> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const address = `https:/${request.url ?? ''}`;
      site.visits += 1;
      if (request.method === 'POST') site.posts.push({ address, body: Buffer.concat(chunks).toString('utf8') });
      const answer = site.answers[address];
      if (answer && site.status === undefined) return answer(request, response);
      const file = request.method === 'POST' ? 'ok' : site.files[address];
      return void response.writeHead(site.status ?? (file === undefined ? 404 : 200)).end(site.status === undefined ? file : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const site: Site = {
    url: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`,
    files: {},
    answers: {},
    status: undefined,
    posts: [],
    visits: 0,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return site;
}
