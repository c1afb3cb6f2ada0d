/**
 * CISA's catalogue of known exploited vulnerabilities, CC0. Entries change without any date of their own (the ransomware mark flips, due
 * dates move), so the whole set is handed on each time that the catalogue changes.
 */
import { z } from 'zod';
import { KnownExploited, plainText } from '../core/advisory.ts';
import { readJson } from './bytes-json.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedHealth, PullContext, Pulled, Reading } from './feed.ts';
import { FileCursor, fetchFile } from './one-file.ts';
import { isStale, parseCursor, sound, survey } from './reading.ts';

const HOST = 'www.cisa.gov';
const URL_OF_CATALOGUE = `https://${HOST}/sites/default/files/feeds/known_exploited_vulnerabilities.json`;
/** CISA adds entries every few days. */
const QUIET_DAYS = 7;
/** Raise it when the same file would now be read differently. */
const PARSER = 1;
/** Bytes. 1.3 MB with 1,404 entries in August 2025. */
const FILE = { url: URL_OF_CATALOGUE, maxBytes: 32 * 1024 * 1024, quietDays: QUIET_DAYS };

const Cursor = z.strictObject({
  parser: z.literal(PARSER),
  version: z.string(),
  ...FileCursor,
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
  const fetched = await fetchFile(FILE, before, context);
  if ('unchanged' in fetched) return fetched.unchanged;
  const { bytes, raw, remembered } = fetched;
  const catalogue = readCatalogue(bytes);
  const version = catalogue.catalogVersion;
  if (before && version < before.version) {
    throw new FeedError('older', `${URL_OF_CATALOGUE} is version ${version}, but ${before.version} was there before`);
  }
  const readings = (): AsyncGenerator<Reading<KnownExploited>> => readEntries(catalogue.vulnerabilities);
  const { problems, ...counted } = await survey(readings(), URL_OF_CATALOGUE, before);
  const health: FeedHealth = { ...counted, problems, stale: isStale(counted.newest, QUIET_DAYS, context.now) };
  const cursor = JSON.stringify({ parser: PARSER, version, ...remembered, ...counted } satisfies Cursor);
  return { kind: 'exploited', cursor, health, raw, exploited: { [Symbol.asyncIterator]: () => sound(readings()) } };
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
