/** What went wrong on the way and was handled, in a sentence each: people believe a run that tells it. */
import type { BatchRow, NodeRunRow } from '../../lambdas/aws/record.ts';
import type { PlanWave } from '../../lambdas/core/plan.ts';

const NAMED = 5;
const WORTH_TELLING: NodeRunRow['outcome'][] = ['unreachable', 'failed', 'unknown', 'ahead', 'reboot-pending'];

/** Of batches that no note has spoken of yet: one that settled although its event never came was found by the heartbeat. */
export function lostEvents(batches: BatchRow[]): string[] {
  const lost = batches.filter((batch) => batch.purpose !== 'scan' && batch.status === 'settled' && batch.done === undefined);
  const [first] = lost;
  if (!first) return [];
  const what = lost.length === 1 ? `the event of batch ${first.number} never came` : `the events of ${lost.length} batches never came`;
  return [`${what}: found by looking, nothing was sent twice`];
}

/** Notes of a wave that has a verdict: nodes that ended alike share one. */
export function nodeNotes(wave: PlanWave, runs: NodeRunRow[]): string[] {
  const names = new Map(wave.nodes.map((node) => [node.id, node.name]));
  const alike = new Map<string, NodeRunRow[]>();
  for (const run of runs.filter((one) => WORTH_TELLING.includes(one.outcome))) {
    const key = `${run.outcome}: ${run.reason}`;
    alike.set(key, [...(alike.get(key) ?? []), run]);
  }
  return [...alike].map(([key, group]) => `${listOf(group.map((run) => names.get(run.node) ?? run.node))} ${key}`);
}

function listOf(names: string[]): string {
  const shown = names.toSorted().slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}
