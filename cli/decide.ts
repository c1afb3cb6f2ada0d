/** A person's decision about a rollout: written into the record with the caller's ARN and reason, then the waiting machine is woken. */
import { createCallbacks } from '../lambdas/aws/callbacks.ts';
import { Doing, laneOf } from '../lambdas/core/triggers/types.ts';
import { askHub, callerArn, NoHub } from './hub.ts';
import { EXIT } from './run/messages.ts';
import type { HubOptions, OpenHub } from './hub.ts';
import type { Callbacks } from '../lambdas/aws/callbacks.ts';
import type { Record as WavelockRecord, RolloutRow } from '../lambdas/aws/record.ts';

export type Verb = 'approve' | 'resume' | 'abort';

export interface DecideOptions extends HubOptions {
  why: string;
}

interface Decision {
  verb: Verb;
  rollout: string;
  why: string;
  who: string;
  at: string;
}

/** Decides and tells what happened; answers the exit status. */
export async function decide(verb: Verb, rollout: string, options: DecideOptions): Promise<number> {
  const decided = await decideOn(verb, rollout, options).catch((error: unknown) => {
    if (error instanceof NoHub) return { problem: error.message };
    throw error;
  });
  if ('problem' in decided) return refuse(decided.problem);
  console.log(`${verb}: ${rollout}, recorded as decided by ${decided.who}`);
  return EXIT.succeeded;
}

/** Decides with the credentials of the environment. Answers who has decided, or why it can't be carried out. Throws `NoHub`. */
export async function decideOn(verb: Verb, rollout: string, options: DecideOptions): Promise<{ who: string } | { problem: string }> {
  if (options.why.trim() === '') return { problem: '--why is empty: the record must say why' };
  return askHub(options, 'OperatorsPolicy', async (hub) => {
    const { record } = hub;
    const row = await record.findRollout(rollout);
    if (!row) return { problem: `no rollout is called ${rollout}: ${await waitingWords(hub)}` };
    if (row.endedAt !== undefined) return { problem: `${rollout} has ended (${row.status}): there is nothing to ${verb}` };
    const who = await callerArn();
    const decision: Decision = { verb, rollout, why: options.why, who, at: new Date().toISOString() };
    const problem = await carryOut(decision, row, record, createCallbacks());
    return problem === undefined ? { who } : { problem };
  });
}

const LOOKED_AT = 5;

/** Which rollouts wait for a person, of the newest of each policy: a name is long, and easily cut when it is copied. */
async function waitingWords({ record, policies }: OpenHub): Promise<string> {
  const lanes = policies.flatMap((policy) => Doing.options.map((doing) => laneOf(policy, doing)));
  // Planning times that pass while a rollout waits have runs of their own, in which nothing is done.
  const newest = await Promise.all(lanes.map(async (lane) => (await record.runs(lane)).slice(-LOOKED_AT)));
  const rows = await Promise.all([...new Set(newest.flat().map(({ rollout }) => rollout))].map((id) => record.findRollout(id)));
  const waiting = rows.flatMap((row) => (row !== undefined && ['asked', 'held'].includes(row.status) ? [`${row.id} (${row.status})`] : []));
  return waiting.length === 0
    ? 'none waits for a decision now; its name stands in every message about it'
    : `what waits for a decision now is ${waiting.join(', ')}`;
}

/** Writes the decision before anything is woken by it. Answers why it can't be carried out, if so. */
export async function carryOut(decision: Decision, row: RolloutRow, record: WavelockRecord, callbacks: Callbacks): Promise<string | undefined> {
  const { verb, rollout, why, who, at } = decision;
  const waves = await record.waves(rollout);
  const held = waves.find((wave) => wave.parkedFor === 'hold' && wave.endedAt === undefined);
  if (verb === 'approve' && row.status !== 'asked') return `${rollout} does not ask for approval: it is ${row.status}`;
  if (verb === 'resume' && !held) return `${rollout} is not held: it is ${row.status}`;
  await record.putEvent({ rollout, at, what: verb, who, why, ...(held ? { wave: held.name } : {}) });
  if (verb === 'abort') {
    await record.setRollout(rollout, { stopped: `aborted by ${who}: ${why}` });
    // Read after that: a wave that has parked meanwhile did not know yet.
    const parked = await record.waves(rollout);
    const tokens = [row.taskToken, ...parked.filter((wave) => wave.endedAt === undefined).map((wave) => wave.taskToken)];
    for (const token of tokens) if (token !== undefined) await callbacks.wake(token, { woken: 'aborted' });
    return undefined;
  }
  if (verb === 'resume' && held) {
    await record.setWave(rollout, held.name, { accepted: `${who}: ${why}`, told: 'resumed' });
    return wake(held.taskToken, { woken: 'resumed' }, callbacks);
  }
  return wake(row.taskToken, { woken: 'approved' }, callbacks);
}

async function wake(token: string | undefined, output: { woken: string }, callbacks: Callbacks): Promise<string | undefined> {
  if (token === undefined) return 'nothing waits for this decision yet: try again in a minute';
  return (await callbacks.wake(token, output)) ? undefined : 'nothing waits for this decision any more: the wait is over';
}

function refuse(problem: string): number {
  console.error(problem);
  return EXIT.badInput;
}
