import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createFetch } from '../../lambdas/feeds/fetch.ts';
import type { Fetch, FetchSettings } from '../../lambdas/feeds/fetch.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** A site on loopback; `pauses` collects what the fetcher waited between attempts. */
async function site(listener: Listener): Promise<{ url: string; pauses: number[]; fetcher: (more?: Partial<FetchSettings>) => Fetch }> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const pauses: number[] = [];
  const settings: FetchSettings = {
    hosts: ['vendor.example'],
    baseUrls: { '*': url },
    userAgent: 'wavelock/1 (+https://example.org)',
    sleep: (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    },
  };
  return { url, pauses, fetcher: (more) => createFetch({ ...settings, ...more }) };
}

/** A slow site: never quiet for long, and never done. */
function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 25);
  response.on('close', () => clearInterval(timer));
}

const FILE = 'https://vendor.example/feed/file.xml?day=1';

describe('fetching', () => {
  it('reads a file by way of its base URL, says who asks, and returns the ETag', async () => {
    const { fetcher } = await site((request, response) => {
      response.writeHead(200, { etag: '"1"' }).end(`${request.url} ${request.headers['user-agent']} ${request.headers['accept-encoding']}`);
    });
    const fetched = await fetcher()(FILE, { maxBytes: 1_000 });
    expect(fetched).toMatchObject({ kind: 'bytes', etag: '"1"' });
    expect(fetched.kind === 'bytes' && String(fetched.bytes)).toBe('/vendor.example/feed/file.xml?day=1 wavelock/1 (+https://example.org) identity');
  });

  it('prefers the base URL of the host itself', async () => {
    const { url, fetcher } = await site((request, response) => response.end(request.url));
    const fetched = await fetcher({ baseUrls: { 'vendor.example': `${url}/mirror/`, '*': 'http://127.0.0.1:1' } })(FILE, {
      maxBytes: 1_000,
    });
    expect(fetched.kind === 'bytes' && String(fetched.bytes)).toBe('/mirror/feed/file.xml?day=1');
  });

  it('asks with an ETag and understands "not modified"', async () => {
    const { fetcher } = await site((request, response) => response.writeHead(request.headers['if-none-match'] === '"1"' ? 304 : 200).end());
    expect(await fetcher()(FILE, { maxBytes: 1, etag: '"1"' })).toEqual({ kind: 'unchanged' });
  });

  it.each([
    'http://vendor.example/feed',
    'https://other.example/feed',
    'https://vendor.example:8443/feed',
    'https://user@vendor.example/feed',
    'https://vendor.example.evil.example/feed',
    'file:///etc/passwd',
    'feed.xml',
  ])('never goes to %s', async (url) => {
    let asked = 0;
    const { fetcher } = await site((_, response) => {
      asked += 1;
      response.end();
    });
    await expect(fetcher()(url, { maxBytes: 10 })).rejects.toMatchObject({ code: 'redirected', retryable: false });
    expect(asked).toBe(0);
  });

  it('follows redirects within the site only, and not for ever', async () => {
    const { fetcher } = await site((request, response) => {
      if (request.url?.endsWith('/new')) return response.end('new');
      const to = request.url?.includes('away') ? 'http://127.0.0.1:1/x' : request.url?.includes('loop') ? '' : '/vendor.example/new';
      return response.writeHead(302, { location: to }).end();
    });
    const fetched = await fetcher()('https://vendor.example/old', { maxBytes: 10 });
    expect(fetched.kind === 'bytes' && String(fetched.bytes)).toBe('new');
    for (const path of ['away', 'loop']) {
      await expect(fetcher()(`https://vendor.example/${path}`, { maxBytes: 10 })).rejects.toMatchObject({ code: 'redirected' });
    }
  });

  it.each([
    [500, 'unreachable'],
    [503, 'unreachable'],
    [429, 'throttled'],
  ])('tries a busy site (%i) three times and then says that a retry may help', async (status, code) => {
    let asked = 0;
    const { fetcher, pauses } = await site((_, response) => {
      asked += 1;
      response.writeHead(status).end();
    });
    await expect(fetcher()(FILE, { maxBytes: 10 })).rejects.toMatchObject({ code, retryable: true });
    expect([asked, pauses]).toEqual([3, [1_000, 4_000]]);
  });

  it('waits as long as the site asks, but not for ever', async () => {
    const waits = ['7', '86400'];
    const { fetcher, pauses } = await site((_, response) => {
      const wait = waits.shift();
      if (wait === undefined) response.end('at last');
      else response.writeHead(503, { 'retry-after': wait }).end();
    });
    expect((await fetcher()(FILE, { maxBytes: 10 })).kind).toBe('bytes');
    expect(pauses).toEqual([7_000, 30_000]);
  });

  it.each([400, 403, 404, 304, 204])('takes %i for a refusal that no retry changes', async (status) => {
    let asked = 0;
    const { fetcher } = await site((_, response) => {
      asked += 1;
      response.writeHead(status).end();
    });
    await expect(fetcher()(FILE, { maxBytes: 10 })).rejects.toMatchObject({ code: 'refused', retryable: false });
    expect(asked).toBe(1);
  });

  it.each<[string, Listener]>([
    ['announced', (_, response) => response.writeHead(200, { 'content-length': '100' }).end('x'.repeat(100))],
    [
      'not announced',
      (_, response) => {
        response.write('x'.repeat(60));
        response.end('x'.repeat(40));
      },
    ],
  ])('stops at its limit when the size is %s', async (_, listener) => {
    const { fetcher } = await site(listener);
    await expect(fetcher()(FILE, { maxBytes: 99 })).rejects.toMatchObject({ code: 'too-large' });
    expect((await fetcher()(FILE, { maxBytes: 100 })).kind).toBe('bytes');
  });

  it.each<[string, Listener]>([
    ['hangs', () => {}],
    ['sends a byte now and then, for ever', (_, response) => drip(response)],
    ['hangs in the middle', (_, response) => response.writeHead(200, { 'content-length': '10' }).write('x')],
    ['closes in the middle', (_, response) => response.writeHead(200, { 'content-length': '10' }).write('x', () => response.destroy())],
    ['closes at once', (request) => request.destroy()],
  ])('is told that a site that %s is unreachable', async (_, listener) => {
    const { fetcher } = await site(listener);
    await expect(fetcher({ timeout: 60 })(FILE, { maxBytes: 10 })).rejects.toMatchObject({ code: 'unreachable', retryable: true });
  });

  it('is told that a site that is not there is unreachable', async () => {
    const { fetcher } = await site(() => {});
    await expect(fetcher({ baseUrls: { '*': 'http://127.0.0.1:1' } })(FILE, { maxBytes: 10 })).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});
