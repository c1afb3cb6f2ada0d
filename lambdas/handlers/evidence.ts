/** Gathers what the record holds of a rollout into its result, in the words of `core/result.ts`. */
import { z } from 'zod';
import { readClosures } from '../aws/exposures.ts';
import { itemKey } from '../core/candidate.ts';
import { Retryable } from '../core/errors.ts';
import { cvesClosedOn } from '../core/exposures/closed-on.ts';
import { nodeKey } from '../core/exposures/types.ts';
import { groupName } from '../core/names.ts';
import { changedItems } from '../core/proof.ts';
import { makeResult } from '../core/result.ts';
import { classify } from './implement.ts';
import { loadLock, loadReports } from './load.ts';
import { readingsOf } from './windows.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { NodeRunRow, RolloutRow, WaveRow } from '../aws/record.ts';
import type { Lock } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import type { RolloutResult, RunFacts, WaveFacts } from '../core/result.ts';
import type { StoredReport } from './load.ts';

const Dropped = z.array(z.object({ platform: z.string(), name: z.string(), why: z.string() })).catch([]);

/** The result as it stands now: final when the rollout has ended, a snapshot before. */
export async function gatherResult(
  row: RolloutRow,
  plan: Plan,
  end: { status: RolloutResult['status']; reason: string },
  deps: Dependencies,
): Promise<RolloutResult> {
  const rows = new Map((await deps.record.waves(plan.rollout)).map((wave) => [wave.name, wave]));
  const waves = new Map<string, WaveFacts>();
  const runs = new Map<string, Map<string, RunFacts>>();
  for (const { name } of plan.waves) {
    const wave = rows.get(name);
    if (!wave) continue;
    waves.set(name, await waveFacts(wave, deps));
    runs.set(name, await runFacts(plan.rollout, name, deps));
  }
  const recorded = await recordedClosed(plan, runs, deps);
  return makeResult({ plan, planKey: row.planKey ?? '', ...end, waves, runs, recorded });
}

/**
 * CVEs that the record saw closed on the nodes, whoever names them: the metadata of apt and of many a repository names none. An error of ours here
 * must not keep a rollout from ending.
 */
async function recordedClosed(plan: Plan, runs: ReadonlyMap<string, Map<string, RunFacts>>, deps: Dependencies): Promise<Map<string, string[]>> {
  const worked = plan.waves.flatMap(({ name, nodes }) =>
    nodes.flatMap((node): [string, string][] => {
      const startedAt = runs.get(name)?.get(node.id)?.startedAt ?? '';
      return startedAt === '' ? [] : [[nodeKey(node), startedAt]];
    }),
  );
  const [first] = worked.map(([, at]) => at).toSorted();
  if (first === undefined) return new Map();
  try {
    const closures = await readClosures(deps.store, first.slice(0, 10));
    return cvesClosedOn({ closures, rollout: plan.rollout, began: new Map(worked) });
  } catch (error) {
    const known = classify(error);
    if (known instanceof Retryable) throw known;
    deps.log.error('what was closed could not be read: the result names only what the updates name themselves', known);
    return new Map();
  }
}

async function waveFacts(wave: WaveRow, deps: Dependencies): Promise<WaveFacts> {
  const lock = wave.lock === undefined ? undefined : await loadLock(wave.lock, deps);
  return {
    verdict: wave.verdict,
    reasons: wave.reasons ?? [],
    startedAt: wave.startedAt ?? '',
    endedAt: wave.endedAt ?? '',
    lock: wave.lock ?? '',
    dropped: Dropped.parse(wave.dropped),
    windows: readingsOf(wave),
    items: (lock?.platforms ?? []).flatMap((section) => section.items.map((item) => `${section.platform} ${itemKey(item)}`)),
  };
}

/** How each node of a wave ended, with what its report says that it changed. By node id. */
export async function runFacts(rollout: string, wave: string, deps: Dependencies): Promise<Map<string, RunFacts>> {
  const group = groupName(rollout, wave);
  const runs = await deps.record.nodeRuns(group);
  const batchOf = new Map(runs.map(({ node, batch }) => [node, batch]));
  const facts = new Map(runs.map((run) => [run.node, plainRun(run)]));
  // Nodes that were alike changed alike: they share one list, of thousands of nodes there are a few hundred.
  const lists = new Map<string, RunFacts['changes']>();
  const batches = (await deps.record.batchesOf(group)).filter((batch) => batch.purpose === 'patch');
  for (const batch of batches) {
    const id = `${batch.group}-${batch.number}`;
    for (const report of await loadReports(id, deps)) {
      const run = facts.get(report.node);
      if (!run || batchOf.get(report.node) !== id) continue;
      const key = JSON.stringify([report.lock, report.platform, report.n > 0, report.from, report.bad]);
      const changes = lists.get(key) ?? changesIn(report, await loadLock(report.lock, deps));
      lists.set(key, changes);
      run.changes = changes;
    }
  }
  return facts;
}

/** A node that refused or failed before the install changed nothing, whatever its list of versions says. */
function changesIn(report: StoredReport, lock: Lock): RunFacts['changes'] {
  const section = lock.platforms.find((candidate) => candidate.platform === report.platform);
  const installed = report.n > 0 ? changedItems(report, section?.items ?? []) : [];
  return installed.map(({ item, change }) => ({ key: itemKey(item), ...change }));
}

function plainRun(run: NodeRunRow): RunFacts {
  return {
    outcome: run.outcome,
    reason: run.reason,
    ...(run.platform === undefined ? {} : { platform: run.platform }),
    rebooted: run.rebooted ?? false,
    startedAt: run.startedAt ?? '',
    endedAt: run.endedAt,
    changes: [],
  };
}
