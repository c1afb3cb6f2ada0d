/**
 * From one record's bytes to one advisory, or why there is none. Records that are sound but concern no package that is patched here are
 * `outOfScope`: they list no package (SUSE publishes such) or only those of other products (much of Red Hat's is for what is laid over
 * RHEL), close no CVE, or only track one.
 */
import { Advisory, plainText } from '../../core/advisory.ts';
import { isFlood } from '../bytes-json.ts';
import type { Reading } from '../feed.ts';
import { highestScore } from './cvss.ts';
import { distributionOf } from './distributions.ts';
import { OsvRecord, cvesOf, vectorsOf } from './record.ts';
import type { Distribution } from './record.ts';
import { severityOf } from './words.ts';

export interface ReadContext {
  /** Where the record is from, for people. */
  url(distribution: Distribution): string;
  /** Of the archived bytes that hold the record. */
  sha256: string;
  /** Milliseconds since the epoch: when the bytes were fetched. Dates in the future are cut to it. */
  now: number;
}

/** Rows of one advisory beyond which sources take the place of packages. No advisory known has half as many. */
const MAX_ROWS = 20_000;
const SHOWN_REFERENCES = 20;

/** Reads one record. `asked`, the id that was asked for or the file's name, names what cannot be read; the record's own id counts. */
export function readRecord(bytes: Uint8Array, asked: string, context: ReadContext): Reading<Advisory> {
  if (isFlood(bytes)) return { record: asked, problem: 'holds more values than any record' };
  const value = parseJson(bytes);
  if (value === undefined) return { record: asked, problem: 'is no JSON' };
  const parsed = OsvRecord.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { record: asked, problem: `is no OSV record: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` };
  }
  const record = parsed.data;
  const distribution = distributionOf(record.id);
  if (!distribution) return outOfScope(record.id, 'is no advisory of a released fix');
  if (!distribution.id.test(record.id)) return { record: record.id, problem: 'is no id of an advisory' };
  return readAdvisory(record, distribution, context);
}

function readAdvisory(record: OsvRecord, distribution: Distribution, context: ReadContext): Reading<Advisory> {
  const { id } = record;
  const { now, sha256 } = context;
  const updated = readTime(record.modified, now);
  const published = readTime(record.published ?? record.modified, now);
  if (updated === undefined || published === undefined) {
    return { record: id, problem: `has no date, but "${updated === undefined ? record.modified : record.published}"` };
  }
  if ((record.affected ?? []).length === 0) return outOfScope(id, 'lists no package');
  const left = distribution.leaveOut?.(record);
  if (left !== undefined) return outOfScope(id, left);
  const affected = rowsOf(record, distribution);
  if (affected.length === 0 && distribution.reportOnly?.(id) !== true) return outOfScope(id, 'lists only packages of other products');
  const word = distribution.word(record);
  const cvss = highestScore(vectorsOf(record));
  const replaced = regressionOf(record);
  const advisory = Advisory.safeParse({
    id,
    source: distribution.source,
    title: plainText(record.summary ?? '', 300) || id,
    kind: distribution.kind(id),
    published,
    updated,
    severity: severityOf(word),
    ...(word === undefined ? {} : { severityRaw: plainText(word, 40) }),
    cves: cvesOf(record),
    versionKind: distribution.versionKind,
    affected,
    ...(record.withdrawn ? { withdrawn: readTime(record.withdrawn, now) ?? updated } : {}),
    ...(replaced === undefined ? {} : { supersedes: [replaced] }),
    ...(cvss === undefined ? {} : { cvss }),
    references: referencesOf(record),
    provenance: { feed: distribution.feed, url: context.url(distribution), sha256, fetchedAt: new Date(now).toISOString() },
  });
  if (advisory.success) return { item: advisory.data, published };
  const [issue] = advisory.error.issues;
  return { record: id, problem: `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` };
}

function outOfScope(record: string, problem: string): Reading<Advisory> {
  return { record, problem, outOfScope: true };
}

function rowsOf(record: OsvRecord, distribution: Distribution): Advisory['affected'] {
  const rows = distribution.rows(record, 'packages');
  return rows.length > MAX_ROWS ? distribution.rows(record, 'sources') : rows;
}

/** UTC by the schema (RFC 3339 with `Z`). The future is cut to now, so that no clock of a deadline starts late. */
function readTime(text: string, now: number): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(Math.min(time, now)).toISOString();
}

/**
 * `USN-7095-2` and `DSA-3029-2` may be the same fix for other releases, and then the first one still stands. Only where the title says
 * that the first one broke something does the next one replace it.
 */
function regressionOf(record: OsvRecord): string | undefined {
  const [, base, revision] = /^((?:USN|DSA|DLA)-\d+)-(\d+)$/.exec(record.id) ?? [];
  if (base === undefined || Number(revision) < 2 || !/\bregression/i.test(record.summary ?? '')) return undefined;
  return `${base}-${Number(revision) - 1}`;
}

/** The advisory's own page first; bug trackers and pages of single CVEs fill what is left. */
function referencesOf(record: OsvRecord): string[] {
  const sound = (record.references ?? []).filter(({ url }) => /^https?:\/\/[!-~]{1,500}$/.test(url));
  const own = sound.filter(({ type, url }) => type === 'ADVISORY' && !/CVE-\d{4}-/.test(url));
  return [...new Set([...own, ...sound].map(({ url }) => url))].slice(0, SHOWN_REFERENCES);
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** `undefined` for whatever is no JSON: cut off, a web page, another character set. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}
