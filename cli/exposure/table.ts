/** Exposures for people: a sentence, what is to be known of each node, then each advisory with the packages that it concerns. Pure. */
import { amount, clip, plain, some, WIDEST, wrap } from '../ui/text.ts';
import type { Lifecycle } from '../../lambdas/core/advisory.ts';
import type { InventoriedNode } from './inventory-file.ts';
import type { ExposureRow } from './rows.ts';

export interface Shown {
  rows: readonly ExposureRow[];
  nodes: readonly InventoriedNode[];
  lifecycles: readonly Lifecycle[];
  /** By node: advisories that may concern it without anybody being able to tell. */
  untold: ReadonlyMap<string, number>;
  /** Whether anybody said what is known to be exploited. */
  isCatalogued: boolean;
  /** ISO-8601 UTC. */
  now: string;
}

/** Packages shown of one advisory; a kernel's has dozens that say the same. */
const MOST = 6;
const INDENT = '    ';

/** Lines of at most 100 characters. */
export function exposureLines(shown: Shown): string[] {
  const lines = [...wrap(summary(shown), WIDEST), ...shown.nodes.flatMap((node) => nodeLines(node, shown))];
  const blocks = grouped(shown.rows).flatMap((rows) => ['', ...blockOf(rows)]);
  return [...lines, ...blocks];
}

function summary({ rows, nodes, untold, isCatalogued }: Shown): string {
  const where = nodes.length === 1 ? (nodes[0]?.id ?? '') : amount(nodes.length, 'node');
  if (rows.length === 0) return `No exposure on ${plain(where)} that these advisories know of${untold.size === 0 ? '' : ', as far as can be told'}.`;
  const advisories = new Set(rows.map((row) => row.advisory));
  const exploited = new Set(rows.filter((row) => row.kev).map((row) => row.advisory));
  const packages = new Set(rows.map((row) => `${row.node} ${row.package}`));
  const concern = advisories.size === 1 ? 'concerns' : 'concern';
  const are = advisories.size === 1 ? 'it is' : 'they are';
  const known = isCatalogued
    ? `${exploited.size === 0 ? 'none' : exploited.size} known to be exploited`
    : `of which nobody knows whether ${are} exploited`;
  return `${amount(advisories.size, 'advisory', 'advisories')}, ${known}, ${concern} ${amount(packages.size, 'package')} on ${plain(where)}: ${states(rows).join(', ')}.`;
}

const WORDS: Record<ExposureRow['state'], string> = {
  exposed: 'exposed',
  probable: 'probable',
  'awaiting-vendor': 'without a fix yet',
  locked: 'locked to an older release',
  'needs-entitlement': 'fixed only for subscribers',
  'reboot-pending': 'waiting for a reboot',
  unknown: 'unknown',
};

function states(rows: readonly ExposureRow[]): string[] {
  return Object.entries(WORDS).flatMap(([state, words]) => {
    const count = rows.filter((row) => row.state === state).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
}

function nodeLines({ id, facts, captured }: InventoriedNode, { lifecycles, untold, now }: Shown): string[] {
  const count = facts.platform.startsWith('windows-') ? amount(facts.installed.length, 'update') : amount(facts.installed.length, 'package');
  const notes = [
    `${plain(id)}: ${facts.platform}, ${count}${captured === undefined ? '' : `, gathered ${captured.slice(0, 10)}`}`,
    ...deadRelease(facts.platform, lifecycles, now),
  ];
  const unsure = untold.get(id);
  if (unsure !== undefined)
    notes.push(
      `${nameSourcesOnly(unsure)}, and its list names none: whether they concern it, nobody can tell (Custom:DpkgSource or Wavelock-Scan names them)`,
    );
  return wrap(notes.join('; '), WIDEST - INDENT.length).map((line) => `${INDENT}${line}`);
}

/** `3 advisories name source packages only` */
export function nameSourcesOnly(advisories: number): string {
  return `${amount(advisories, 'advisory', 'advisories')} ${advisories === 1 ? 'names' : 'name'} source packages only`;
}

function deadRelease(platform: string, lifecycles: readonly Lifecycle[], now: string): string[] {
  const ended = lifecycles.find(({ os, release, eol }) => platform.startsWith(`${os}-${release}-`) && eol !== null && eol < now.slice(0, 10));
  if (!ended) return [];
  const extended = ended.extended === undefined ? '' : `, paid support ends ${ended.extended}`;
  return [`its ordinary security updates ended ${ended.eol}${extended}`];
}

/** By advisory, in the order of the most urgent row of each. */
function grouped(rows: readonly ExposureRow[]): ExposureRow[][] {
  const groups = new Map<string, ExposureRow[]>();
  for (const row of rows) {
    const group = groups.get(row.advisory);
    if (group) group.push(row);
    else groups.set(row.advisory, [row]);
  }
  return [...groups.values()];
}

function blockOf(rows: readonly ExposureRow[]): string[] {
  const [first] = rows;
  if (!first) return [];
  const words = [
    first.severity,
    ...(first.kev ? ['known exploited'] : []),
    ...(first.epss === null ? [] : [epssWords(first.epss)]),
    ...(first.due === null ? [] : [`due ${first.due.slice(0, 16).replace('T', ' ')} UTC`]),
    some(first.cves, 3),
  ];
  const head = clip(`${first.advisory}  ${words.filter((word) => word !== '').join('  ')}`, WIDEST);
  const more = rows.length > MOST ? [`${INDENT}and ${rows.length - MOST} more`] : [];
  return [head, ...rows.slice(0, MOST).flatMap(rowLines), ...more];
}

/** `EPSS 41.5 %`; what rounds to nothing is still more than nothing. */
export function epssWords(share: number): string {
  return share > 0 && share < 0.0005 ? 'EPSS below 0.1 %' : `EPSS ${(share * 100).toFixed(1)} %`;
}

function rowLines({ node, state, why }: ExposureRow): string[] {
  const text = `${plain(node)}  ${state}: ${plain(why)}`;
  return wrap(text, WIDEST - 2 * INDENT.length).map((line, index) => `${index === 0 ? INDENT : INDENT + INDENT}${line}`);
}
