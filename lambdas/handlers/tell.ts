/** Tells people about one final transition, once, each audience what it asked for; and writes down that it was decided, by whom and why. */
import { changesNodes } from '../core/batch.ts';
import { countOutcomes } from '../core/judge.ts';
import { groupName } from '../core/names.ts';
import { writeNotice } from '../core/notices.ts';
import { keepTicket, momentsOf } from './tell-alert.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { Outcome } from '../core/model.ts';
import type { NodeRunRow } from '../aws/record.ts';
import type { RolloutEvent } from '../core/notices.ts';
import type { Plan } from '../core/plan.ts';
import type { Alert } from '../core/triggers/types.ts';

export interface Telling {
  event: RolloutEvent;
  plan: Plan;
  wave: string;
  reasons: string[];
  lock: string;
  /** CVEs that were closed on at least one of its nodes; left out where it is not over. */
  cvesClosed?: number;
}

/** Outcomes after which a person has to look: an update from elsewhere is one, for nobody has proven it. */
const WANTS_PERSON: readonly Outcome[] = ['failed', 'unknown', 'unreachable', 'ahead'];

/** Publishes to every audience that the policy names for this event. A topic that fails is retried by the task; it never loses the verdict. */
export async function tell({ event, plan, wave, reasons, lock, cvesClosed = 0 }: Telling, deps: Dependencies): Promise<void> {
  const runs = new Map<string, NodeRunRow[]>();
  for (const planned of plan.waves) runs.set(planned.name, await deps.record.nodeRuns(groupName(plan.rollout, planned.name)));
  const sent = await sentCounts(plan, deps);
  const shown = event === 'done' ? [...runs.values()].flat() : (runs.get(wave) ?? []);
  const names = new Map(plan.waves.flatMap((planned) => planned.nodes.map((node) => [node.id, node.name] as const)));
  const window = plan.waves.find((planned) => planned.name === wave)?.window ?? plan.waves.find((planned) => planned.window)?.window;
  // What the first wave's nodes hold is what the others are measured by.
  const later = plan.waves.slice(1);
  const notice = writeNotice({
    event,
    doing: plan.doing,
    policy: plan.policy.name,
    rollout: plan.rollout,
    wave,
    reasons,
    waves: plan.waves.map((planned) => ({ name: planned.name, nodes: planned.nodes.length, sent: sent.get(planned.name) ?? 0 })),
    outcomes: countOutcomes(shown),
    lock: lock.slice(0, 12),
    needPerson: shown
      .filter((run) => WANTS_PERSON.includes(run.outcome))
      .map((run) => ({ name: names.get(run.node) ?? run.node, reason: run.reason })),
    ahead: later
      .flatMap(({ name }) => runs.get(name) ?? [])
      .filter(({ outcome }) => outcome === 'ahead')
      .map(({ node }) => names.get(node) ?? node),
    cvesClosed,
    now: deps.now(),
    timezone: window?.timezone ?? plan.policy.plan?.timezone ?? 'UTC',
  });
  for (const [audience, events] of Object.entries(plan.policy.tell)) {
    if (events.includes(event)) await deps.notices.publish(audience, notice, { event, rollout: plan.rollout, wave });
  }
  await deps.record.putEvent({
    rollout: plan.rollout,
    at: new Date(deps.now()).toISOString(),
    what: event,
    wave,
    who: 'wavelock',
    why: reasons.join('; '),
  });
  if (plan.because) await noteInTicket(plan, plan.because, deps);
}

/** Whoever works with tickets reads there what everybody else is told; one that is resolved stays so. */
async function noteInTicket({ policy, rollout }: Plan, alert: Alert, deps: Dependencies): Promise<void> {
  const row = await deps.record.ticket(policy.name, alert.subject);
  if (!row || row.resolvedAt !== undefined) return;
  const timeline = await momentsOf(rollout, deps);
  await keepTicket({ policy: policy.name, alert, status: 'InProgress', rollout, timeline }, deps);
}

/** How many nodes of each wave a command was sent to that changes them: what "not touched" means. */
async function sentCounts(plan: Plan, deps: Dependencies): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name } of plan.waves) {
    const batches = await deps.record.batchesOf(groupName(plan.rollout, name));
    const sent = batches.filter(
      (batch) => changesNodes(batch.purpose) && (batch.status === 'sent' || batch.status === 'sending' || batch.status === 'settled'),
    );
    counts.set(name, new Set(sent.flatMap((batch) => batch.nodes)).size);
  }
  return counts;
}
