/** From what Microsoft says of a KB to an advisory. */
import { Advisory } from '../core/advisory.ts';
import type { Kb } from '../core/advisory.ts';
import type { Raw, Reading } from './feed.ts';
import type { Fix, Update } from './msrc-month.ts';

/**
 * One KB as an advisory with the KB as its id and its products as `kbs`. What else closes the same (Monthly Rollup or Security Only, a
 * newer cumulative update) is for the matching to find: by CVEs of the same product, and by what replaces what.
 */
export function toAdvisory(update: Update, { raw, now }: { raw: Raw; now: number }): Reading<Advisory> {
  const advisory = Advisory.safeParse({
    id: update.kb,
    source: 'msrc',
    title: `${update.kb}: ${update.title}`,
    kind: 'security',
    published: update.published,
    updated: update.updated,
    severity: update.severity,
    ...(update.severityRaw === '' ? {} : { severityRaw: update.severityRaw }),
    cves: [...update.cves].toSorted(),
    affected: [],
    kbs: [...update.fixes.values()].map((fix) => toKb(update.kb, fix)),
    ...restartOf(update),
    exploited: update.exploited,
    ...(update.cvss === undefined ? {} : { cvss: update.cvss }),
    references: linksOf(update.kb, update.month),
    provenance: { feed: 'msrc', url: raw.url, sha256: raw.sha256, fetchedAt: new Date(now).toISOString() },
  });
  if (advisory.success) return { item: advisory.data, published: advisory.data.published };
  const [issue] = advisory.error.issues;
  return { record: update.kb, problem: `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` };
}

/** A KB that Microsoft took out of the only month that named it: it exposes nobody any more. */
export function toWithdrawn(kb: string, month: string, { raw, now }: { raw: Raw; now: number }): Advisory {
  const at = new Date(now).toISOString();
  return Advisory.parse({
    id: kb,
    source: 'msrc',
    title: `${kb}: taken out of ${month} by Microsoft`,
    kind: 'security',
    published: at,
    updated: at,
    severity: 'unrated',
    cves: [],
    affected: [],
    kbs: [],
    withdrawn: at,
    references: linksOf(kb, month),
    provenance: { feed: 'msrc', url: raw.url, sha256: raw.sha256, fetchedAt: at },
  });
}

function linksOf(kb: string, month: string): string[] {
  return [`https://support.microsoft.com/help/${kb.slice(2)}`, `https://msrc.microsoft.com/update-guide/releaseNote/${month}`];
}

/** `Maybe` counts as yes where a restart is planned for. */
function restartOf(update: Update): { rebootSuggested?: boolean } {
  const said = [...update.fixes.values()].flatMap((fix) => fix.restart ?? []);
  return said.length === 0 ? {} : { rebootSuggested: said.some((restart) => restart !== 'no') };
}

/** Without its release a row is for people to read: a hotpatch is offered to enrolled machines only, and no other must wait for it. */
function toKb(kb: string, fix: Fix): Kb {
  const supersedes = [...fix.supersedes].toSorted().slice(0, 20);
  return {
    kb,
    product: fix.product,
    ...(fix.release !== undefined && !isHotpatch(fix) ? { release: fix.release } : {}),
    ...(supersedes.length === 0 ? {} : { supersedes }),
    ...(fix.fixedBuild === undefined ? {} : { fixedBuild: fix.fixedBuild }),
    ...(fix.restart === undefined ? {} : { restart: fix.restart }),
  };
}

function isHotpatch(fix: Fix): boolean {
  return /hot\s?patch/i.test(fix.subtype);
}
