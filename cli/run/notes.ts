/** What went wrong on the way and was handled, in a sentence each: people believe a run that tells it. */
import type { BatchRow, NodeRunRow } from '../../lambdas/aws/record.ts';
import type { PlanWave } from '../../lambdas/core/plan.ts';

interface NoteInput {
  wave: PlanWave;
  runs: NodeRunRow[];
  batches: BatchRow[];
  now: number;
}

/** Notes of one wave so far; the same facts give the same words, so that each is told once. */
export function notesOf({ wave, runs, batches, now }: NoteInput): { at: number; text: string }[] {
  const names = new Map(wave.nodes.map((node) => [node.id, node.name]));
  const name = (id: string) => names.get(id) ?? id;
  const lost = batches.filter((batch) => batch.purpose !== 'scan' && batch.status === 'settled' && batch.done === undefined);
  const silent = runs.filter((run) => run.outcome === 'unreachable');
  const others = runs.filter((run) => ['failed', 'ahead', 'unknown', 'reboot-pending'].includes(run.outcome));
  return [
    ...lost.map((batch) => ({ at: now, text: `the event of batch ${batch.number} never came: found by looking, nothing was sent twice` })),
    ...silent.map((run, index) => ({ at: Date.parse(run.endedAt), text: `${name(run.node)} ${run.reason}: unreachable ${index + 1} of ${wave.unreachableLimit} allowed` })),
    ...others.map((run) => ({ at: Date.parse(run.endedAt), text: `${name(run.node)}: ${run.outcome}, ${run.reason}` })),
  ];
}
