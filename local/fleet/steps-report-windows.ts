/** The verdicts of `windows/report.ps1` on a simulated node. */
import type { LockItem } from '../../lambdas/core/model.ts';
import { takeDownloadedLock, type Batch } from './batches.ts';
import { between } from './chance.ts';
import type { Host } from './host.ts';
import { lockSection } from './lock-stand.ts';
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
  type Verdict,
} from './reports.ts';
import { sha256Of } from './texts.ts';

export const reportWindowsSteps: Behaviours = {
  'Patch-Windows/Report': (context) => report(context, 'patch'),
  'Verify-Windows/Report': (context) => report(context, 'verify'),
};

/** Seconds that services get to come up. */
const GRACE = 180;

async function report(context: StepContext, purpose: 'patch' | 'verify'): Promise<StepExit> {
  const { host, process, parameters } = context;
  const id = parameters.BatchId ?? '';
  await process.sleep(between(host.chance('report', id), 5, 20));
  const origin = purpose === 'patch' ? host.batches.get(id) : batchesOf(host, parameters.LockSha256 ?? '').at(-1);
  const items = purpose === 'patch' ? ownItems(host, origin) : askedItems(host, parameters);
  const comparison = Array.isArray(items) ? compare(host, items, origin) : undefined;
  const down: string[] = [];
  const hook = judgeHook(origin, process.now());
  let verdict = purpose === 'patch' ? (hook ?? judgeSteps(origin)) : Array.isArray(items) ? hook : items;
  const absent = comparison?.now.filter(({ relation }) => relation === 'absent').map(({ item }) => item.name) ?? [];
  if (!verdict && absent.length > 0) verdict = ownReason(origin) ?? verifyFailed('install-failed', `not installed: ${absent.join(' ')}`);
  if (!verdict && comparison) down.push(...(await servicesDown(context, origin?.services ?? [], GRACE)));
  if (purpose === 'verify') verdict ??= hookLeftUndone(origin);
  if (!verdict && down.length > 0) verdict = verifyFailed('service-down', down.join(' '));
  takeDownloadedLock(host, id);
  const rebooted = origin !== undefined && origin.bootBefore !== '' && origin.bootBefore !== host.bootId;
  verdict ??= { phase: 'verify', end: 'ok', why: '', detail: '' };
  return printReport(context, purpose, { verdict, origin, comparison, rebooted, down });
}

/** The KBs of the lock that the batch has, if it is the right one. */
function ownItems(host: Host, origin: Batch | undefined): LockItem[] | undefined {
  if (origin?.lock === undefined || sha256Of(origin.lock) !== origin.sha256) return undefined;
  return lockSection(origin.lock, host.platform.platform)?.items;
}

/** How the batch's own steps ended; nothing where they have left something to verify. */
function judgeSteps(origin: Batch | undefined): Verdict | undefined {
  if (!origin) return NOTHING_WRITTEN;
  const { phase, said, why, detail } = origin;
  if (said === 'refused' || said === 'failed') return { phase, end: said, why, detail };
  if (said === 'running') {
    return { phase: 'install', end: 'running', why: 'install-running', detail: 'the transaction still runs; it is never stopped half-way' };
  }
  if (said === 'ok' && (phase === 'reboot' || phase === 'after')) return undefined;
  return { phase, end: 'failed', why: 'install-failed', detail: `cut off in or after ${phase}` };
}
