/**
 * Until when releases are looked after, from endoflife.date (MIT licence): all products in one file, of which ours are picked.
 * API: https://endoflife.date/docs/api/v1/, "products/full".
 */
import { z } from 'zod';
import { Lifecycle, plainText } from '../core/advisory.ts';
import { readJson } from './bytes-json.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Reading } from './feed.ts';
import { FileCursor, fetchFile } from './one-file.ts';
import { isStale, parseCursor, sound, survey } from './reading.ts';

const HOST = 'endoflife.date';
const URL_OF_PRODUCTS = `https://${HOST}/api/v1/products/full`;
/** The file is made anew every day. */
const QUIET_DAYS = 14;
/** Raise it when the same file would now be read differently. */
const PARSER = 2;
/** Bytes. Some 400 products of some 15 KB. */
const FILE = { url: URL_OF_PRODUCTS, maxBytes: 64 * 1024 * 1024, quietDays: QUIET_DAYS };

/** Product there, os here. The first to name a release counts: CentOS 8 and Stream 8 look the same to os-release, and both are dead. */
const PRODUCTS: readonly [string, string][] = [
  ['almalinux', 'almalinux'],
  ['amazon-linux', 'amazon-linux'],
  ['centos', 'centos'],
  ['centos-stream', 'centos'],
  ['debian', 'debian'],
  ['opensuse', 'opensuse-leap'],
  ['oracle-linux', 'oracle-linux'],
  ['rhel', 'rhel'],
  ['rocky-linux', 'rocky'],
  ['sles', 'sles'],
  ['ubuntu', 'ubuntu'],
  ['windows-server', 'windows'],
];

/**
 * Where extended support is free and public, its end is the end. Debian's is LTS, whose advisories (DLA) come in the same feed as the others
 * (wiki.debian.org/LTS); what is paid after it (ELTS) is not in the list. Elsewhere it is paid: Ubuntu's ESM, Red Hat's ELS, SUSE's LTSS,
 * Oracle's Extended Support, Microsoft's ESU.
 */
const FREELY_EXTENDED: ReadonlySet<string> = new Set(['debian']);

const Cursor = z.strictObject({
  parser: z.literal(PARSER),
  ...FileCursor,
});
type Cursor = z.infer<typeof Cursor>;

/** Unknown members are no concern of ours. */
const Products = z.object({
  generated_at: z.string(),
  total: z.int(),
  result: z.array(z.object({ name: z.string(), releases: z.unknown() })),
});

const Release = z.object({
  name: z.string(),
  isEol: z.boolean(),
  eolFrom: z.string().nullish(),
  /** Of extended support. */
  eoesFrom: z.string().nullish(),
});

/** Ends of life of the systems that can be patched. */
export const endOfLife: Feed = {
  name: 'end-of-life',
  source: 'end-of-life',
  platforms: [],
  everyHours: 24,
  parser: PARSER,
  hosts: [HOST],
  pull,
};

async function pull(context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const fetched = await fetchFile(FILE, before, context);
  if ('unchanged' in fetched) return fetched.unchanged;
  const { bytes, raw, remembered } = fetched;
  const { generated, lists } = readProducts(bytes, context.now);
  const readings = (): AsyncGenerator<Reading<Lifecycle>> => readReleases(lists, generated);
  const { problems, ...counted } = await survey(readings(), URL_OF_PRODUCTS, before);
  const absent = PRODUCTS.filter(([product]) => !lists.has(product)).map(([product]) => `${product} is not in the list`);
  const stale = isStale(counted.newest, QUIET_DAYS, context.now);
  const health: FeedHealth = { ...counted, problems: [...absent, ...problems].slice(0, 20), stale };
  const cursor = JSON.stringify({ parser: PARSER, ...remembered, ...counted } satisfies Cursor);
  return { kind: 'lifecycles', cursor, health, raw, lifecycles: { [Symbol.asyncIterator]: () => sound(readings()) } };
}

/** Releases by product, of our products only, and when the file was made. */
function readProducts(bytes: Buffer, now: number): { generated: string; lists: Map<string, unknown> } {
  const { total, result, generated_at: stamp } = readJson(Products, bytes, URL_OF_PRODUCTS);
  if (result.length !== total) {
    throw new FeedError('incomplete', `${URL_OF_PRODUCTS} says that it has ${total} products and has ${result.length}`);
  }
  const generated = Date.parse(stamp);
  if (Number.isNaN(generated)) throw new FeedError('reshaped', `${URL_OF_PRODUCTS} is of no date, but "${stamp}"`);
  const ours = new Set(PRODUCTS.map(([product]) => product));
  const lists = new Map(result.filter(({ name }) => ours.has(name)).map(({ name, releases }) => [name, releases]));
  return { generated: new Date(Math.min(generated, now)).toISOString(), lists };
}

async function* readReleases(lists: Map<string, unknown>, generated: string): AsyncGenerator<Reading<Lifecycle>> {
  const seen = new Set<string>();
  for (const [product, os] of PRODUCTS) {
    const releases = lists.get(product);
    for (const value of Array.isArray(releases) ? releases : []) {
      const reading = readRelease(value, os, generated);
      const key = 'item' in reading ? `${os} ${reading.item.release}` : '';
      if (seen.has(key)) continue;
      if (key !== '') seen.add(key);
      yield reading;
    }
  }
}

function readRelease(value: unknown, os: string, published: string): Reading<Lifecycle> {
  const release = Release.safeParse(value);
  if (!release.success) return { record: os, problem: `a release lacks ${release.error.issues[0]?.path.join('.') ?? ''}` };
  const { name, isEol, eolFrom, eoesFrom } = release.data;
  const record = `${os} ${plainText(name, 40)}`;
  if (isEol && typeof eolFrom !== 'string') return { record, problem: 'has ended, but nobody says when' };
  const isFree = typeof eoesFrom === 'string' && typeof eolFrom === 'string' && FREELY_EXTENDED.has(os);
  const item = Lifecycle.safeParse({
    os,
    // os-release and Windows write `2012-R2` as `2012r2` here: releases are words of a platform, which dashes divide.
    release: name.toLowerCase().replaceAll('-', ''),
    eol: isFree ? eoesFrom : (eolFrom ?? null),
    ...(typeof eoesFrom === 'string' && !isFree ? { extended: eoesFrom } : {}),
  });
  if (item.success) return { item: item.data, published };
  return { record, problem: `${item.error.issues[0]?.path.join('.') ?? ''} ${item.error.issues[0]?.message ?? ''}` };
}
