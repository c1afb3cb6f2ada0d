/**
 * How a step of Wavelock-Patch works on a batch: it enters a phase, does its work, and says how that ended. Claim and Install are the
 * same on all platforms.
 */
import type { LockItem } from '../../lambdas/core/model.ts';
import { beginBatch, downloadedLock, enter, isHeld, say, sweepBatches, takeDownloadedLock, type Batch, type Phase, type Reason } from './batches.ts';
import { between } from './chance.ts';
import { EXIT } from './document-flow.ts';
import { endHook, writeFrames } from './hooks.ts';
import type { Host } from './host.ts';
import { lockSection } from './lock-stand.ts';
import type { StepContext, StepExit } from './plugins.ts';
import { sha256Of } from './texts.ts';

/** Steps exit 0 whatever becomes of their phase: the report tells. */
export const OK: StepExit = { code: 0 };

/** Thrown within a phase to end it with a state; `phase` catches it. */
export class Ends extends Error {
  constructor(
    readonly said: 'refused' | 'failed',
    readonly why: Reason,
    detail: string,
  ) {
    super(detail);
  }
}

type Work = (batch: Batch) => Promise<void>;

/** Runs a phase: what it throws as `Ends` becomes the batch's state, else it says `ok`. The step itself always exits 0. */
export async function phase(context: StepContext, [before, name]: [Phase, Phase], work: Work): Promise<StepExit> {
  const batch = enter(context, before, name);
  if (batch) await settle(context, batch, name, work);
  return OK;
}

async function settle({ process }: StepContext, batch: Batch, name: Phase, work: Work): Promise<void> {
  try {
    await work(batch);
    say(batch, process.now(), { phase: name, said: 'ok' });
  } catch (error) {
    if (!(error instanceof Ends)) throw error;
    say(batch, process.now(), { phase: name, said: error.said, why: error.why, detail: error.message });
  }
}

/** One batch runs once on a node: a second delivery finds the directory and exits 168. */
export async function claim(context: StepContext): Promise<StepExit> {
  const { host, process, parameters } = context;
  const id = parameters.BatchId ?? '';
  await process.sleep(1);
  if (host.batches.has(id)) return { code: EXIT.success };
  const batch = beginBatch(host, id, parameters.LockSha256 ?? '', process.now());
  await settle(context, batch, 'claim', async () => {
    if (downloadedLock(host, id) === undefined) await process.sleep(2);
    batch.lock = takeDownloadedLock(host, id);
    if (batch.lock === undefined) {
      throw new Ends(
        'refused',
        'lock-unreachable',
        'the lock could not be downloaded from S3: the node needs s3:GetObject on the lock bucket and a route to S3 in its Region',
      );
    }
    sweepBatches(host, process.now());
    writeFrames(host, batch, parameters);
  });
  return OK;
}

/** The items of the lock for this platform. @throws Ends `lock-mismatch` or `no-platform` */
export function checkedItems(host: Host, batch: Batch): LockItem[] {
  const text = batch.lock ?? '';
  if (sha256Of(text) !== batch.sha256) throw new Ends('refused', 'lock-mismatch', 'the downloaded lock is not the one that the plan names');
  const { platform } = host.platform;
  const section = lockSection(text, platform);
  if (!section) throw new Ends('refused', 'no-platform', `the lock has nothing for ${platform}`);
  return section.items;
}

/** Another batch whose transaction runs on this node. */
export function otherInstalling(host: Host, batch: Batch): Batch | undefined {
  return [...host.batches.values()].find((other) => other !== batch && other.transaction?.state === 'running');
}

/** Starts the transaction on its own and waits for its result; a step that is run again goes on waiting. */
export async function install(context: StepContext): Promise<StepExit> {
  const batch = context.host.batches.get(context.parameters.BatchId ?? '');
  if (batch?.phase === 'install' && batch.said === 'running' && !isHeld(batch)) {
    batch.worker = context.process;
    await settle(context, batch, 'install', () => awaitTransaction(context, batch));
    return OK;
  }
  if (batch) endHook(batch, 'before', context.process.now());
  return phase(context, ['before', 'install'], async (entered) => {
    if (entered.wanted.length === 0) return;
    say(entered, context.process.now(), { phase: 'install', said: 'running' });
    entered.transaction = context.host.install(entered.plan, installSeconds(context.host, entered));
    await awaitTransaction(context, entered);
  });
}

async function awaitTransaction({ process }: StepContext, { transaction }: Batch): Promise<void> {
  if (!transaction) throw new Ends('failed', 'install-failed', 'the transaction could not be started');
  await process.until(transaction.ends);
  await process.sleep(1);
  if (transaction.state === 'failed') throw new Ends('failed', 'install-failed', transaction.message);
}

/** Two minutes for a little, twelve for much; Windows takes twice as long and more. */
function installSeconds(host: Host, { id, plan }: Batch): number {
  if (host.installSeconds !== undefined) return host.installSeconds;
  const share = host.chance('install', id);
  if (host.platform.os === 'windows') return between(share, 480, 1_500);
  return Math.min(720, Math.round((90 + 30 * plan.length) * (0.8 + 0.4 * share)));
}
