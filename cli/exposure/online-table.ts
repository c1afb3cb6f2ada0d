/**
 * What the hub's nodes are exposed to, for people: how current it is, what is not known, then each advisory, the most urgent first. Pure.
 */
import { formatDuration, formatLocal } from '../../lambdas/core/calendar-text.ts';
import { grouped } from '../../lambdas/core/exposures/reconcile.ts';
import { advisoryKey, ExposureState } from '../../lambdas/core/exposures/types.ts';
import { SERVICE_TAG } from '../../lambdas/core/exposures/summary.ts';
import { amount, plain, some, WIDEST, wrapWhole } from '../ui/text.ts';
import { epssWords } from './table.ts';
import { byFingerprint, rowsOfExposure, inspectorRows, wantedExposures, wantedNodes } from './online-rows.ts';
import type { CountedNode, OpenAdvisory, OpenExposure } from '../../lambdas/core/exposures/types.ts';
import type { OnlineRow, Seen, Wanted } from './online-rows.ts';

/** Advisories that are shown, unless somebody asks for a node, an advisory or a CVE: a service may have thousands of nodes. */
const ADVISORIES_SHOWN = 20;
/** Nodes of one advisory, and where somebody asks for that very advisory or CVE. */
const NODES_SHOWN = 3;
const NODES_SHOWN_ASKED = 200;
const ONLY_INSPECTOR_SHOWN = 6;
const INDENT = '    ';

/** Lines of at most `width` characters, but for names that are longer. `now`: milliseconds since the epoch. */
export function onlineLines(seen: Seen, wanted: Wanted, now: number, width = WIDEST): string[] {
  return wholeLines(seen, wanted, now).flatMap((line) => fitted(line, width));
}

/** What does not fit goes on under it, set in a little. */
function fitted(line: string, width: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const under = `${indent}  `;
  return wrapWhole(line.slice(indent.length), width - under.length).map((part, index) => `${index === 0 ? indent : under}${part}`);
}

/** Lines of any length, each set in by as much as it stands under another. */
function wholeLines(seen: Seen, wanted: Wanted, now: number): string[] {
  const nodes = wantedNodes(seen.nodes, wanted);
  if (seen.nodes.length === 0) return ['No node is known here yet: exposures are reckoned at the end of the first look at the fleet.'];
  const asked = Object.values(wanted).some((word) => word !== undefined);
  const open = openAdvisories(seen, nodes, wanted);
  const oneAdvisory = wanted.advisory !== undefined || wanted.cve !== undefined;
  const shown = oneAdvisory || wanted.node !== undefined ? open : open.slice(0, ADVISORIES_SHOWN);
  const left = open.length - shown.length;
  const most = oneAdvisory ? NODES_SHOWN_ASKED : NODES_SHOWN;
  const listing = { byPrint: byFingerprint(nodes), byAdvisory: grouped(wantedExposures(seen.summary, wanted), advisoryKey), most, now };
  return [
    `${asked ? 'The whole fleet: ' : ''}${headline(seen, now)}`,
    `${asked ? 'Facts of what is asked for' : 'Facts'}: ${factsWords(nodes, now)}.`,
    ...unknownLines(nodes),
    ...[partlyKnown(nodes)].flatMap((words) => words ?? []),
    ...endedLines(nodes),
    ...(open.length === 0 ? ['', nothing(wanted, nodes, seen)] : []),
    ...shown.flatMap((advisory) => ['', ...advisoryLines(advisory, now), ...nodeLines(advisory, seen, listing)]),
    ...moreLines(left),
    ...onlyInspectorLines([...inspectorRows(seen, wanted)]),
  ];
}

function moreLines(left: number): string[] {
  if (left <= 0) return [];
  const more = amount(left, 'more advisory', 'more advisories');
  return ['', `and ${more}: --json has them all, --advisory, --cve, --node and --service choose`];
}

/** Advisories that are open on one of these nodes, in the summary's order. */
function openAdvisories({ summary }: Seen, nodes: readonly CountedNode[], wanted: Wanted): OpenAdvisory[] {
  const prints = new Set(nodes.map(({ facts }) => facts?.fingerprint));
  const open = new Set(
    wantedExposures(summary, wanted)
      .filter(({ fingerprint }) => prints.has(fingerprint))
      .map(advisoryKey),
  );
  return summary.advisories.filter((one) => open.has(advisoryKey(one)));
}

function headline({ summary: { at, counts } }: Seen, now: number): string {
  const parts = [
    `${counts.exposed} of ${amount(counts.nodes, 'node')} exposed`,
    `known exploited ${counts.knownExploited}`,
    `overdue ${counts.overdue}`,
    ...(counts.awaitingVendor > 0 ? [`without a fix ${counts.awaitingVendor}`] : []),
    ...(counts.excepted > 0 ? [`excepted ${counts.excepted}`] : []),
  ];
  return `${parts.join(', ')} (pairs of advisory and node). As of ${formatLocal(Date.parse(at), 'UTC')} UTC, ${age(at, now)} ago.`;
}

/** How current what is known of the nodes is, from whom. */
function factsWords(nodes: readonly CountedNode[], now: number): string {
  const words = { scan: 'scanned', rollout: 'as a rollout left them', inventory: 'known from SSM Inventory only' } as const;
  const parts = (['scan', 'rollout', 'inventory'] as const).flatMap((by) => {
    const known = nodes.flatMap((node) => (node.facts?.by === by ? [node.facts.at] : [])).toSorted();
    return known[0] === undefined ? [] : [`${amount(known.length, 'node')} ${words[by]}, the oldest facts ${age(known[0], now)} old`];
  });
  return parts.length === 0 ? 'none' : parts.join('; ');
}

function unknownLines(nodes: readonly CountedNode[]): string[] {
  const unknown = nodes.filter((node) => node.facts === undefined);
  if (unknown.length === 0) return [];
  const names = some(
    unknown.map(({ name }) => name),
    10,
  );
  return [`Unknown, which is not clear: ${names}. Nothing has told what ${unknown.length === 1 ? 'it has' : 'they have'}.`];
}

/** Nodes of which only a part can be told: that nothing is open there means little. `undefined`: there are none. */
export function partlyKnown(nodes: readonly CountedNode[]): string | undefined {
  const partly = nodes.flatMap(({ name, facts }) => (facts?.untold === undefined ? [] : [{ name, untold: facts.untold }]));
  if (partly.length === 0) return undefined;
  const names = some(
    partly.map(({ name }) => name),
    10,
  );
  const most = Math.max(...partly.map(({ untold }) => untold));
  return `Known only in part: ${names}. SSM Inventory names no source packages there, and up to ${amount(most, 'advisory', 'advisories')} name nothing else: whether they concern them, nobody can tell until Wavelock-Scan has looked.`;
}

/** Releases without security updates: what is not open there may only never have been told. */
function endedLines(nodes: readonly CountedNode[]): string[] {
  const groups = grouped(
    nodes.flatMap(({ name, ended }) => (ended ? [{ name, ended }] : [])),
    ({ ended }) => ended.platform,
  );
  return [...groups].map(([platform, own]) => {
    const { eol = '', extended } = own[0]?.ended ?? {};
    const paid = extended === undefined ? '' : `; paid ones until ${extended}`;
    const names = some(own.map(({ name }) => name));
    return `End of life: ${names} on ${platform}: no ordinary security updates since ${eol}${paid}.`;
  });
}

/** Why there is nobody to show, where somebody was asked for: a slip in a name must not look like a node that is clear. */
export function whyNobody(seen: Seen, wanted: Wanted): string | undefined {
  const { node, service } = wanted;
  if (node === undefined && service === undefined) return undefined;
  if (wantedNodes(seen.nodes, wanted).length > 0 || !inspectorRows(seen, wanted).next().done) return undefined;
  const tagged = service === undefined ? '' : `is tagged ${SERVICE_TAG}=${plain(service)}`;
  return `no node here ${[...(node === undefined ? [] : [`has the id or name ${plain(node)}`]), ...(tagged === '' ? [] : [tagged])].join(' and ')}`;
}

/** That it is open nowhere would not be news of the nodes. */
export function withdrawnWords(advisory: string, withdrawn: string): string {
  return `${plain(advisory)} was withdrawn on ${withdrawn.slice(0, 10)}: it counts nowhere any more.`;
}

function nothing({ advisory, cve }: Wanted, nodes: readonly CountedNode[], { withdrawn }: Seen): string {
  if (advisory !== undefined && withdrawn !== undefined) return withdrawnWords(advisory, withdrawn);
  const known = amount(nodes.filter(({ facts }) => facts !== undefined).length, 'node');
  const what = advisory ?? cve;
  if (what === undefined) return `Nothing is open on ${known} of which something is known.`;
  return `${plain(what)} is open on none of ${known} of which something is known.`;
}

function advisoryLines(advisory: OpenAdvisory, now: number): string[] {
  const { urgency, title, cves, seen, published, fixable, due } = advisory;
  const grave = [
    urgency.severity,
    ...(urgency.knownExploited ? [urgency.ransomware ? 'KNOWN EXPLOITED, by ransomware' : 'KNOWN EXPLOITED'] : []),
    ...(urgency.vendorExploited ? ['exploited, says the vendor'] : []),
    ...(urgency.epss === undefined ? [] : [epssWords(urgency.epss)]),
  ];
  const clocks = [
    `seen ${day(seen)} (${age(seen, now)})`,
    `published ${day(published)}`,
    fixable === undefined ? 'no fix yet' : fixable > seen ? `fix out ${day(fixable)}` : '',
    due === undefined ? 'no deadline' : dueWords(due, now),
  ];
  // Amazon's titles say again which advisory it is: `Amazon Linux 2023 - ALAS2023-2026-938: Important …`.
  const about = title.split(`${advisory.advisory}: `).at(-1) ?? '';
  const facts = [
    `${advisory.advisory}  ${grave.join(', ')}${about === '' || about === advisory.advisory ? '' : `: ${plain(about)}`}`,
    ...(cves.length > 0 && cves[0] !== advisory.advisory ? [some(cves, 5)] : []),
    `${nodeWords(advisory)}${serviceWords(advisory)}`,
    clocks.filter((words) => words !== '').join('; '),
  ];
  return facts.map((text, index) => indented(text, index === 0 ? 0 : 2));
}

function nodeWords({ nodes, excepted }: OpenAdvisory): string {
  const states = ExposureState.options.flatMap((state) => ((nodes[state] ?? 0) > 0 ? [`${nodes[state]} ${state}`] : []));
  return [...states, ...(excepted > 0 ? [`${excepted} excepted`] : [])].join(', ');
}

/** `order-entry 8 of 8, login 4 of 6, 19 more`: the services with the most exposed nodes first. */
function serviceWords({ services }: OpenAdvisory): string {
  const named = Object.entries(services).filter(([service]) => service !== '');
  const ranked = named.toSorted(([, a], [, b]) => b.exposed - a.exposed);
  const words = ranked.map(([service, { exposed, of }]) => `${plain(service)} ${exposed} of ${of}`);
  return words.length === 0 ? '' : `: ${some(words, 3)}`;
}

interface Listing {
  byPrint: ReadonlyMap<string, readonly CountedNode[]>;
  byAdvisory: ReadonlyMap<string, readonly OpenExposure[]>;
  most: number;
  now: number;
}

/** The first nodes of an advisory, and how many more there are. */
function nodeLines(advisory: OpenAdvisory, seen: Seen, { byPrint, byAdvisory, most, now }: Listing): string[] {
  const nodes = new Map<string, OnlineRow[]>();
  for (const exposure of byAdvisory.get(advisoryKey(advisory)) ?? []) {
    for (const row of rowsOfExposure(exposure, byPrint, seen)) {
      const key = `${row.location} ${row.node}`;
      const own = nodes.get(key);
      // Of nodes that are not shown only the number counts.
      if (own && own.length > 0) own.push(row);
      else if (!own) nodes.set(key, nodes.size >= most ? [] : [row]);
    }
  }
  const shown = [...nodes.values()].slice(0, most);
  const shared = sharedWhy(shown);
  const lines = [...(shared === undefined ? [] : [indented(plain(shared), 2)]), ...shown.flatMap((own) => oneNode(own, now, shared))];
  return nodes.size > most ? [...lines, `${INDENT}and ${amount(nodes.size - most, 'more node')}`] : lines;
}

/** What is the same for every node is said once. */
function sharedWhy(shown: readonly (readonly OnlineRow[])[]): string | undefined {
  const whys = new Set(shown.flatMap((rows) => rows.map(({ state, why }) => (state === 'exposed' ? '' : why))));
  const [why] = whys;
  return shown.length > 1 && whys.size === 1 && why !== '' ? why : undefined;
}

function oneNode(rows: readonly OnlineRow[], now: number, shared: string | undefined): string[] {
  const [first] = rows;
  if (!first) return [];
  const changes = [...new Set(rows.map(changeWords))];
  const parts = [
    `${plain(first.name)}${first.name === first.node ? '' : ` (${first.node})`}  ${first.state}  ${some(changes, 3)}`,
    `facts ${age(first.factsAt, now)} old (${first.factsFrom})`,
    ...(first.state === 'exposed' || first.why === shared ? [] : [plain(first.why)]),
    ...(first.exception === null ? [] : [`excepted: ${plain(first.exception)}`]),
    ...(first.inspector === undefined ? [] : [first.inspector]),
  ];
  return [indented(parts.join('; '), INDENT.length)];
}

function changeWords({ package: name, installed, fixed }: OnlineRow): string {
  const own = installed === null ? plain(name) : `${plain(name)} ${plain(installed)}`;
  return fixed === null || fixed === name ? own : `${own} → ${plain(fixed)}`;
}

function onlyInspectorLines(rows: readonly OnlineRow[]): string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, ONLY_INSPECTOR_SHOWN);
  const lines = shown.map((row) => indented(`${plain(row.name)}  ${row.advisory}  ${row.why}`, INDENT.length));
  const more = rows.length > ONLY_INSPECTOR_SHOWN ? [`${INDENT}and ${rows.length - ONLY_INSPECTOR_SHOWN} more (--json)`] : [];
  return ['', `Only Amazon Inspector sees ${amount(rows.length, 'CVE')} on nodes here; they are not counted above:`, ...lines, ...more];
}

function indented(text: string, by: number): string {
  return `${' '.repeat(by)}${text}`;
}

function dueWords(due: string, now: number): string {
  const left = (Date.parse(due) - now) / 1000;
  return left >= 0 ? `due ${day(due)} (${formatDuration(left)} left)` : `OVERDUE since ${day(due)} (${formatDuration(-left)})`;
}

function day(at: string): string {
  return formatLocal(Date.parse(at), 'UTC', 'day');
}

function age(at: string, now: number): string {
  return formatDuration(Math.max(0, (now - Date.parse(at)) / 1000));
}
