/** Advisories and nodes for tests of matching, written as short as they can be. */
import { Advisory } from '../../lambdas/core/advisory.ts';
import type { Affected, Kb } from '../../lambdas/core/advisory.ts';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import type { Match, NodeFacts } from '../../lambdas/core/match/types.ts';
import type { Package } from '../../lambdas/core/model.ts';

/** What differs from an ordinary advisory. `rows` are put into the release of `on`. */
export interface Written extends Partial<Omit<Advisory, 'affected'>> {
  on: string;
  rows?: Partial<Affected>[];
}

/** An advisory for a release (`almalinux-8`). Rows are binaries; deb versions on Debian and Ubuntu. */
export function advisory({ on, rows = [], ...more }: Written): Advisory {
  const cut = on.lastIndexOf('-');
  const place = { os: on.slice(0, cut), release: on.slice(cut + 1), kind: 'binary' as const };
  return Advisory.parse({
    id: 'ADV-1',
    source: 'test',
    title: 'Important: update',
    kind: 'security',
    published: '2026-10-20T19:20:00.000Z',
    updated: '2026-10-21T02:44:00.000Z',
    severity: 'important',
    cves: ['CVE-2026-0001'],
    versionKind: /^(debian|ubuntu)-/.test(on) ? 'deb' : 'rpm',
    affected: rows.map((row) => ({ ...place, ...row })),
    references: [],
    provenance: { feed: 'test', url: 'https://example.com/', sha256: 'a'.repeat(64), fetchedAt: '2026-11-23T06:00:00.000Z' },
    ...more,
  });
}

/** A Windows advisory of one KB. */
export function kbAdvisory(kb: string, more: Partial<Kb> = {}, cves = ['CVE-2026-0001']): Advisory {
  const item = { kb, product: 'Windows Server 2019', release: '2019', ...more };
  return Advisory.parse({ ...advisory({ on: 'windows-2019' }), id: kb, source: 'msrc', cves, versionKind: undefined, kbs: [item] });
}

/** `openssl 1:3.0.8-1`, `vim-data.noarch 2:9.0`: what is installed, of the machine's own architecture unless said otherwise. */
export function packages(texts: readonly string[], arch = 'x86_64'): Package[] {
  return texts.map((text) => {
    const [whole = '', version = ''] = text.split(' ');
    const [, name = whole, own] = /^(.+)\.(x86_64|aarch64|noarch|i686|amd64|arm64|all)$/.exec(whole) ?? [];
    return { name, arch: own ?? arch, version };
  });
}

/** A node of a release with these packages, all known exactly. */
export function node(on: string, installed: readonly (string | Package)[], more: Partial<NodeFacts> = {}): NodeFacts {
  const arch = /^(debian|ubuntu)-/.test(on) ? 'amd64' : 'x86_64';
  const list = installed.flatMap((item) => (typeof item === 'string' ? packages([item], arch) : item));
  return { platform: `${on}-x86_64`, certainty: 'exact', installed: list, ...more };
}

/** All answers, fixed ones too. */
export function matchAll(facts: NodeFacts, ...advisories: Advisory[]): Match[] {
  return createMatcher({ advisories })(facts, 'all');
}

/** `[package, state]` of each answer. */
export function states(facts: NodeFacts, ...advisories: Advisory[]): [string, string][] {
  return matchAll(facts, ...advisories).map((match) => [match.package, match.state]);
}

/** The only answer; fails where there are none or several. */
export function only(facts: NodeFacts, ...advisories: Advisory[]): Match {
  const [first, ...others] = matchAll(facts, ...advisories);
  if (!first || others.length > 0) throw new Error(`${others.length + (first ? 1 : 0)} answers, not one`);
  return first;
}
