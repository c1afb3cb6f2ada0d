import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFetch } from '../../lambdas/feeds/fetch.ts';
import { feeds } from '../../lambdas/feeds/index.ts';
import { createFeedServer } from '../../local/feeds/server.ts';
import { vendorFiles } from './vendors.ts';
import type { Feed, Pulled } from '../../lambdas/feeds/feed.ts';
import type { FeedServer } from '../../local/feeds/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-vendors-'));
let server: FeedServer;

beforeAll(async () => {
  for (const [file, content] of Object.entries(vendorFiles())) writeFileSync(join(folder, file), content);
  server = await createFeedServer(folder);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function pull(feed: Feed, cursor?: string): Promise<Pulled> {
  return feed.pull({
    cursor,
    now: Date.parse('2026-11-09T06:00:00Z'),
    fetch: createFetch({ hosts: feed.hosts, baseUrls: server.baseUrls, userAgent: 'test' }),
    archive: (bytes) => Promise.resolve({ key: 'k', sha256: createHash('sha256').update(bytes).digest('hex') }),
  });
}

describe('every feed that there is', () => {
  it('has a name of its own, and a time after which it is read again', () => {
    expect(new Set(feeds.map(({ name }) => name)).size).toBe(feeds.length);
    for (const { everyHours } of feeds) expect(everyHours).toBeGreaterThan(0);
  });

  it('can be read again from the archive when its parser gets better, or has nothing to read again', () => {
    expect(feeds.filter(({ parser }) => parser === undefined).map(({ name }) => name)).toEqual(['alas-rss']);
  });

  it('stands in docs/feeds.md, with how often it is read', () => {
    const page = readFileSync('docs/feeds.md', 'utf8');
    for (const { name, everyHours } of feeds) {
      const row = page.split('\n').find((line) => line.startsWith('| `') && line.split('|')[1]?.includes(`\`${name}\``));
      expect([name, row?.split('|')[4]?.trim()]).toEqual([name, everyHours < 1 ? `${everyHours * 60} min` : `${everyHours} h`]);
    }
  });

  it('is polled for fewer than 60 requests in all while nothing changes, and each remembers the number of its parser', async () => {
    expect(server.ignored()).toEqual([]);
    const first = new Map<string, Pulled>();
    for (const feed of feeds) {
      const pulled = await pull(feed);
      expect([feed.name, pulled.health.records > 0, pulled.health.skipped]).toEqual([feed.name, true, 0]);
      if (feed.parser !== undefined)
        expect([feed.name, JSON.parse(pulled.cursor)]).toEqual([feed.name, expect.objectContaining({ parser: feed.parser })]);
      first.set(feed.name, pulled);
    }
    const before = server.requests().length;
    for (const feed of feeds) expect([feed.name, (await pull(feed, first.get(feed.name)?.cursor)).kind]).toEqual([feed.name, 'unchanged']);
    const asked = server.requests().slice(before);
    expect(asked.length).toBeLessThan(60);
    // Cheap ones: lists, checksums, and "has it changed?".
    expect(
      asked.filter(
        ({ path, status }) => status !== 304 && /updateinfo\.xml|\/cvrf\/\d{4}|\.json$/.test(path) && !path.endsWith('extras-catalog.json'),
      ),
    ).toEqual([]);
  });
});
