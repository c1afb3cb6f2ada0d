/** What would stop a rollout, or leave machines out of it: said before the first one is planned. */
import { locationKey } from '../model.ts';
import { leftOutBecause, OPT_IN } from './nodes.ts';
import { OLDEST_AGENT, type Lists } from './lists.ts';
import { updatePolicy } from './updaters.ts';
import type { Machine } from './machines.ts';
import type { Proposal } from './propose.ts';
import type { Survey } from './model.ts';

export interface Obstacle {
  /** One plain sentence. */
  what: string;
  /** What to do about it. */
  next: string;
  nodes: string[];
}

const FEWEST_TARGETS = 2;

/** Most serious first: what stops everything, then what leaves nodes out, then what will only be known later. */
export function obstaclesOf(survey: Survey, machines: readonly Machine[], lists: Lists, proposal: Proposal): Obstacle[] {
  const proposed = new Set(proposal.nodes);
  const taken = machines.filter(({ id }) => proposed.has(id));
  const only = (ids: readonly { id: string }[] | undefined): string[] => (ids ?? []).map(({ id }) => id).filter((id) => proposed.has(id));
  const which = (fits: (machine: Machine) => boolean): string[] => taken.filter(fits).map(({ id }) => id);
  return [
    ...frozen(survey),
    ...untagged(taken),
    ...unproven(proposal),
    ...line(only(lists.silent), SILENT),
    ...line(only(lists.selfUpdating), SELF_UPDATING),
    ...line(only(lists.agentTooOld), OLD_AGENT),
    ...line(
      which(({ patch }) => (patch?.pendingReboot ?? 0) > 0),
      REBOOT,
    ),
    ...lonely(survey, proposed),
    ...others(machines),
    ...line(
      which((machine) => machine.os === 'windows' && updatePolicy(machine).size === 0),
      WINDOWS_UPDATE,
    ),
    ...line(
      which(({ node }) => node?.online === true),
      DISK,
    ),
  ];
}

/** What follows a number of nodes: for one, for several, and what to do. */
interface Words {
  one: string;
  many: string;
  next: string;
}

const SILENT: Words = {
  one: 'does not answer: a rollout counts it as unreachable and stops when they are too many',
  many: 'do not answer: a rollout counts them as unreachable and stops when they are too many',
  next: 'bring their agents back, or leave them out',
};
const SELF_UPDATING: Words = {
  one: 'is updated by somebody else as well: what a rollout proves there may be another version tomorrow',
  many: 'are updated by somebody else as well: what a rollout proves there may be another version tomorrow',
  next: 'switch the other updater off before the first rollout: docs/assess.md#self-updating',
};
const OLD_AGENT: Words = {
  one: `has an SSM agent older than ${OLDEST_AGENT}: Wavelock refuses to patch it`,
  many: `have an SSM agent older than ${OLDEST_AGENT}: Wavelock refuses to patch them`,
  next: 'update the agent (AWS-UpdateSSMAgent)',
};
const REBOOT: Words = {
  one: 'waits for a reboot after earlier updates',
  many: 'wait for a reboot after earlier updates',
  next: 'reboot them, or expect the first rollout to do it',
};
const WINDOWS_UPDATE: Words = {
  one: 'runs Windows and does not tell whether Windows Update installs by itself: its inventory lacks that policy',
  many: 'run Windows and do not tell whether Windows Update installs by itself: their inventory lacks that policy',
  next: 'Wavelock-Scan looks; or let the inventory gather the registry: docs/assess.md#self-updating',
};
const DISK: Words = {
  one: 'does not tell how much disk space is free: only Wavelock-Scan does',
  many: 'do not tell how much disk space is free: only Wavelock-Scan does',
  next: 'it is looked at again before each installation',
};

/** Without nodes there is nothing to say. */
function line(nodes: string[], { one, many, next }: Words): Obstacle[] {
  return nodes.length === 0 ? [] : [{ what: `${count(nodes.length)} ${nodes.length === 1 ? one : many}`, next, nodes }];
}

function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes.toLocaleString('en-US')} nodes`;
}

function frozen(survey: Survey): Obstacle[] {
  return survey.locations.flatMap(({ location, calendars = [] }) =>
    calendars
      .filter(({ state }) => state !== 'open')
      .map(({ name, state, until }) => {
        const says = state === 'closed' ? 'allows no changes now' : 'cannot be read, which counts as closed';
        const ends = until === undefined ? '' : `, until ${until.slice(0, 16).replace('T', ' ')} UTC`;
        return { what: `Change Calendar ${name} in ${locationKey(location)} ${says}${ends}`, next: 'decide whether rollouts obey it', nodes: [] };
      }),
  );
}

function untagged(taken: Machine[]): Obstacle[] {
  const nodes = taken.filter(({ tags }) => tags[OPT_IN.key] !== OPT_IN.value).map(({ id }) => id);
  if (nodes.length === 0) return [];
  const some = `${nodes.length.toLocaleString('en-US')} of ${count(taken.length)} that the proposed policy names ${nodes.length === 1 ? 'is' : 'are'} not tagged`;
  const what = `${some} ${OPT_IN.key}=${OPT_IN.value}: IAM lets nothing be sent to ${nodes.length === 1 ? 'it' : 'them'}`;
  return [{ what, next: 'tag five of them first, the others when you trust it', nodes }];
}

/** Platforms that no node of a first wave can prove. */
function unproven({ policies }: Proposal): Obstacle[] {
  return policies.flatMap((policy) =>
    policy.unproven.map(({ platform, nodes }) => {
      const them = nodes.length === 1 ? 'it' : 'them';
      const first = `${platform}: ${count(nodes.length)}, and none in the first wave (${policy.waves[0]?.name ?? ''})`;
      const next = 'give the first wave a node of this platform, two are better';
      return { what: `${first}: nothing can be proven for ${them}, so nothing is installed`, next, nodes };
    }),
  );
}

/** Nodes whose restart leaves a load balancer without a healthy target. */
function lonely(survey: Survey, proposed: ReadonlySet<string>): Obstacle[] {
  return survey.locations.flatMap(({ targetGroups = [] }) =>
    targetGroups.flatMap(({ name, targets }) => {
      const healthy = targets.filter((target) => target.healthy).map(({ id }) => id);
      const nodes = healthy.filter((id) => proposed.has(id));
      if (healthy.length >= FEWEST_TARGETS || nodes.length === 0) return [];
      const what = `${nodes[0]} is the only healthy target of target group ${name}: nobody serves while it restarts`;
      return [{ what, next: 'add a second target, or plan a window in which that is fine', nodes }];
    }),
  );
}

/** Managed machines that a first policy leaves out, by reason. */
function others(machines: readonly Machine[]): Obstacle[] {
  const byWhy = new Map<string, string[]>();
  for (const machine of machines.filter(({ node, owner }) => node && !owner)) {
    const why = leftOutBecause(machine);
    if (why !== undefined) byWhy.set(why, [...(byWhy.get(why) ?? []), machine.id]);
  }
  return [...byWhy].map(([why, nodes]) => ({ what: `${count(nodes.length)} left out: ${why}`, next: 'they stay as they are', nodes }));
}
