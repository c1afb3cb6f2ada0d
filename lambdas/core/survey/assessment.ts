/** The whole assessment: coverage first, then who is missing and why, then what would stop a rollout. */
import { locationKey } from '../model.ts';
import type { Node, PolicyFile } from '../model.ts';
import { selectNodes } from '../selection.ts';
import { whatItDoes } from './documents.ts';
import { listsOf, type Lists } from './lists.ts';
import { machinesOf, placeOf, type Machine } from './machines.ts';
import { nodeOf, OPT_IN } from './nodes.ts';
import { obstaclesOf, type Obstacle } from './obstacles.ts';
import { propose, type Proposal } from './propose.ts';
import type { Blind, SeenWindow, Survey } from './model.ts';

/** Counts for the first line. `undefined`: could not be seen. */
export interface Coverage {
  /** EC2 instances that run, and hybrid nodes. */
  running?: number;
  ec2?: number;
  hybrid?: number;
  managed?: number;
  /** Managed, and their agents answer. */
  reporting?: number;
  /** In a wave of a policy that is there already. */
  inPolicy: number;
  /** Would be in a wave of the proposed policy. */
  inProposal: number;
}

export interface Assessment {
  at: string;
  caller: string;
  locations: string[];
  coverage: Coverage;
  lists: Lists;
  obstacles: Obstacle[];
  proposal: Proposal;
  /** Everything that could not be seen, with the reason. */
  blind: Blind[];
  /** Active accounts of the organization that nobody looked at. */
  otherAccounts: { id: string; name: string }[];
  /** More nodes than `--max` are there. */
  stoppedAt?: number;
}

/** @param policy the policy file that is there already, if any */
export function assess(survey: Survey, policy: PolicyFile | undefined): { assessment: Assessment; machines: Machine[] } {
  const machines = machinesOf(survey);
  const lists = listsOf(survey, machines);
  const proposal = propose(machines, patchWindows(survey, machines), Date.parse(survey.at));
  const looked = new Set(survey.locations.map(({ location }) => location.account));
  const assessment = {
    at: survey.at,
    caller: survey.caller,
    locations: survey.locations.map(({ location }) => locationKey(location)),
    coverage: coverageOf(survey, machines, proposal, policy),
    lists,
    obstacles: obstaclesOf(survey, machines, lists, proposal),
    proposal,
    blind: [...survey.blind, ...survey.locations.flatMap(({ blind }) => blind)],
    otherAccounts: (survey.organization ?? []).filter(({ id, active }) => active && !looked.has(id)).map(({ id, name }) => ({ id, name })),
    ...(survey.stoppedAt !== undefined && { stoppedAt: survey.stoppedAt }),
  };
  return { assessment, machines };
}

function coverageOf(survey: Survey, machines: Machine[], proposal: Proposal, policy: PolicyFile | undefined): Coverage {
  const seesInstances = survey.locations.some(({ instances }) => instances !== undefined);
  const seesNodes = survey.locations.some(({ nodes }) => nodes !== undefined);
  const running = machines.filter((machine) => machine.running);
  const nodes = machines.filter(({ node }) => node !== undefined);
  const hybrid = machines.filter((machine) => machine.hybrid).length;
  return {
    ...(seesInstances && { ec2: running.filter((machine) => !machine.hybrid).length }),
    ...(seesNodes && { hybrid, managed: nodes.length, reporting: nodes.filter(({ node }) => node?.online).length }),
    ...(seesInstances && seesNodes && { running: running.length }),
    inPolicy: policy
      ? inPolicies(
          policy,
          machines.flatMap((machine) => nodeOf(machine) ?? []),
        )
      : 0,
    inProposal: proposal.nodes.length,
  };
}

function inPolicies(file: PolicyFile, nodes: Node[]): number {
  const reached = file.policies.flatMap((policy) => selectNodes(policy, nodes, OPT_IN).waves.flatMap((wave) => wave.nodes.map(({ id }) => id)));
  return new Set(reached).size;
}

function patches({ enabled, tasks = [] }: SeenWindow): boolean {
  return enabled && tasks.some(({ document, operation }) => whatItDoes(document, operation) !== 'scans');
}

/** Maintenance windows with a task that installs, or may. */
function patchWindows(survey: Survey, machines: Machine[]): { seen: SeenWindow; location: string; machines: Machine[] }[] {
  return survey.locations.flatMap((place) => {
    const location = locationKey(place.location);
    const here = machines.filter((machine) => machine.node && placeOf(machine) === location);
    return (place.windows ?? []).filter(patches).map((seen) => ({ seen, location, machines: here }));
  });
}
