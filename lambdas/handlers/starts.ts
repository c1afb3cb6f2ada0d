/** What is known about exposures and about what was started for them, as the tasks that start, plan and tell read it. */
import { Terminal } from '../core/errors.ts';
import { nodeKey } from '../core/exposures/types.ts';
import { rolloutName } from '../core/names.ts';
import { laneOf } from '../core/triggers/types.ts';
import { loadExploited } from '../aws/knowledge.ts';
import { readOpenExposures } from '../aws/exposures.ts';
import { sha256 } from '../aws/store.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { RolloutRow } from '../aws/record.ts';
import type { KnownExploited } from '../core/advisory.ts';
import type { OpenExposure } from '../core/exposures/types.ts';
import type { Node } from '../core/model.ts';
import type { CountedFleet } from '../core/triggers/reach.ts';
import type { Doing } from '../core/triggers/types.ts';

/** The fleet and what it is exposed to, as it was last reckoned. */
export interface View extends CountedFleet {
  exposures: OpenExposure[];
  exploited: Map<string, KnownExploited>;
}

/** `wanted`: the exposures that it is about; a large fleet has more than are read into memory for nothing. */
export async function loadView(deps: Dependencies, wanted: (exposure: OpenExposure) => boolean): Promise<View> {
  const standings = (await Promise.all(deps.setting('LOCATIONS').map((location) => deps.record.standings(location)))).flat();
  const counted = new Map(standings.flatMap(({ node, judged }) => (judged === undefined ? [] : [[nodeKey(node), judged] as const])));
  const [summary, exploited] = await Promise.all([readOpenExposures(deps.store, wanted), loadExploited(deps)]);
  // Nothing to read is not the same as nothing open: whatever is carried would be taken back, and tickets resolved.
  if (!summary && counted.size > 0) throw new Terminal('nodes were judged, but the list of what they are exposed to is not there: run an intake');
  return {
    fleet: standings.map(({ node }) => node),
    fingerprintOf: (node: Node) => counted.get(nodeKey(node)),
    exposures: summary?.exposures ?? [],
    exploited,
  };
}

/** What a rollout is called that is planned for this time: whoever starts it, plans it or looks for it comes to the same name. */
export function rolloutId(policy: string, doing: Doing, scheduledFor: string): string {
  return rolloutName(policy, scheduledFor, sha256(`${laneOf(policy, doing)} ${scheduledFor}`));
}

/** Rollouts of one lane, the newest of them: an older one that had not ended would have kept these from being planned. */
const NEWEST = 10;

export interface Lane {
  /** The rollout that has not ended, if there is one. */
  running: RolloutRow | undefined;
  /** Planned times that an execution has taken. */
  taken: Set<string>;
}

/** What runs, and what has run, of a policy: patches, and what stands in for them, do not wait for each other. */
export async function loadLane(policy: string, doing: Doing, deps: Dependencies, except = ''): Promise<Lane> {
  const runs = await deps.record.runs(laneOf(policy, doing));
  const newest = runs.toSorted((a, b) => (a.scheduledFor < b.scheduledFor ? 1 : -1)).slice(0, NEWEST);
  const rows = await Promise.all(newest.filter(({ rollout }) => rollout !== except).map(({ rollout }) => deps.record.findRollout(rollout)));
  const running = rows.find((row) => row !== undefined && row.endedAt === undefined && row.status !== 'nothing');
  return { running, taken: new Set(runs.map(({ scheduledFor }) => scheduledFor)) };
}
