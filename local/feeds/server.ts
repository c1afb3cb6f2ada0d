/**
 * The vendors' sites on loopback, out of a folder (`folder.ts` says what it may look like). A request for `https://host/path` arrives as
 * `/host/path`: the feeds' fetcher maps hosts to base URLs, everything else about the fetch is what happens in the cloud.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { openFeedFolder } from './folder.ts';
import type { FeedFolder, IgnoredFile } from './folder.ts';

export interface FeedServer {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** What the fetcher needs in order to come here for every host. */
  baseUrls: Record<string, string>;
  /** What was asked so far, in order. */
  requests(): FeedRequest[];
  /** Files of the folder that no feed would see, with why. */
  ignored(): IgnoredFile[];
  close(): Promise<void>;
}

export interface FeedRequest {
  method: string;
  /** `/cdn.amazonlinux.com/al2023/…` */
  path: string;
  status: number;
}

const TYPES: Record<string, string> = {
  '.gz': 'application/gzip',
  '.json': 'application/json',
  '.list': 'text/plain',
  '.xml': 'text/xml',
};

/** Serves `directory` on 127.0.0.1. Without `port` the system picks a free one. Rejects where the folder or the port is not to be had. */
export async function createFeedServer(directory: string, options: { port?: number } = {}): Promise<FeedServer> {
  const folder = openFeedFolder(directory);
  const requests: FeedRequest[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const status = answer(request, response, folder, path);
    requests.push({ method: request.method ?? '', path, status });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the feed server listens on no port');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    baseUrls: { '*': url },
    requests: () => requests.slice(),
    ignored: () => folder.ignored(),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

/** Answers, and tells with which status. */
function answer(request: IncomingMessage, response: ServerResponse, folder: FeedFolder, path: string): number {
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, { allow: 'GET, HEAD' });
  const bytes = find(folder, path);
  if (bytes === undefined) return end(response, 404, {});
  if (bytes instanceof Error) return end(response, 500, { 'content-type': 'text/plain' }, Buffer.from(bytes.message));
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
  if (asksFor(request.headers['if-none-match'], etag)) return end(response, 304, { etag });
  const headers = { etag, 'content-type': TYPES[extname(path)] ?? 'application/octet-stream', 'content-length': String(bytes.length) };
  return end(response, 200, headers, request.method === 'GET' ? bytes : undefined);
}

function end(response: ServerResponse, status: number, headers: Record<string, string>, body?: Buffer): number {
  response.writeHead(status, headers).end(body);
  return status;
}

/** The folder belongs to somebody who may be writing in it just now: then the answer is an error, as a busy site would give. */
function find(folder: FeedFolder, path: string): Buffer | Error | undefined {
  try {
    return folder.find(decodeURIComponent(path));
  } catch (error) {
    return error instanceof URIError ? undefined : new Error(`the folder of feeds cannot be read: ${String(error)}`);
  }
}

function asksFor(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag);
}
