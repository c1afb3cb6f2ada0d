/**
 * Windows has no packages but cumulative updates (KBs), which replace one another. That a KB is not listed proves nothing: lists leave out
 * what a newer one replaced. The build's last number (UBR) does prove it, for updates of Windows itself.
 */
import type { Advisory, Kb } from '../advisory.ts';
import type { KbEntry, Release } from './knowledge.ts';
import type { Match, MatchState, NodeFacts } from './types.ts';

interface Answer {
  state: MatchState;
  why: string;
}

/** One answer for each KB of each advisory. */
export function judgeWindows(facts: NodeFacts, release: Release): Match[] {
  const installed = new Set(facts.installed.map(({ name }) => name));
  const node = { facts, release, installed, offered: new Set(facts.offered) };
  return release.kbs.flatMap(({ advisory, kbs }) => {
    const each = new Map(kbs.map((kb) => [kb.kb, kb]));
    return [...each.values()].map((kb) => matchOf(facts, advisory, kb, answerOf(node, { advisory, kbs }, kb)));
  });
}

/**
 * Updates of what may or may not be on a Windows node (.NET, SQL Server): only what is installed or offered there is spoken of, since
 * Windows Update knows what is on it.
 */
export function judgeOtherProducts(facts: NodeFacts, release: Release): Match[] {
  const spokenOf = new Set([...facts.installed.map(({ name }) => name), ...(facts.offered ?? [])]);
  return judgeWindows(facts, release).filter((match) => spokenOf.has(match.package));
}

function matchOf(facts: NodeFacts, advisory: Advisory, kb: Kb, { state, why }: Answer): Match {
  const fixed = kb.fixedBuild ?? kb.kb;
  return { advisory: advisory.id, source: advisory.source, package: kb.kb, arch: '', installed: facts.build ?? '', fixed, state, why };
}

interface WindowsNode {
  facts: NodeFacts;
  release: Release;
  installed: ReadonlySet<string>;
  offered: ReadonlySet<string>;
}

function answerOf(node: WindowsNode, entry: KbEntry, kb: Kb): Answer {
  const { facts, installed } = node;
  const sign = compareBuilds(facts.build, kb.fixedBuild);
  if (sign !== undefined && sign >= 0) return { state: 'fixed', why: `build ${facts.build} is at or above ${kb.fixedBuild}` };
  const newer = replacements(node.release, kb.kb);
  const pending = [kb.kb, ...newer].filter((other) => facts.pending?.includes(other));
  const effective = [kb.kb, ...newer].find((other) => installed.has(other) && !pending.includes(other));
  // Listed at once, but the build changes with the reboot.
  if (effective !== undefined && sign !== undefined)
    return { state: 'reboot-pending', why: `${effective} is installed, but the node still runs build ${facts.build}` };
  if (effective === kb.kb) return { state: 'fixed', why: `${kb.kb} is installed` };
  if (effective !== undefined) return { state: 'fixed', why: `${effective} is installed, which replaces ${kb.kb}` };
  if (pending[0] !== undefined) return { state: 'reboot-pending', why: `${pending[0]} is installed and takes effect with the next reboot` };
  const sibling = siblings(node.release, entry, kb).find(
    (other) => installed.has(other) || replacements(node.release, other).some((one) => installed.has(one)),
  );
  if (sibling !== undefined) return { state: 'fixed', why: `${sibling}, which closes the same CVEs, is installed or replaced` };
  if (sign !== undefined) return { state: 'exposed', why: `build ${facts.build} is older than ${kb.fixedBuild}, which ${kb.kb} brings` };
  return offeredOr(node, kb, newer);
}

/** Without a build to compare: what the node's own source of updates offers it, else only that nothing is listed. */
function offeredOr({ facts, offered, installed }: WindowsNode, kb: Kb, newer: readonly string[]): Answer {
  if (offered.has(kb.kb)) return { state: 'exposed', why: `${kb.kb} is not installed and Windows Update offers it` };
  const replacing = newer.find((other) => offered.has(other));
  if (replacing !== undefined) return { state: 'exposed', why: `Windows Update offers ${replacing}, which replaces ${kb.kb}` };
  const absent = `neither ${kb.kb} nor an update that is known to replace it is listed`;
  if (facts.certainty === 'exact') return { state: 'unknown', why: `${absent}, and Windows Update does not offer it` };
  const build =
    facts.build === undefined || kb.fixedBuild !== undefined ? 'the build is not known' : 'Microsoft does not say which build has the fix';
  if (installed.size === 0) return { state: 'unknown', why: `the list of installed updates is empty, and ${build}` };
  return { state: 'probable', why: `${absent}; lists leave replaced updates out, and ${build}` };
}

/** All that replace a KB, directly or through others. */
function replacements(release: Release, kb: string): string[] {
  const found = new Set<string>();
  const open = [kb];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const newer of release.replacedBy.get(next) ?? []) {
      if (newer !== kb && !found.has(newer)) {
        found.add(newer);
        open.push(newer);
      }
    }
  }
  return [...found].toSorted();
}

/** The Monthly Rollup satisfies what the Security Only update asks for, and the reverse: another KB for the same product that closes the same CVEs. */
function siblings(release: Release, { advisory }: KbEntry, kb: Kb): string[] {
  if (advisory.cves.length === 0) return [];
  const others = release.kbs.filter((entry) => advisory.cves.every((cve) => entry.advisory.cves.includes(cve)));
  const kbs = others.flatMap((entry) => entry.kbs.filter((other) => other.kb !== kb.kb && plainProduct(other) === plainProduct(kb)));
  return [...new Set(kbs.map((other) => other.kb))];
}

/** Server Core takes the same updates. */
function plainProduct(kb: Kb): string {
  return kb.product.replace(/\s+\(Server Core installation\)$/, '');
}

/** By the last number, where the others are the same: `10.0.17763.1637`. `undefined`: they are of different things, or one is not known. */
function compareBuilds(build: string | undefined, fixed: string | undefined): number | undefined {
  const [own, wanted] = [build?.split('.'), fixed?.split('.')];
  if (own?.length !== 4 || wanted?.length !== 4 || own.slice(0, 3).join('.') !== wanted.slice(0, 3).join('.')) return undefined;
  return Math.sign(Number(own[3]) - Number(wanted[3]));
}
