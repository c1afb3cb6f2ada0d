/**
 * One month of Microsoft's security updates (CVRF 1.1 as JSON, MSRC Security Update API v3), turned around: Microsoft lists KBs by CVE,
 * people install KBs. What the numbers in it mean: Threats 0 impact, 1 exploitation, 3 severity; Remediations 2 vendor's fix, 5 notes.
 */
import { z } from 'zod';
import { plainText } from '../core/advisory.ts';
import type { Kb } from '../core/advisory.ts';
import type { Severity } from '../core/model.ts';
import { openJson } from './bytes-json.ts';
import { refuseWebPage } from './bytes.ts';
import { FeedError } from './feed.ts';

/** What is known of a KB, from one month or several. */
export interface Update {
  kb: string;
  /** Of the first month that names it: `December 2020 Security Updates`. */
  title: string;
  month: string;
  /** By product. */
  fixes: Map<string, Fix>;
  cves: Set<string>;
  severity: Severity;
  severityRaw: string;
  exploited: boolean;
  cvss: number | undefined;
  published: string;
  updated: string;
}

/** What a KB is for one product. */
export interface Fix {
  product: string;
  /** `2019`, for the products that are a server. */
  release: string | undefined;
  /** `Security Update`, `Monthly Rollup`, `Security Only`, `Security HotPatch Update` … */
  subtype: string;
  supersedes: Set<string>;
  fixedBuild: string | undefined;
  restart: Kb['restart'];
}

export interface Month {
  /** As the document itself says. */
  current: string;
  updates: Map<string, Update>;
  /** Entries that no KB fixes: Store apps, Edge, Azure, Azure Linux. They are no error. */
  informational: number;
  /** Entries in all, and why some of them could not be read. */
  entries: number;
  problems: string[];
}

const Text = z.object({ Value: z.string().nullish() }).nullish();
const Ids = z.array(z.string()).nullish();

const Head = z.object({
  DocumentTitle: Text,
  DocumentTracking: z.object({ InitialReleaseDate: z.string(), CurrentReleaseDate: z.string() }),
  ProductTree: z.object({ FullProductName: z.array(z.object({ ProductID: z.string(), Value: z.string() })) }),
  Vulnerability: z.array(z.unknown()).max(0),
});

const Remediation = z.object({
  Type: z.number(),
  Description: Text,
  SubType: z.string().nullish(),
  Supercedence: z.string().nullish(),
  FixedBuild: z.string().nullish(),
  RestartRequired: Text,
  ProductID: Ids,
});
type Remediation = z.infer<typeof Remediation>;

const Entry = z.object({
  CVE: z.string(),
  Threats: z.array(z.object({ Type: z.number(), Description: Text, ProductID: Ids })).nullish(),
  CVSSScoreSets: z.array(z.object({ BaseScore: z.number(), ProductID: Ids })).nullish(),
  Remediations: z.array(Remediation).nullish(),
  RevisionHistory: z.array(z.object({ Date: z.string() })).nullish(),
});
type Entry = z.infer<typeof Entry>;

const SEVERITIES: Severity[] = ['unrated', 'low', 'moderate', 'important', 'critical'];
const RESTARTS: Record<string, Kb['restart']> = { yes: 'yes', no: 'no', maybe: 'maybe' };
const RESTART_RANK = [undefined, 'no', 'maybe', 'yes'];

interface Context {
  products: Map<string, string>;
  title: string;
  month: string;
  initial: string;
  current: string;
  now: number;
}

/** `2020-Dec`, whose document is at `url`. `now` in milliseconds. Throws `FeedError` where the document is not what it should be. */
export function readMonth(bytes: Uint8Array, month: string, { url, now }: { url: string; now: number }): Month {
  refuseWebPage(bytes, url);
  const { rest, elements } = openJson(bytes, 'Vulnerability', url);
  const head = Head.safeParse(rest);
  if (!head.success) {
    const [issue] = head.error.issues;
    throw new FeedError('reshaped', `${url} has another form: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  }
  const { DocumentTitle, DocumentTracking, ProductTree } = head.data;
  const initial = readDate(DocumentTracking.InitialReleaseDate, now);
  const current = readDate(DocumentTracking.CurrentReleaseDate, now);
  if (initial === undefined || current === undefined) throw new FeedError('reshaped', `${url} has no dates of its release`);
  const products = new Map(ProductTree.FullProductName.map((item) => [item.ProductID, plainText(item.Value, 200)]));
  const context: Context = { products, title: plainText(DocumentTitle?.Value ?? month, 200), month, initial, current, now };
  const read: Month = { current, updates: new Map(), informational: 0, entries: 0, problems: [] };
  for (const element of elements) {
    read.entries += 1;
    const entry = Entry.safeParse(element);
    if (!entry.success) read.problems.push(`${month}, entry ${read.entries} lacks ${entry.error.issues[0]?.path.join('.') ?? ''}`);
    else if (!collect(entry.data, context, read.updates)) read.informational += 1;
  }
  return read;
}

/** `2020-12-08T08:00:00` with or without `Z`, as ISO-8601 UTC. The future is cut to now. */
export function readDate(text: string, now: number): string | undefined {
  const parts = text.match(/^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.\d{1,9})?)?Z?$/);
  const time = parts ? Date.parse(`${parts[1]}T${parts[2] ?? '00:00:00'}Z`) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(Math.min(time, now)).toISOString();
}

/** Adds the KBs of one CVE. False when it has none. */
function collect(entry: Entry, context: Context, updates: Map<string, Update>): boolean {
  const cves = /^CVE-\d{4}-\d{4,19}$/.test(entry.CVE) ? [entry.CVE] : [];
  const dates = (entry.RevisionHistory ?? []).flatMap(({ Date: date }) => readDate(date, context.now) ?? []).toSorted();
  const said = (entry.Threats ?? []).flatMap(({ Type, Description }) => (Type === 1 ? [Description?.Value ?? ''] : []));
  const exploited = said.some((text) => /(^|;)\s*Exploited:\s*Yes/i.test(text));
  let any = false;
  for (const remediation of entry.Remediations ?? []) {
    // Elsewhere the text is `Click to Run`, `Release Notes` or a version: nothing that Windows Update knows.
    const number = remediation.Description?.Value?.trim() ?? '';
    if (remediation.Type !== 2 || !/^\d{6,7}$/.test(number)) continue;
    any = true;
    const ids = new Set(remediation.ProductID ?? []);
    const fixes = [...ids].flatMap((id) => readFix(context.products.get(id), remediation) ?? []);
    const published = [context.initial, dates[0] ?? context.initial].toSorted().at(-1) ?? context.initial;
    const update: Update = {
      kb: `KB${number}`,
      title: context.title,
      month: context.month,
      fixes: new Map(fixes.map((fix) => [fix.product, fix])),
      cves: new Set(cves),
      ...readSeverity(entry, ids),
      exploited,
      cvss: readCvss(entry, ids),
      published,
      updated: [published, dates.at(-1) ?? published].toSorted().at(-1) ?? published,
    };
    const known = updates.get(update.kb);
    updates.set(update.kb, known ? mergeUpdates(known, update) : update);
  }
  return any;
}

/** Threats and scores name the products that they are for; none means all. */
function concerns(ids: Set<string>, products: readonly string[] | null | undefined): boolean {
  return !products || products.length === 0 || products.some((id) => ids.has(id));
}

function readSeverity(entry: Entry, ids: Set<string>): Pick<Update, 'severity' | 'severityRaw'> {
  let highest: Pick<Update, 'severity' | 'severityRaw'> = { severity: 'unrated', severityRaw: '' };
  for (const { Type, Description, ProductID } of entry.Threats ?? []) {
    const word = Description?.Value ?? '';
    const severity = SEVERITIES.find((known) => known === word.toLowerCase()) ?? 'unrated';
    if (Type !== 3 || word === '' || !concerns(ids, ProductID)) continue;
    if (highest.severityRaw === '' || rank(severity) > rank(highest.severity)) highest = { severity, severityRaw: plainText(word, 40) };
  }
  return highest;
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

function readCvss(entry: Entry, ids: Set<string>): number | undefined {
  const sets = (entry.CVSSScoreSets ?? []).filter(({ ProductID }) => concerns(ids, ProductID));
  const scores = sets.map(({ BaseScore }) => BaseScore).filter((score) => score >= 0 && score <= 10);
  return scores.length === 0 ? undefined : Math.max(...scores);
}

function readFix(product: string | undefined, remediation: Remediation): Fix | undefined {
  if (product === undefined || product === '') return undefined;
  const own = remediation.Description?.Value?.trim() ?? '';
  // Several are divided by commas, now and then by semicolons.
  const superseded = (remediation.Supercedence ?? '').split(/[\s,;]+/).map((text) => text.replace(/^KB/i, ''));
  const build = remediation.FixedBuild?.trim() ?? '';
  return {
    product,
    release: releaseOf(product),
    subtype: plainText(remediation.SubType ?? '', 60),
    supersedes: new Set(superseded.filter((text) => /^\d{6,7}$/.test(text) && text !== own).map((text) => `KB${text}`)),
    fixedBuild: /^\d{1,5}(\.\d{1,7}){1,3}$/.test(build) ? build : undefined,
    restart: RESTARTS[remediation.RestartRequired?.Value?.toLowerCase() ?? ''],
  };
}

/**
 * The release of a product that is a server itself, with or without desktop. Edge or .NET *on* it may be absent, and the annual
 * channel (`Windows Server 2022, 23H2 Edition`) is another product.
 */
export function releaseOf(product: string): string | undefined {
  const release = product.match(
    /^Windows Server (2008 R2|2012 R2|2012|2016|2019|2022|2025)( for x64-based Systems Service Pack \d)?( \(Server Core installation\))?$/i,
  )?.[1];
  return release?.toLowerCase().replace(' ', '');
}

/** What two entries or two months say of the same KB, taken together. */
export function mergeUpdates(a: Update, b: Update): Update {
  const [first, second] = a.published <= b.published ? [a, b] : [b, a];
  const fixes = new Map(first.fixes);
  for (const [product, fix] of second.fixes) {
    const known = fixes.get(product);
    fixes.set(product, known ? mergeFixes(known, fix) : fix);
  }
  const graver = rank(b.severity) > rank(a.severity) || a.severityRaw === '' ? b : a;
  const scores = [a.cvss, b.cvss].filter((score) => score !== undefined);
  return {
    ...first,
    fixes,
    cves: new Set([...a.cves, ...b.cves]),
    severity: graver.severity,
    severityRaw: graver.severityRaw,
    exploited: a.exploited || b.exploited,
    cvss: scores.length === 0 ? undefined : Math.max(...scores),
    updated: a.updated > b.updated ? a.updated : b.updated,
  };
}

function mergeFixes(a: Fix, b: Fix): Fix {
  return {
    ...a,
    subtype: a.subtype || b.subtype,
    supersedes: new Set([...a.supersedes, ...b.supersedes]),
    fixedBuild: higherBuild(a.fixedBuild, b.fixedBuild),
    restart: RESTART_RANK.indexOf(a.restart) >= RESTART_RANK.indexOf(b.restart) ? a.restart : b.restart,
  };
}

/** Where entries differ, the higher one: nobody is to be taken for fixed too early. */
function higherBuild(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let at = 0; at < 4; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference > 0 ? a : b;
  }
  return a;
}
