/** Runs a function or a runbook that stands in for a fix, once for a batch. What a command's IAM condition sees to is asked here. */
import { parseLocation } from '../core/model.ts';
import { readAnswer } from '../core/triggers/function-answer.ts';
import { EXECUTION_SECONDS } from '../core/batch.ts';
import { CALL_SECONDS } from '../core/triggers/stand-in.ts';
import { loadPlan } from './load.ts';
import { actionOf } from './stand-ins.ts';
import type { SendResult } from '../aws/commands.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { BatchRow } from '../aws/record.ts';
import type { Pin } from '../core/pin.ts';
import type { Plan } from '../core/plan.ts';
import type { FunctionEvent } from '../core/triggers/function-answer.ts';

/** The batch's row is ours (`claimSending`), so this comes at most once. `expiresAt` of the answer is also what was written beforehand. */
export async function sendStandIn(row: BatchRow, pin: Pin, deps: Dependencies): Promise<SendResult> {
  const ready = await prepare(row, pin, deps);
  const result = 'sent' in ready ? ready : pin.by === 'lambda' ? await callFunction(ready, deps) : await startRunbook(ready, deps);
  // Production gets what was proven: as with an edited document nothing more is sent, and a person decides what to make of it.
  if (result.sent === false && result.changed && row.rollout !== undefined) await deps.record.setRollout(row.rollout, { stopped: result.refused });
  return result;
}

interface Ready {
  row: BatchRow;
  pin: Pin;
  plan: Plan;
}

/** Everything that is looked up before the call: a fault here proves that nothing began. */
async function prepare(row: BatchRow, pin: Pin, deps: Dependencies): Promise<Ready | SendResult> {
  try {
    const stranger = await withoutTag(row, deps);
    if (stranger !== undefined) return { sent: false, refused: `${stranger} does not carry the opt-in tag` };
    if (pin.by === 'lambda' && (await deps.functions.codeOf(pin)) !== pin.hash) {
      return { sent: false, refused: `function ${pin.name} was changed since the plan: its version ${pin.version} has other code`, changed: true };
    }
    const { plan } = await loadPlan(row.rollout ?? '', deps);
    return { row, pin, plan };
  } catch (error) {
    const { name, message } = error as Error;
    return { sent: false, refused: `${name}: ${message}` };
  }
}

/** IAM cannot be asked about nodes where a function or a runbook is started (Service Authorization Reference, Lambda and Systems Manager). */
async function withoutTag(row: BatchRow, deps: Dependencies): Promise<string | undefined> {
  const carrying = await deps.fleet.carrying(parseLocation(row.location), row.nodes, deps.setting('OPT_IN_TAG'));
  return row.nodes.find((node) => !carrying.has(node));
}

async function startRunbook({ row, pin }: Ready, deps: Dependencies): Promise<SendResult> {
  const expiresAt = (row.sentAt ?? deps.now()) + EXECUTION_SECONDS.mitigate[row.os] * 1_000;
  await deps.record.setBatch(nameOf(row), { expiresAt });
  const request = { batch: nameOf(row), location: parseLocation(row.location), nodes: row.nodes, pin, action: actionOf(row) };
  const result = await deps.runbooks.start(request);
  return result.sent === true ? { ...result, expiresAt } : result;
}

async function callFunction({ row, pin, plan }: Ready, deps: Dependencies): Promise<SendResult> {
  // Whoever looks later knows from when on no answer can come and nothing runs any more.
  const expiresAt = deps.now() + ((pin.seconds ?? 0) + 2 * CALL_SECONDS.patience) * 1_000;
  await deps.record.setBatch(nameOf(row), { expiresAt });
  const result = await deps.functions.call(pin, eventOf(row, plan));
  if (result.called === false) return { sent: false, refused: result.refused };
  if (result.called === 'unclear') return { sent: 'unclear', reason: result.reason };
  await deps.record.setBatch(nameOf(row), { told: readAnswer(result, row.nodes), done: result.failed ? 'Failed' : 'Success' });
  return { sent: true, commandId: '', expiresAt };
}

function eventOf(row: BatchRow, plan: Plan): FunctionEvent {
  const { account, region } = parseLocation(row.location);
  const known = new Map(plan.waves.flatMap(({ nodes }) => nodes).map((node) => [node.id, node]));
  const advisories = plan.because?.advisories ?? [];
  const named = [...new Set(advisories.flatMap(({ cves }) => cves))].toSorted();
  const subject = plan.because?.subject ?? '';
  return {
    version: 1,
    id: nameOf(row),
    action: actionOf(row) === 'withdraw' ? 'withdraw' : 'apply',
    policy: plan.policy.name,
    rollout: plan.rollout,
    wave: row.wave ?? '',
    // What is closed by now is known by its name only.
    cves: named.length === 0 && subject.startsWith('CVE-') ? [subject] : named,
    advisories: advisories.map(({ advisory }) => advisory).toSorted(),
    nodes: row.nodes.map((id) => ({
      id,
      name: known.get(id)?.name ?? id,
      account,
      region,
      os: row.os,
      platform: known.get(id)?.platform ?? 'unknown',
    })),
  };
}

function nameOf({ group, number }: BatchRow): string {
  return `${group}-${number}`;
}
