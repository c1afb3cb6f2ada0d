/**
 * CISA's catalogue of known exploited vulnerabilities, CC0. CISA's site may refuse addresses of clouds; CISA keeps the same files at GitHub
 * "to enable easier usage", in step with its site within minutes (README of github.com/cisagov/kev-data): those are read where the site does
 * not answer. Entries change without any date of their own (the ransomware mark flips, due
 * dates move), so the whole set is handed on each time that the catalogue changes.
 */
import { z } from 'zod';
import { KnownExploited, plainText } from '../core/advisory.ts';
import { readJson } from './bytes-json.ts';
import { FeedError } from './feed.ts';
import type { Feed, FeedErrorCode, FeedHealth, PullContext, Pulled, Reading } from './feed.ts';
import { FileCursor, fetchFile } from './one-file.ts';
import type { FetchedFile } from './one-file.ts';
import { isStale, parseCursor, sound, survey } from './reading.ts';

const HOST = 'www.cisa.gov';
const URL_OF_CATALOGUE = `https://${HOST}/sites/default/files/feeds/known_exploited_vulnerabilities.json`;
/** CISA adds entries every few days. */
const QUIET_DAYS = 7;
/** Raise it when the same file would now be read differently. */
const PARSER = 1;
/** Bytes. 1.3 MB with 1,404 entries in August 2025. */
const FILE = { maxBytes: 32 * 1024 * 1024, quietDays: QUIET_DAYS };

const COPY_HOST = 'raw.githubusercontent.com';
/** `HEAD` is whichever branch is the repository's own. */
const URL_OF_COPY = `https://${COPY_HOST}/cisagov/kev-data/HEAD/known_exploited_vulnerabilities.json`;
/** The site does not answer, or not with data. What is data and broken is not read from elsewhere: people must see it. */
const NO_ANSWER: ReadonlySet<FeedErrorCode> = new Set(['unreachable', 'throttled', 'refused', 'redirected', 'web-page']);

const Cursor = z.strictObject({
  parser: z.literal(PARSER),
  version: z.string(),
  /** The address that answered; absent: CISA's site. */
  at: z.string().optional(),
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
export const knownExploited: Feed = { name: 'cisa-kev', source: 'kev', platforms: [], everyHours: 1, parser: PARSER, hosts: [HOST, COPY_HOST], pull };

async function pull(context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const { url, fetched, note } = await fetchEither(before, context);
  if ('unchanged' in fetched) return { ...fetched.unchanged, health: { ...fetched.unchanged.health, note } };
  const { bytes, raw, remembered } = fetched;
  const catalogue = readCatalogue(bytes, url);
  const version = catalogue.catalogVersion;
  if (before && version < before.version) {
    throw new FeedError('older', `${url} is version ${version}, but ${before.version} was there before`);
  }
  const readings = (): AsyncGenerator<Reading<KnownExploited>> => readEntries(catalogue.vulnerabilities);
  const { problems, ...counted } = await survey(readings(), url, before);
  const health: FeedHealth = { ...counted, problems, note, stale: isStale(counted.newest, QUIET_DAYS, context.now) };
  const cursor = JSON.stringify({ parser: PARSER, version, at: url, ...remembered, ...counted } satisfies Cursor);
  return { kind: 'exploited', cursor, health, raw, exploited: { [Symbol.asyncIterator]: () => sound(readings()) } };
}

interface Answered {
  url: string;
  fetched: FetchedFile;
  /** Empty where CISA's site has answered. */
  note: string;
}

/** From CISA's site, or where that does not answer from its copy. Throws what is wrong with the site where neither does. */
async function fetchEither(before: Cursor | undefined, context: PullContext): Promise<Answered> {
  try {
    return { url: URL_OF_CATALOGUE, fetched: await fetchAt(URL_OF_CATALOGUE, before, context), note: '' };
  } catch (error) {
    if (!(error instanceof FeedError) || !NO_ANSWER.has(error.code)) throw error;
    try {
      const fetched = await fetchAt(URL_OF_COPY, before, context);
      return { url: URL_OF_COPY, fetched, note: plainText(`read from CISA's copy at ${COPY_HOST}, because ${error.message}`, 400) };
    } catch (second) {
      if (!(second instanceof FeedError)) throw second;
      throw new FeedError(error.code, `${error.message}; nor can CISA's copy be read: ${second.message}`, { cause: second });
    }
  }
}

/** An ETag says nothing at another address. */
function fetchAt(url: string, before: Cursor | undefined, context: PullContext): Promise<FetchedFile> {
  const etag = (before?.at ?? URL_OF_CATALOGUE) === url ? before?.etag : undefined;
  return fetchFile({ ...FILE, url }, before && { ...before, at: url, etag }, context);
}

function readCatalogue(bytes: Buffer, url: string): z.infer<typeof Catalogue> {
  const catalogue = readJson(Catalogue, bytes, url);
  const { count, vulnerabilities } = catalogue;
  if (vulnerabilities.length === count) return catalogue;
  throw new FeedError('incomplete', `${url} says that it has ${count} entries and has ${vulnerabilities.length}`);
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
