/** The verdicts of `linux/report.sh` on a simulated node. */
import { isHeld, takeDownloadedLock, type Batch } from './batches.ts';
import { between } from './chance.ts';
import type { Stand } from './lock-stand.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';
import {
  NOTHING_WRITTEN,
  askedItems,
  batchesOf,
  compare,
  hookLeftUndone,
  judgeHook,
  ownReason,
  printReport,
  servicesDown,
  verifyFailed,
  type Comparison,
  type Verdict,
} from './reports.ts';

export const reportLinuxSteps: Behaviours = {
  'Patch-Linux/Report': patchReport,
  'Verify-Linux/Report': verifyReport,
};

/** A batch of which something was heard so lately (ms) is not over: between two steps nobody works. */
const LATELY = 120_000;
/** Seconds that services get to come up (`wl_grace` in the documents); three times as long after a reboot. */
const GRACE = 60;

/** What a verdict about the node itself needs. */
interface Seen {
  /** The batch that knows what was there before. */
  origin: Batch | undefined;
  /** The newest batch of this lock, which knows why something is missing. */
  last: Batch | undefined;
  comparison: Comparison | undefined;
}

/** Tells how its own batch ended. */
async function patchReport(context: StepContext): Promise<StepExit> {
  const { host, process, parameters } = context;
  const id = parameters.BatchId ?? '';
  await process.sleep(between(host.chance('report', id), 2, 5));
  const origin = host.batches.get(id);
  const comparison = origin?.items && compare(host, origin.items, origin);
  const down: string[] = [];
  let verdict: Verdict | undefined = origin ? undefined : NOTHING_WRITTEN;
  if (origin) verdict = (comparison && judgeWork(origin, origin, process.now())) ?? judgeSteps(origin, process.now());
  verdict ??= await judgeNode(context, { origin, last: undefined, comparison }, down);
  takeDownloadedLock(host, id);
  return printReport(context, 'patch', { verdict, origin, comparison, rebooted: origin?.rebooted ?? false, down });
}

/** Judges what is, and looks the batches of the same lock up for what was there before. */
async function verifyReport(context: StepContext): Promise<StepExit> {
  const { host, process, parameters } = context;
  await process.sleep(between(host.chance('report', parameters.BatchId ?? ''), 2, 5));
  const batches = batchesOf(host, parameters.LockSha256 ?? '');
  const last = batches.at(-1);
  const origin = batches.findLast(({ transaction }) => transaction !== undefined) ?? last;
  const items = askedItems(host, parameters);
  const down: string[] = [];
  const rebooted = origin?.rebooted ?? false;
  if (!Array.isArray(items)) return printReport(context, 'verify', { verdict: items, origin, comparison: undefined, rebooted, down });
  const comparison = compare(host, items, origin);
  const verdict = judgeWork(origin, last, process.now()) ?? (await judgeNode(context, { origin, last, comparison }, down));
  return printReport(context, 'verify', { verdict, origin, comparison, rebooted, down });
}

/** A step at work or a transaction that still runs means that nothing can be judged yet. Nothing where the batch is over. */
function judgeWork(origin: Batch | undefined, last: Batch | undefined, now: number): Verdict | undefined {
  if (!origin) return undefined;
  const hook = judgeHook(last, now);
  if (hook) return hook;
  const { phase, said, transaction } = origin;
  if (phase !== 'install' || said !== 'running') {
    return isHeld(origin) ? { phase, end: 'running', why: '', detail: 'a step of the batch is at work' } : undefined;
  }
  if (!transaction || transaction.state === 'running') {
    return { phase, end: 'running', why: 'install-running', detail: 'the transaction still runs; it is never stopped half-way' };
  }
  return transaction.state === 'done' ? undefined : { phase, end: 'failed', why: 'install-failed', detail: transaction.message };
}

/** How the batch's own steps ended; nothing where they have left something to verify. */
function judgeSteps({ phase, said, why, detail, told }: Batch, now: number): Verdict | undefined {
  if (said === 'refused' || said === 'failed') return { phase, end: said, why, detail };
  if (said === 'running' || (said === 'ok' && (phase === 'install' || phase === 'after')) || phase === 'reboot') return undefined;
  if (now - told < LATELY) return { phase, end: 'running', why: '', detail: `at work: ${phase}` };
  return { phase, end: 'failed', why: 'install-failed', detail: `cut off in or after ${phase}; nothing was installed` };
}

/** Writes services that do not run any more into `down`. */
async function judgeNode(context: StepContext, { origin, last, comparison }: Seen, down: string[]): Promise<Verdict> {
  const older = comparison?.now.filter(({ relation, item }) => relation === 'older' && item.use !== 'dependency') ?? [];
  if (older.length > 0) return ownReason(last) ?? verifyFailed('install-failed', olderText(older));
  const { packageDatabase } = context.host.faults;
  if (packageDatabase !== undefined) return verifyFailed('package-manager-broken', packageDatabase);
  down.push(...(await servicesDown(context, origin?.services ?? [], origin?.rebooted === true ? 3 * GRACE : GRACE)));
  const undone = hookLeftUndone(last);
  if (undone) return undone;
  if (down.length > 0) return verifyFailed('service-down', down.join(' '));
  return { phase: 'verify', end: 'ok', why: '', detail: '' };
}

function olderText([first, ...rest]: Stand[]): string {
  const others = rest.length > 0 ? ` (and ${rest.length} more)` : '';
  return first ? `${first.item.name} is ${first.have}, the lock has ${first.item.version}${others}` : '';
}
