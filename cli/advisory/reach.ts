/** Looks, before an announcement is recorded, at what it would do here; and says it in words. */
import { readCountedNodes } from '../../lambdas/aws/exposures.ts';
import { Advisory } from '../../lambdas/core/advisory.ts';
import { StoredFacts } from '../../lambdas/core/exposures/facts.ts';
import { reachOf } from '../../lambdas/core/exposures/own-reach.ts';
import { grouped as groupedBy } from '../../lambdas/core/exposures/reconcile.ts';
import { factsKey, inventoryKey } from '../../lambdas/core/keys.ts';
import { factsFromScan } from '../../lambdas/core/match/scan.ts';
import { FleetFacts } from '../../lambdas/core/model.ts';
import { Records, shardsFor } from '../../lambdas/core/upsert.ts';
import { amount, some } from '../ui/text.ts';
import { storedNaming } from './stored.ts';
import type { Covered, Kind, Reach } from '../../lambdas/core/exposures/own-reach.ts';
import type { OwnAdvisory } from '../../lambdas/core/exposures/own.ts';
import type { CountedNode } from '../../lambdas/core/exposures/types.ts';
import type { NodeFacts } from '../../lambdas/core/match/types.ts';
import type { OpenHub } from '../hub.ts';

const READS_AT_ONCE = 20;
/** Advisories of one release that are named, at most. */
const NAMED = 3;

/** What is found out: what it would do, and when each advisory that covers it was first stored here, by id. */
export interface Looked {
  reach: Reach;
  known: ReadonlyMap<string, string>;
  /** Nodes of which nothing is known. */
  unknown: number;
}

/** Reads what is known of every kind of node, and what vendors say. */
export async function lookAround(own: OwnAdvisory, hub: OpenHub): Promise<Looked> {
  const nodes = await readCountedNodes(hub.store);
  const kinds = await kindsOf(nodes, hub);
  const reach = reachOf(own, kinds, await naming(own.cve, kinds, hub));
  const covering = [
    ...new Map(reach.covered.flatMap(({ by }) => by.map((advisory) => [`${advisory.source} ${advisory.id}`, advisory] as const))).values(),
  ];
  const known = await Promise.all(
    covering.map(async ({ source, id }) => [id, (await hub.record.advisory(source, id)).map(({ seen }) => seen).toSorted()[0] ?? ''] as const),
  );
  return { reach, known: new Map(known), unknown: nodes.filter(({ facts }) => facts === undefined).length };
}

async function kindsOf(nodes: readonly CountedNode[], { store }: OpenHub): Promise<Kind[]> {
  const prints = [
    ...groupedBy(
      nodes.filter(({ facts }) => facts !== undefined),
      ({ facts }) => facts?.fingerprint ?? '',
    ),
  ];
  const kinds: Kind[] = [];
  for (let start = 0; start < prints.length; start += READS_AT_ONCE) {
    const these = prints.slice(start, start + READS_AT_ONCE);
    const facts = await Promise.all(these.map(([print, [node]]) => factsOf(print, node?.facts?.by === 'inventory', store)));
    kinds.push(...facts.flatMap((one, index) => (one === undefined ? [] : [{ facts: one, nodes: these[index]?.[1].length ?? 0 }])));
  }
  return kinds;
}

/** A list that is not there, or of another version, is as good as not known. */
async function factsOf(print: string, isInventory: boolean, store: OpenHub['store']): Promise<NodeFacts | undefined> {
  if (isInventory) return StoredFacts.safeParse(await store.findJson(inventoryKey(print))).data;
  const facts = FleetFacts.safeParse(await store.findJson(factsKey(print)));
  return facts.success ? factsFromScan(facts.data) : undefined;
}

async function naming(cve: string, kinds: readonly Kind[], hub: OpenHub): Promise<Advisory[]> {
  const records = new Records();
  for await (const line of storedNaming(cve, hub, shardsFor(kinds.map(({ facts }) => facts.platform)))) {
    const advisory = Advisory.safeParse(line).data;
    if (advisory) records.add(advisory);
  }
  return records.merged();
}

/** Why an announcement is refused that nobody would hear of, in lines; `undefined` where it does something. */
export function whyIdle(own: OwnAdvisory, { reach, known, unknown }: Looked): string[] | undefined {
  const { looked, concerned, counts, covered, nowhere, untold } = reach;
  if (looked === 0 || counts > 0) return undefined;
  const where = own.platforms === undefined ? '' : ` of ${own.platforms.join(', ')}`;
  if (concerned === 0) {
    const more = unknown + untold === 0 ? '' : `, and nothing is known of ${amount(unknown + untold, 'more node')}`;
    return [
      `no node here${where} is known to have ${namesOf(nowhere)}: ${amount(looked, 'node')} looked at${more}`,
      ...untoldLines(reach),
      'If it is meant for nodes to come, repeat this with --anyway.',
    ];
  }
  return [
    `${own.cve} needs no announcement: vendors have spoken for every node here that has ${own.packages.join(', ')}`,
    ...coveredLines(own, covered, known),
    ...untoldLines(reach),
    `What is open shows \`npx wavelock exposure --cve ${own.cve}\`. An announcement would do nothing as long as these advisories stand; to have it recorded for the case that one is withdrawn, repeat this with --anyway.`,
  ];
}

/** What has to be said about an announcement that is recorded, in lines. */
export function notesOn(own: OwnAdvisory, { reach, known, unknown }: Looked): string[] {
  const { looked, counts, covered, nowhere, untold } = reach;
  if (looked === 0)
    return [
      `Note: nothing is known of any node${own.platforms === undefined ? '' : ` of ${own.platforms.join(', ')}`} here yet, so nobody can say whom it concerns.`,
      ...untoldLines(reach),
    ];
  const spoken =
    covered.length === 0
      ? []
      : [`Note: vendors have spoken already; there it changes nothing, and their advisories count:`, ...coveredLines(own, covered, known)];
  return [
    ...(nowhere.length === 0 ? [] : [`Note: no node here is known to have ${namesOf(nowhere)}.`]),
    ...spoken,
    `It concerns ${amount(counts, 'node')} of ${looked} looked at${unknown + untold === 0 ? '' : `; nothing is known of ${amount(unknown + untold, 'more node')}`}.`,
    ...untoldLines(reach),
  ];
}

/** Of whom it cannot be known, and what helps. */
function untoldLines({ untold }: Reach): string[] {
  if (untold === 0) return [];
  const lists = untold === 1 ? 'The list of 1 node on Debian or Ubuntu names' : `Lists of ${amount(untold, 'node')} on Debian and Ubuntu name`;
  return [`${lists} no sources: Wavelock-Scan tells, or name the binary packages as well (libssl3 beside openssl).`];
}

function namesOf(nowhere: Reach['nowhere']): string {
  return nowhere.map(({ name, near }) => (near === undefined ? name : `${name} (did you mean ${near}?)`)).join(', ');
}

function coveredLines(own: OwnAdvisory, covered: readonly Covered[], known: ReadonlyMap<string, string>): string[] {
  return covered.flatMap(({ place, nodes, by }) => [
    ...by
      .slice(0, NAMED)
      .map(
        (advisory) =>
          `  ${place} (${amount(nodes, 'node')}): ${advisory.id} ${fixWords(own, advisory, place)}; published ${advisory.published.slice(0, 10)}${sinceWords(known.get(advisory.id))}`,
      ),
    ...(by.length > NAMED ? [`  ${place}: and ${by.length - NAMED} more`] : []),
  ]);
}

function sinceWords(seen: string | undefined): string {
  return seen === undefined || seen === '' ? '' : `, known here since ${seen.slice(0, 16).replace('T', ' ')} UTC`;
}

/** `fixes sudo in 1.9.15-1`, or what else it says. */
function fixWords({ packages }: OwnAdvisory, { affected, kbs = [] }: Advisory, place: string): string {
  const updates = kbs.filter(({ release = '' }) => `windows-${release}` === place).map(({ kb }) => kb);
  if (updates.length > 0) return `fixes it with ${some([...new Set(updates)], NAMED)}`;
  const here = affected.filter(({ os, release }) => `${os}-${release}` === place);
  const ours = here.filter((row) => packages.includes(row.package));
  if (ours.length === 0) return `speaks of ${some([...new Set(here.map((row) => row.package))], NAMED)}, not of ${packages.join(', ')}`;
  const fixes = ours.map(
    ({ package: name, fixedVersion, channel }) =>
      `${name} ${fixedVersion === null ? 'without a fix yet' : `in ${fixedVersion}`}${channel === undefined ? '' : ` (${channel})`}`,
  );
  return `${ours.some(({ fixedVersion }) => fixedVersion !== null) ? 'fixes' : 'names'} ${some([...new Set(fixes)], NAMED)}`;
}
