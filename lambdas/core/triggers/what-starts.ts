/**
 * What is to be started, told or closed now. One advisory starts one rollout a policy and platform, a running rollout of the policy is told
 * instead of raced, and a policy that only observes starts nothing. Asked again with what it decided before, it decides nothing new.
 */
import { nodeKey } from '../exposures/types.ts';
import { openOn, openPairs, reachOf } from './reach.ts';
import { platformOf } from '../selection.ts';
import type { OpenExposure } from '../exposures/types.ts';
import type { Node, Policy } from '../model.ts';
import { laneOf } from './types.ts';
import type { CountedFleet, Reach } from './reach.ts';
import type { Decision, Doing, Mitigated, Running, Standing } from './types.ts';

export interface TriggerInput extends CountedFleet {
  policies: Policy[];
  /** Everything that is open, with what CISA, EPSS and the vendor say of it. */
  exposures: OpenExposure[];
  optIn: { key: string; value: string };
  running: Running[];
  /** What was done before. */
  asked: Standing[];
  /** Planned times of rollouts that an execution has taken, by lane (`laneOf`): what was started and is missing here was lost on its way. */
  taken: ReadonlyMap<string, ReadonlySet<string>>;
  mitigated: Mitigated[];
  now: number;
}

/** After so long an event that started nothing was lost. */
const LOST_AFTER_MS = 15 * 60_000;

/** Decides for every policy that starts by itself; others are left alone. */
export function whatStarts(input: TriggerInput): Decision[] {
  return input.policies.filter((policy) => policy.startWhen !== undefined).flatMap((policy) => new PolicyTriggers(policy, input).decide());
}

class PolicyTriggers {
  private readonly reaches: Reach[];
  private readonly rows: Map<string, Standing>;

  constructor(
    private readonly policy: Policy,
    private readonly input: TriggerInput,
  ) {
    this.reaches = reachOf({ policy, ...input });
    this.rows = new Map(input.asked.filter((row) => row.policy === policy.name).map((row) => [row.advisory, row]));
  }

  decide(): Decision[] {
    return [...this.lost(), ...this.patch(), ...this.withoutFix(), ...this.mitigate(), ...this.withdraw(), ...this.close()];
  }

  private row(advisory: string): Standing | undefined {
    const row = this.rows.get(advisory);
    return row?.state === 'closed' ? undefined : row;
  }

  private running(doing: Doing): Running | undefined {
    return this.input.running.find((rollout) => rollout.policy === this.policy.name && rollout.doing === doing);
  }

  private lost(): Decision[] {
    const rows = [...this.rows.values()].filter(({ state }) => state !== 'closed');
    return [
      ...this.lostOf(
        'patch',
        rows.map(({ advisory, patchFor }) => ({ at: patchFor, advisories: [advisory] })),
      ),
      ...this.lostOf(
        'mitigate',
        rows.map(({ advisory, mitigateFor }) => ({ at: mitigateFor, advisories: [advisory] })),
      ),
      ...this.lostOf(
        'withdraw',
        this.mitigated().map(({ advisories, withdrawFor }) => ({ at: withdrawFor, advisories })),
      ),
    ];
  }

  private lostOf(doing: Doing, starts: { at: string | undefined; advisories: string[] }[]): Decision[] {
    const taken = this.input.taken.get(laneOf(this.policy.name, doing));
    const times = new Map<string, string[]>();
    for (const { at, advisories } of starts) {
      if (at === undefined || taken?.has(at) || this.input.now - Date.parse(at) < LOST_AFTER_MS) continue;
      times.set(at, [...new Set([...(times.get(at) ?? []), ...advisories])].toSorted());
    }
    const reason = 'its event was lost: sent again';
    return [...times].map(([scheduledFor, advisories]) => ({ action: 'again', doing, policy: this.policy.name, scheduledFor, advisories, reason }));
  }

  /** Advisories with nodes that a patch can close, on platforms that no rollout was started for. */
  private patch(): Decision[] {
    const due = this.reaches.filter((reach) => newPlatforms(reach, this.row(reach.advisory)).length > 0);
    if (due.length === 0) return [];
    if (this.policy.mode === 'observe')
      return this.tell(
        'observe',
        due.filter(({ advisory }) => this.row(advisory)?.state !== 'told'),
        '',
      );
    const running = this.running('patch');
    if (running) {
      const news = due.filter(({ advisory }) => this.row(advisory)?.rollout !== running.rollout);
      return this.tell('running', news, running.rollout);
    }
    const platforms = Object.fromEntries(due.map((reach) => [reach.advisory, newPlatforms(reach, this.row(reach.advisory))]));
    return [this.start('patch', due, { platforms, nodes: due.flatMap(({ fixable }) => fixable) })];
  }

  /** Nobody has a fix and nobody knows yet. What starts a rollout in this very look says so itself. */
  private withoutFix(): Decision[] {
    const news = this.reaches.filter((reach) => reach.fixable.length === 0 && this.row(reach.advisory) === undefined);
    return this.tell(
      'no-fix',
      news.filter(({ awaiting, blocked }) => awaiting.length + blocked.length > 0),
      '',
    );
  }

  private mitigate(): Decision[] {
    if (this.policy.whileNoFix === undefined || this.policy.mode === 'observe' || this.running('mitigate')) return [];
    const carrying = new Set(this.mitigated().map(({ node }) => node));
    const due = this.reaches.filter(
      ({ advisory, awaiting }) => awaiting.some((node) => !carrying.has(nodeKey(node))) && !this.triedToMitigate(advisory),
    );
    if (due.length === 0) return [];
    return [this.start('mitigate', due, { platforms: {}, nodes: due.flatMap(({ awaiting }) => awaiting) })];
  }

  /** One mitigation rollout an advisory: a verdict is final, and a node that could not take it is for a person. */
  private triedToMitigate(advisory: string): boolean {
    return this.row(advisory)?.mitigateFor !== undefined;
  }

  /** Nodes that carry the mitigation of advisories of which none reaches them any more; one thing that stands in at a time. */
  private withdraw(): Decision[] {
    // While patches are on their way more nodes come: people are asked once for all of them.
    if (this.policy.mode === 'observe' || this.running('withdraw') || this.running('mitigate') || this.running('patch')) return [];
    const mitigated = this.mitigated();
    const { fleet, exposures, fingerprintOf } = this.input;
    const carrying = new Set(mitigated.map(({ node }) => node));
    // What started it may meet no condition by now, and the node is exposed all the same.
    const nodes = fleet.filter((node) => carrying.has(nodeKey(node)));
    const open = openPairs(nodes, exposures, fingerprintOf);
    const unknown = new Set(nodes.filter((node) => fingerprintOf(node) === undefined).map(nodeKey));
    const free = mitigated.filter(({ node, advisories }) => !unknown.has(node) && advisories.every((advisory) => !open.has(`${advisory} ${node}`)));
    const waiting = free.filter(({ withdrawFor }) => withdrawFor === undefined);
    const due = waiting.filter((one) => carriedMeans(one) === carriedMeans(waiting[0]));
    if (due.length === 0) return [];
    const advisories = [...new Set(due.flatMap((one) => one.advisories))].toSorted();
    const reason = `${due.length} nodes are no longer exposed: what stood in for the fix is withdrawn`;
    return [{ action: 'withdraw', policy: this.policy.name, advisories, nodes: due.map(({ node }) => node).toSorted(), reason }];
  }

  private mitigated(): Mitigated[] {
    return this.input.mitigated.filter(({ policy }) => policy === this.policy.name);
  }

  /** The last node is closed. While its rollout still runs, the rollout's own end is waited for. */
  private close(): Decision[] {
    if (this.running('patch')) return [];
    const open = openOn(this.policy, this.input.exposures, this.input);
    const done = [...this.rows.values()].filter(({ state, advisory }) => state !== 'closed' && !open.has(advisory));
    if (done.length === 0) return [];
    const advisories = done.map(({ advisory }) => advisory).toSorted();
    return [{ action: 'close', policy: this.policy.name, advisories, reason: 'no node that the policy names is exposed any more' }];
  }

  private start(doing: 'patch' | 'mitigate', due: Reach[], { platforms, nodes }: { platforms: Record<string, string[]>; nodes: Node[] }): Decision {
    const advisories = due.map(({ advisory }) => advisory);
    const reason = [...new Set(due.map(({ because }) => because))].join('; ');
    return { action: 'start', doing, policy: this.policy.name, advisories, nodes: distinct(nodes), platforms, reason };
  }

  private tell(why: 'running' | 'observe' | 'no-fix', reaches: Reach[], rollout: string): Decision[] {
    if (reaches.length === 0) return [];
    const advisories = reaches.map(({ advisory }) => advisory);
    const reason = [...new Set(reaches.map(({ because }) => because))].join('; ');
    return [{ action: 'tell', why, policy: this.policy.name, advisories, nodes: distinct(reaches.flatMap(nodesOf)), rollout, reason }];
  }
}

/** What stands in there, as one text to compare. */
function carriedMeans(one: Mitigated | undefined): string {
  return JSON.stringify([one?.document, one?.by ?? '', one?.role ?? '']);
}

/** Platforms of nodes that a patch can close, without those that a rollout was started for. */
function newPlatforms(reach: Reach, row: Standing | undefined): string[] {
  const platforms = new Set(reach.fixable.map(platformOf));
  return [...platforms].filter((platform) => !(row?.platforms ?? []).includes(platform)).toSorted();
}

function nodesOf({ fixable, awaiting, blocked }: Reach): Node[] {
  return [...fixable, ...awaiting, ...blocked];
}

function distinct(nodes: Node[]): number {
  return new Set(nodes.map(nodeKey)).size;
}
