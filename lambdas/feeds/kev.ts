/**
 * CISA's catalogue of known exploited vulnerabilities, CC0. Entries change without any date of their own (the ransomware mark flips, due
 * dates move), so the whole set is handed on each time that the catalogue changes.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { KnownExploited, plainText } from '../core/advisory.ts';
import { readJson } from './bytes-json.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Raw, Reading } from './feed.ts';
import { isStale, parseCursor, sound, survey, unchangedHealth } from './reading.ts';

const HOST = 'www.cisa.gov';
const URL_OF_CATALOGUE = `https://${HOST}/sites/default/files/feeds/known_exploited_vulnerabilities.json`;
/** CISA adds entries every few days. */
const QUIET_DAYS = 7;
/** Raise it when the same file would now be read differently. */
const PARSER = 1;
/** Bytes. 1.3 MB with 1,404 entries in August 2025. */
const MAX_CATALOGUE = 32 * 1024 * 1024;

const Cursor = z.strictObject({
  parser: z.literal(PARSER),
  version: z.string(),
  sha256: z.string(),
  etag: z.string().optional(),
  records: z.number(),
  skipped: z.number(),
  newest: z.string(),
});
type Cursor = z.infer<typeof Cursor>;

/** The file's own form; unknown members are no concern of ours. */
const Catalogue = z.object({
  catalogVersion: z.string().regex(/^\d{4}\.\d{2}\.\d{2}/),
  count: z.int(),
  vulnerabilities: z.array(z.unknown()),
});

const Entry = z.object({
  cveID: z.string(),
  vendorProject: z.string(),
  product: z.string(),
  dateAdded: z.string(),
  dueDate: z.string(),
  knownRansomwareCampaignUse: z.string().optional(),
});

/** CISA KEV. */
export const knownExploited: Feed = { name: 'cisa-kev', source: 'kev', platforms: [], everyHours: 1, parser: PARSER, hosts: [HOST], pull };

async function pull(context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const fetched = await context.fetch(URL_OF_CATALOGUE, {
    maxBytes: MAX_CATALOGUE,
    ...(before?.etag === undefined ? {} : { etag: before.etag }),
  });
  if (fetched.kind === 'unchanged') return unchanged(before, context);
  const sha256 = createHash('sha256').update(fetched.bytes).digest('hex');
  if (before?.sha256 === sha256) return unchanged({ ...before, etag: fetched.etag }, context);
  const raw: Raw = { ...(await context.archive(fetched.bytes)), url: URL_OF_CATALOGUE };
  const catalogue = readCatalogue(fetched.bytes);
  const version = catalogue.catalogVersion;
  if (before && version < before.version) {
    throw new FeedError('older', `${URL_OF_CATALOGUE} is version ${version}, but ${before.version} was there before`);
  }
  const readings = (): AsyncGenerator<Reading<KnownExploited>> => readEntries(catalogue.vulnerabilities);
  const { problems, ...counted } = await survey(readings(), URL_OF_CATALOGUE, before);
  const health: FeedHealth = { ...counted, problems, stale: isStale(counted.newest, QUIET_DAYS, context.now) };
  const cursor = JSON.stringify({ parser: PARSER, version, sha256, etag: fetched.etag, ...counted } satisfies Cursor);
  return { kind: 'exploited', cursor, health, raw, exploited: { [Symbol.asyncIterator]: () => sound(readings()) } };
}

function unchanged(before: Cursor | undefined, context: PullContext): Pulled {
  if (!before) throw new FeedError('refused', `${URL_OF_CATALOGUE} says "unchanged" without having been asked`);
  return { kind: 'unchanged', cursor: JSON.stringify(before), health: unchangedHealth(before, QUIET_DAYS, context.now) };
}

function readCatalogue(bytes: Buffer): z.infer<typeof Catalogue> {
  const catalogue = readJson(Catalogue, bytes, URL_OF_CATALOGUE);
  const { count, vulnerabilities } = catalogue;
  if (vulnerabilities.length === count) return catalogue;
  throw new FeedError('incomplete', `${URL_OF_CATALOGUE} says that it has ${count} entries and has ${vulnerabilities.length}`);
}

async function* readEntries(entries: unknown[]): AsyncGenerator<Reading<KnownExploited>> {
  const seen = new Set<string>();
  for (const value of entries) {
    const reading = readEntry(value);
    const cve = 'item' in reading ? reading.item.cve : '';
    yield seen.has(cve) ? { record: cve, problem: 'comes twice; the first one counts' } : reading;
    if (cve !== '') seen.add(cve);
  }
}

function readEntry(value: unknown): Reading<KnownExploited> {
  const entry = Entry.safeParse(value);
  if (!entry.success) return { record: '', problem: `lacks ${entry.error.issues[0]?.path.join('.') ?? ''}` };
  const { cveID, vendorProject, product, dateAdded, dueDate, knownRansomwareCampaignUse } = entry.data;
  const item = KnownExploited.safeParse({
    cve: cveID,
    added: dateAdded,
    due: dueDate,
    ransomware: knownRansomwareCampaignUse === 'Known',
    product: plainText(`${vendorProject} ${product}`, 300),
  });
  if (item.success) return { item: item.data, published: `${dateAdded}T00:00:00.000Z` };
  return { record: cveID, problem: `${item.error.issues[0]?.path.join('.') ?? ''} ${item.error.issues[0]?.message ?? ''}` };
}
