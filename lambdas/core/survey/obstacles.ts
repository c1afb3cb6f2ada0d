/** What would stop a rollout, or leave machines out of it: said before the first one is planned. */
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
  return [
    ...frozen(survey),
    ...untagged(taken),
    ...unproven(proposal),
    line(only(lists.silent), 'do not answer: a rollout counts them as unreachable and stops when they are too many', 'bring their agents back, or leave them out'),
    line(only(lists.selfUpdating), 'are updated by somebody else as well: what a rollout proves there may be another version tomorrow', 'switch the other updater off before the first rollout: docs/assess.md#self-updating'),
    line(only(lists.agentTooOld), `have an SSM agent older than ${OLDEST_AGENT}: Wavelock refuses to patch them`, 'update the agent (AWS-UpdateSSMAgent)'),
    line(taken.filter(({ patch }) => (patch?.pendingReboot ?? 0) > 0).map(({ id }) => id), 'wait for a reboot after earlier updates', 'reboot them, or expect the first rollout to do it'),
    ...lonely(survey, proposed),
    ...others(machines),
    line(taken.filter((machine) => machine.os === 'windows' && updatePolicy(machine).size === 0).map(({ id }) => id), 'run Windows and do not tell whether Windows Update installs by itself: their inventory lacks its policy', 'Wavelock-Scan looks; or let the inventory gather the registry: docs/assess.md#self-updating'),
    line(taken.filter(({ node }) => node?.online).map(({ id }) => id), 'do not tell how much disk space is free: only Wavelock-Scan does', 'it is looked at again before each installation'),
  ].filter(({ nodes, what }) => nodes.length > 0 || what !== '');
}

/** Without nodes there is nothing to say. */
function line(nodes: string[], what: string, next: string): Obstacle {
  return nodes.length === 0 ? { what: '', next: '', nodes } : { what: `${count(nodes.length)} ${nodes.length === 1 ? singular(what) : what}`, next, nodes };
}

/** The verbs that these sentences begin with. */
function singular(what: string): string {
  return what.replace(/^do not/, 'does not').replace(/^are /, 'is ').replace(/^have /, 'has ').replace(/^wait /, 'waits ').replace(/^run Windows and do not/, 'runs Windows and does not');
}

function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`;
}

function frozen(survey: Survey): Obstacle[] {
  return survey.locations.flatMap(({ location, calendars = [] }) =>
    calendars.filter(({ state }) => state !== 'open').map(({ name, state, until }) => ({
      what: `Change Calendar ${name} in ${location.account}/${location.region} ${state === 'closed' ? 'allows no changes now' : 'cannot be read, which counts as closed'}${until === undefined ? '' : `, until ${until}`}`,
      next: 'decide whether rollouts obey it',
      nodes: [],
    })),
  );
}

function untagged(taken: Machine[]): Obstacle[] {
  const missing = taken.filter(({ tags }) => tags[OPT_IN.key] !== OPT_IN.value).map(({ id }) => id);
  if (missing.length === 0) return [];
  const what = `${missing.length} of ${count(taken.length)} that the proposed policy names ${missing.length === 1 ? 'is' : 'are'} not tagged ${OPT_IN.key}=${OPT_IN.value}: IAM lets nothing be sent to them`;
  return [{ what, next: 'tag five of them first, the others when you trust it', nodes: missing }];
}

/** Platforms that no node of a first wave can prove. */
function unproven({ policies }: Proposal): Obstacle[] {
  return policies.flatMap((policy) =>
    policy.unproven.map(({ platform, nodes }) => ({
      what: `${platform}: ${count(nodes.length)}, and none in the first wave (${policy.waves[0]?.name ?? ''}): nothing can be proven for ${nodes.length === 1 ? 'it' : 'them'}, so nothing is installed`,
      next: 'give the first wave a node of this platform, two are better',
      nodes,
    })),
  );
}

/** Nodes whose restart leaves a load balancer without a healthy target. */
function lonely(survey: Survey, proposed: ReadonlySet<string>): Obstacle[] {
  return survey.locations.flatMap(({ targetGroups = [] }) =>
    targetGroups.flatMap(({ name, targets }) => {
      const healthy = targets.filter((target) => target.healthy).map(({ id }) => id);
      const nodes = healthy.filter((id) => proposed.has(id));
      if (healthy.length >= FEWEST_TARGETS || nodes.length === 0) return [];
      return [{ what: `${nodes[0]} is the only healthy target of target group ${name}: nobody serves while it restarts`, next: 'add a second target, or plan a window in which that is fine', nodes }];
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
