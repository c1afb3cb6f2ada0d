/**
 * A first policy for somebody's fleet: one policy an operating system, waves from the environments that its tags name, windows from the
 * maintenance windows that it has. It only observes, and it reaches the nodes that somebody tags.
 */
import { platformOf, selectNodes } from '../selection.ts';
import type { Node, Os, Policy } from '../model.ts';
import { environmentsOf, type Environments } from './environments.ts';
import { leftOutBecause, nodeOf, OPT_IN } from './nodes.ts';
import type { Machine } from './machines.ts';
import { resolve } from './updaters.ts';
import { slugOf, translateWindow, type ProposedWindow } from './windows.ts';
import type { SeenWindow } from './model.ts';

/** Nodes of a wave as the policy file writes them. */
export type ProposedNodes = { tags: Record<string, string> } | { atMost: string } | { share: string; atLeast: string } | 'everything-else';

export interface ProposedWave {
  name: string;
  nodes: ProposedNodes;
  window: string;
  soak: string;
  /** First wave only. */
  provenOn?: number;
  /** Share of the wave, last wave only. */
  atOnce?: string;
  /** How many nodes it would have today. */
  count: number;
}

export interface ProposedPolicy {
  name: string;
  os: Os;
  waves: ProposedWave[];
  /** Nodes that it would take, once they are tagged. */
  nodes: number;
  /** Platforms without a node in the first wave: nothing can be proven for them. */
  unproven: { platform: string; nodes: string[] }[];
}

/** A maintenance window that patches, beside what came of it. */
export interface FoundWindow {
  seen: SeenWindow;
  location: string;
  nodes: string[] | 'unknown';
  as: { window: ProposedWindow } | { why: string };
}

export interface Proposal {
  windows: ({ name: string; days: string[]; from: string; to: string; timezone: string } | ProposedWindow)[];
  found: FoundWindow[];
  environments: Record<string, Environments | undefined>;
  policies: ProposedPolicy[];
  /** Ids of all nodes that the policies would take. */
  nodes: string[];
  timezone: string;
}

/** More stages before production than these are too many to wait for. */
const STAGES = 4;
/** From so many nodes on, some go before the rest. */
const CANARY_FROM = 20;
const NAMES: Record<Os, string> = { linux: 'linux-monthly', windows: 'windows-monthly' };

/**
 * @param windows maintenance windows that have a task which may install, with their locations
 * @param now ms: a window that has ended by then is not followed
 */
export function propose(
  machines: readonly Machine[],
  windows: readonly { seen: SeenWindow; location: string; machines: Machine[] }[],
  now: number,
): Proposal {
  const taken = machines.filter((machine) => leftOutBecause(machine) === undefined);
  const found = findWindows(windows, now);
  const timezone = mostOften(found.map(({ seen }) => seen.timezone ?? 'UTC')) ?? 'UTC';
  const defaults = [
    { name: 'weeknights', days: ['mon', 'tue', 'wed', 'thu'], from: '22:00', to: '02:00', timezone },
    { name: 'sunday', days: ['sun'], from: '01:00', to: '07:00', timezone },
  ];
  const environments: Proposal['environments'] = {};
  const policies = (['linux', 'windows'] as const).flatMap((os) => {
    const nodes = taken.filter((machine) => machine.os === os);
    environments[os] = environmentsOf(nodes);
    return nodes.length === 0 ? [] : [proposePolicy(os, nodes, { found, environments: environments[os] })];
  });
  const used = new Set(policies.flatMap(({ waves }) => waves.map(({ window }) => window)));
  const translated = found.flatMap(({ as }) => ('window' in as ? [as.window] : []));
  return {
    windows: [...defaults.filter(({ name }) => used.has(name)), ...translated],
    found,
    environments,
    policies,
    nodes: taken.map(({ id }) => id),
    timezone,
  };
}

function findWindows(windows: readonly { seen: SeenWindow; location: string; machines: Machine[] }[], now: number): FoundWindow[] {
  const names = new Set(['weeknights', 'sunday']);
  return windows.map(({ seen, location, machines }) => {
    const targets = (seen.tasks ?? []).flatMap((task) => task.targets);
    const reached = targets.length > 0 ? resolve(targets, machines) : 'unknown';
    const name = slugOf(seen.name, 40, names);
    const as = translateWindow(seen, { name, location, now });
    if ('window' in as) names.add(name);
    return { seen, location, nodes: reached === 'unknown' ? reached : reached.map(({ id }) => id), as };
  });
}

interface Surroundings {
  found: FoundWindow[];
  environments: Environments | undefined;
}

function proposePolicy(os: Os, machines: Machine[], { found, environments }: Surroundings): ProposedPolicy {
  const nodes = machines.flatMap((machine) => nodeOf({ ...machine, tags: { ...machine.tags, [OPT_IN.key]: OPT_IN.value } }) ?? []);
  const drafts = draftWaves(environments, nodes.length);
  const dealt = deal(os, nodes, drafts);
  const waves = drafts.flatMap((draft, index): ProposedWave[] => {
    const own = dealt[index] ?? [];
    if (own.length === 0) return [];
    const window = windowFor(own, found) ?? (index === 0 || draft.stage ? 'weeknights' : 'sunday');
    return [
      {
        name: draft.name,
        nodes: draft.nodes,
        window,
        soak: draft.soak,
        count: own.length,
        ...(draft.atOnce !== undefined && { atOnce: draft.atOnce }),
      },
    ];
  });
  const [first] = waves;
  const proving = dealt.find((own) => own.length > 0) ?? [];
  if (first) first.provenOn = provenOn(proving);
  return { name: NAMES[os], os, waves, nodes: nodes.length, unproven: unproven(nodes, proving) };
}

interface Draft {
  name: string;
  nodes: ProposedNodes;
  soak: string;
  /** An environment before production. */
  stage: boolean;
  atOnce?: string;
}

function draftWaves(environments: Environments | undefined, total: number): Draft[] {
  const names = new Set(['canary', 'production']);
  const { key = '', before = [] } = environments ?? {};
  const chosen = before.toSorted((a, b) => b.nodes - a.nodes).slice(0, STAGES);
  const stages = before
    .filter((entry) => chosen.includes(entry))
    .map(({ value }): Draft => {
      const name = slugOf(value, 20, names);
      names.add(name);
      return { name, nodes: { tags: { [key]: value } }, soak: '24h', stage: true };
    });
  const first: Draft = { name: 'first', nodes: { atMost: '2 per platform' }, soak: '24h', stage: true };
  const canary: Draft = { name: 'canary', nodes: { share: '5%', atLeast: '1 per platform' }, soak: '12h', stage: false };
  return [
    ...(stages.length > 0 ? stages : [first]),
    ...(total >= CANARY_FROM ? [canary] : []),
    { name: 'production', nodes: 'everything-else', soak: '0s', stage: false, atOnce: '25%' },
  ];
}

/** Which nodes each wave would get, by the very rules of a rollout. */
function deal(os: Os, nodes: Node[], drafts: Draft[]): Node[][] {
  const none = { count: 0 };
  const wave = ({ name, nodes: selector, soak: _soak }: Draft): Policy['waves'][number] => ({
    name,
    nodes: selectorOf(selector),
    soak: 0,
    promoteWhen: { provenOn: 1, failed: none, unreachable: none },
    stopWhen: { failed: none, unreachable: none },
  });
  const policy: Pick<Policy, 'nodes' | 'waves'> = { nodes: { os, tags: { [OPT_IN.key]: OPT_IN.value } }, waves: drafts.map(wave) };
  return selectNodes(policy as Policy, nodes, OPT_IN).waves.map((selected) => selected.nodes);
}

function selectorOf(nodes: ProposedNodes): Policy['nodes'] {
  if (nodes === 'everything-else') return { everythingElse: true };
  if ('tags' in nodes) return { tags: nodes.tags };
  if ('atMost' in nodes) return { atMost: { count: 2, per: 'platform' } };
  return { share: { percent: 5, atLeast: { count: 1, per: 'platform' } } };
}

function unproven(nodes: Node[], proving: Node[]): ProposedPolicy['unproven'] {
  const proven = new Set(proving.map(platformOf));
  const missing = [...new Set(nodes.map(platformOf))].filter((platform) => !proven.has(platform)).toSorted();
  return missing.map((platform) => ({ platform, nodes: nodes.filter((node) => platformOf(node) === platform).map(({ id }) => id) }));
}

/** Two nodes of each platform where there are two; one where some platform has only one, which would prove nothing otherwise. */
function provenOn(first: Node[]): number {
  const counts = new Map<string, number>();
  for (const platform of first.map(platformOf)) counts.set(platform, (counts.get(platform) ?? 0) + 1);
  return Math.min(2, ...counts.values());
}

/** The maintenance window that most of a wave's nodes are in today, if it is the window of at least half of them. */
function windowFor(nodes: Node[], found: FoundWindow[]): string | undefined {
  const ids = new Set(nodes.map(({ id }) => id));
  const fits = found.flatMap(({ nodes: reached, as }) => {
    if (!('window' in as) || reached === 'unknown') return [];
    return [{ name: as.window.name, count: reached.filter((id) => ids.has(id)).length }];
  });
  const [best] = fits.toSorted((a, b) => b.count - a.count);
  return best && best.count * 2 >= ids.size && best.count > 0 ? best.name : undefined;
}

function mostOften(texts: string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}
