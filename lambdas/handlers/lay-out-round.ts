import { Terminal } from '../core/errors.ts';
import { locationKey } from '../core/model.ts';
import { patchParameters } from '../core/hooks.ts';
import { batchName, batchNumber, groupName } from '../core/names.ts';
import { grouped } from '../core/exposures/reconcile.ts';
import { decideRound } from '../core/round.ts';
import { trackKey, tracksKey } from '../core/keys.ts';
import { inTurns } from '../aws/turns.ts';
import { freeLeaked, settleLeft } from './left-behind.ts';
import { loadPlan } from './load.ts';
import { implement } from './implement.ts';
import { standInBatch, standsIn } from './stand-ins.ts';
import { keepWindow, unreadSince, windowNow } from './windows.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow, NodeRunRow, WaveRow } from '../aws/record.ts';
import type { TrackFile } from '../core/batch.ts';
import type { LaidOutBatch } from '../core/layout.ts';
import type { Plan, PlanWave } from '../core/plan.ts';
import type { RunState } from '../core/round.ts';

/** Pause before a round is laid out again of which nothing could be sent. */
const PAUSE_SECONDS = 900;
/** Twelve refusals weigh as much as three commands that were sent. */
const REFUSED_WEIGHT = 0.25;

type Phase = 'patch' | 'verify';
type Locks = Record<string, { sha256: string; urls: Record<string, string> }>;

/** Looks at the facts of now and lays out the next round, or says to wait, or to judge. */
export const handler = implement('LayOutRound', async ({ rollout, wave: name, phase }, deps) => {
  const { row, plan } = await loadPlan(rollout, deps);
  const wave = plan.waves.find((candidate) => candidate.name === name);
  const rules = plan.policy.waves.find((candidate) => candidate.name === name);
  if (!wave || !rules) throw new Terminal(`the plan has no wave ${name}`);
  const group = groupName(rollout, name);
  const nothing = { seconds: 0, tracks: 0, bucket: deps.store.bucket, key: '' };
  if (phase === 'verify' && standsIn(plan)) return { ...nothing, action: 'judge', reason: 'a document of yours has no second look' };
  const pause = await settleLeft(await deps.record.batchesOf(group), deps);
  if (pause) return { ...nothing, action: 'wait', ...pause };
  const [state, runs, batches] = await Promise.all([deps.record.wave(rollout, name), deps.record.nodeRuns(group), deps.record.batchesOf(group)]);
  const last = (phase === 'patch' ? state.rounds : state.verifyRounds) ?? 0;
  const begun = batches.filter((batch) => batch.number.startsWith(`${phase[0]}${last}-`));
  const idle = last > 0 && !begun.some((batch) => batch.status !== 'refused' && batch.status !== 'lost');
  // Asked again before anything was admitted: the same round under the same keys. Refused batches have names of their own.
  const round = last > 0 && begun.length === 0 ? last : last + 1;
  // A second look changes nothing: it needs no window.
  const planned = rules.window === undefined || phase === 'verify' ? undefined : plan.windows[rules.window];
  const window = await windowNow(planned, deps);
  const decision = decideRound({
    phase,
    plan: wave,
    rules,
    window,
    unreadSince: unreadSince(window, state, deps.now()),
    runs: runStates(wave, { runs, batches, phase, since: state.soakSince ?? '' }),
    ...(await heartbeats(wave, deps)),
    round,
    stopped: row.stopped,
    accepted: state.accepted !== undefined,
    now: deps.now(),
  });
  await keepWindow({ rollout, row: state, planned, window, closed: decision.action === 'judge' ? decision.closed : undefined }, deps);
  await recordSilent({ group, wave, silent: decision.silent }, deps);
  if (decision.action === 'judge') return { ...nothing, action: 'judge', reason: decision.reason };
  if (decision.action === 'wait') return { ...nothing, action: 'wait', seconds: decision.seconds, reason: decision.reason };
  if (idle && state.idle === true) {
    // Twice nothing began (reserved by another rollout, refused by SSM): a third time at once would only spin.
    await freeLeaked(rollout, wave, batches, deps);
    await deps.record.setWave(rollout, name, { idle: false });
    return { ...nothing, action: 'wait', seconds: PAUSE_SECONDS, reason: 'nothing could be sent in two rounds: trying again' };
  }
  const key = await putRound({ plan, wave, phase, round, tracks: decision.tracks, state }, deps);
  await deps.record.setWave(rollout, name, { idle, ...(phase === 'patch' ? { rounds: round } : { verifyRounds: round }) });
  return { ...nothing, action: 'run', tracks: decision.tracks.length, key, reason: decision.reason };
});

/** What the record holds of a wave's nodes. `since`: when its soak began, empty where it has not; looks before that say nothing of what it did. */
interface Told {
  runs: NodeRunRow[];
  batches: BatchRow[];
  phase: Phase;
  since: string;
}

/**
 * How often a node was really asked in this phase. Refused and lost batches never began, so they do not count; but a node whose batches
 * SSM keeps refusing is given up in the end, and has no outcome: the wave is then held.
 */
function runStates(wave: PlanWave, { runs, batches, phase, since }: Told): Map<string, RunState> {
  const byNode = new Map(runs.map((run) => [run.node, run]));
  const attempts = new Map<string, number>();
  for (const batch of batches) {
    if (batch.number[0] !== phase[0]) continue;
    const weight = batch.status === 'refused' || batch.status === 'lost' ? REFUSED_WEIGHT : 1;
    for (const node of batch.nodes) attempts.set(node, (attempts.get(node) ?? 0) + weight);
  }
  return new Map(
    wave.nodes.map(({ id }) => {
      const run = byNode.get(id);
      return [
        id,
        { node: id, outcome: run?.outcome, attempts: attempts.get(id) ?? 0, verified: run?.verifiedAt !== undefined && run.verifiedAt >= since },
      ];
    }),
  );
}

async function heartbeats(wave: PlanWave, deps: Dependencies): Promise<{ online: Set<string>; lastPings: Map<string, number> }> {
  const byLocation = grouped(wave.nodes, ({ location }) => locationKey(location));
  const found = await Promise.all(
    [...byLocation.values()].map(async ([first, ...rest]) =>
      first
        ? deps.fleet.pings(
            first.location,
            [first, ...rest].map((node) => node.id),
          )
        : new Map<string, { online: boolean; lastPing: number | undefined }>(),
    ),
  );
  const pings = found.flatMap((one) => [...one]);
  return {
    online: new Set(pings.filter(([, { online }]) => online).map(([id]) => id)),
    lastPings: new Map(pings.flatMap(([id, { lastPing }]) => (lastPing === undefined ? [] : [[id, lastPing] as const]))),
  };
}

/** Nodes without a heartbeat are unreachable without a command; silence is written down like any other outcome. */
async function recordSilent({ group, wave, silent }: { group: string; wave: PlanWave; silent: string[] }, deps: Dependencies): Promise<void> {
  const endedAt = new Date(deps.now()).toISOString();
  const platforms = new Map(wave.nodes.map(({ id, platform }) => [id, platform]));
  await inTurns(silent, async (node) => {
    const platform = platforms.get(node) ?? 'unknown';
    await deps.record.putNodeRun({ group, node, platform, outcome: 'unreachable', reason: 'no heartbeat: no command was sent', endedAt });
  });
}

interface Round {
  plan: Plan;
  wave: PlanWave;
  phase: Phase;
  round: number;
  tracks: LaidOutBatch[][];
  state: WaveRow;
}

async function putRound(round: Round, deps: Dependencies): Promise<string> {
  const group = groupName(round.plan.rollout, round.wave.name);
  const label = `${round.phase[0]}${round.round}`;
  const items: { key: string; batches: number }[] = [];
  for (const [track, batches] of round.tracks.entries()) {
    const file = trackFile(round, track, batches);
    await deps.store.putJson(trackKey(group, label, track), file);
    items.push({ key: trackKey(group, label, track), batches: file.batches.length });
  }
  await deps.store.putJson(tracksKey(group, label), items);
  return tracksKey(group, label);
}

function trackFile({ plan, wave, phase, round, state }: Round, track: number, batches: LaidOutBatch[]): TrackFile {
  const group = groupName(plan.rollout, wave.name);
  const rules = plan.policy.waves.find((candidate) => candidate.name === wave.name) ?? null;
  return {
    purpose: standsIn(plan) ? 'mitigate' : phase,
    group,
    rollout: plan.rollout,
    wave: wave.name,
    rules,
    window: (rules?.window === undefined ? null : plan.windows[rules.window]) ?? null,
    total: wave.nodes.length,
    batches: batches.map((batch, index) => {
      const where = locationKey(batch.location);
      const id = batchName({ group, number: batchNumber(phase, round, track, index) });
      if (standsIn(plan)) return standInBatch(plan, batch, id);
      const document = plan.documents[where]?.[`${phase}-${batch.os}`];
      const lock = (state.locks as Locks | undefined)?.[batch.variant];
      const LockUrl = lock?.urls[where];
      if (!document || !lock || !LockUrl) throw new Terminal(`no ${phase} document or lock for ${batch.os} nodes in ${where}`);
      return {
        id,
        location: batch.location,
        os: batch.os,
        nodes: batch.nodes,
        document,
        parameters: { LockUrl, LockSha256: lock.sha256, ...(phase === 'patch' ? patchParameters(plan.policy) : {}) },
        lock: lock.sha256,
      };
    }),
  };
}
