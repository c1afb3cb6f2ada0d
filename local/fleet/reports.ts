/** What the reports of Wavelock-Patch (its finally step) and Wavelock-Verify are made of, on all platforms. */
import type { LockItem } from '../../lambdas/core/model.ts';
import { REPORT_LIMIT, type PatchReport, type ReportNote } from '../../lambdas/core/report.ts';
import { takeDownloadedLock, type Batch } from './batches.ts';
import { hookFault, isLate } from './hooks.ts';
import type { Host } from './host.ts';
import { lockSection, standOf, type Stand } from './lock-stand.ts';
import type { StepContext, StepExit } from './plugins.ts';
import { pack, printable, sha256Of } from './texts.ts';

/** Of the characters that ListCommandInvocations gives, the agent uses some for "failed to run commands: exit status 1". */
const ROOM = REPORT_LIMIT - 100;
export type Verdict = Pick<PatchReport, 'phase' | 'end' | 'why' | 'detail'>;

export interface Comparison {
  /** How every item of the lock stands now. */
  now: Stand[];
  from: string;
  bad: Stand[];
  changed: number;
}

/** Everything that a report is made of. */
export interface Findings {
  verdict: Verdict;
  /** The batch that knows what was there before. */
  origin: Batch | undefined;
  comparison: Comparison | undefined;
  rebooted: boolean;
  /** Services that ran before and do not run now. */
  down: string[];
}

/** Prints a report; the step's exit code tells `ok` from anything else. */
export function printReport({ host, parameters }: StepContext, purpose: PatchReport['do'], found: Findings): StepExit {
  const { verdict, comparison } = found;
  const full: PatchReport = {
    v: 1,
    do: purpose,
    batch: parameters.BatchId ?? '',
    platform: host.platform.platform,
    ...verdict,
    detail: printable(verdict.detail, 200),
    boot: host.bootId,
    rebooted: found.rebooted ? 1 : 0,
    pending: host.pending,
    n: comparison?.changed ?? 0,
    bad: [],
    down: found.down.slice(0, 10),
    from: comparison?.from ?? '',
  };
  const notes = purpose === 'patch' ? notesOf(found.origin) : [];
  return { code: verdict.end === 'ok' ? 0 : 1, stdout: line(notes.length > 0 ? { ...full, notes } : full, comparison) };
}

/** What people should know besides: how the closing scan ended, which is nobody's fault here. */
function notesOf(batch: Batch | undefined): ReportNote[] {
  const closing = batch?.hooks.closing;
  const scanFailed = closing !== undefined && closing.mark !== 'idle' && closing.mark !== 'entered';
  return [...(scanFailed ? ['aws-scan-failed' as const] : []), ...(batch?.noSnapshot === true ? ['no-snapshot' as const] : [])];
}

/** A hook that was let in and is not over: only its time tells whether it still runs. Nothing where no hook is awaited. */
export function judgeHook(batch: Batch | undefined, now: number): Verdict | undefined {
  if (!batch || batch.said !== 'working' || (batch.phase !== 'before' && batch.phase !== 'after')) return undefined;
  const { phase } = batch;
  const hook = batch.hooks[phase];
  const document = hook?.document ?? '';
  if (hook?.mark !== undefined && !isLate(batch, phase, now)) return { phase, end: 'running', why: '', detail: `${document} is at work` };
  return { phase, end: 'failed', why: 'hook-failed', detail: `${document} ${hookFault(batch, phase, now) ?? 'did not end in time'}` };
}

/** Where something is missing, the batch's own reason says more than its absence. */
export function ownReason(last: Batch | undefined): Verdict | undefined {
  if (!last || (last.said !== 'refused' && last.said !== 'failed')) return undefined;
  return { phase: last.phase, end: last.said, why: last.why, detail: last.detail };
}

/** What a post hook left undone, no package shows. */
export function hookLeftUndone(last: Batch | undefined): Verdict | undefined {
  if (last?.phase !== 'after' || last.said !== 'failed') return undefined;
  return { phase: 'after', end: 'failed', why: 'hook-failed', detail: last.detail };
}

/** Batches of a lock, the newest last. */
export function batchesOf(host: Host, sha256: string): Batch[] {
  return [...host.batches.values()].filter((batch) => batch.sha256 === sha256).toSorted((a, b) => a.claimed - b.claimed);
}

/** What Verify compares with: the lock that came with its own command, or why that can't be used. */
export function askedItems(host: Host, parameters: Record<string, string>): LockItem[] | Verdict {
  const text = takeDownloadedLock(host, parameters.BatchId ?? '');
  if (text === undefined) return refused('lock-unreachable', 'the lock could not be downloaded from S3');
  if (sha256Of(text) !== parameters.LockSha256) return refused('lock-mismatch', 'the downloaded lock is not the one that was asked about');
  const { platform } = host.platform;
  return lockSection(text, platform)?.items ?? refused('no-platform', `the lock has nothing for ${platform}`);
}

function refused(why: PatchReport['why'], detail: string): Verdict {
  return { phase: 'verify', end: 'refused', why, detail };
}

/** The report of a batch that could not even make its directory. */
export const NOTHING_WRITTEN: Verdict = {
  phase: 'claim',
  end: 'refused',
  why: 'disk-full',
  detail: 'nothing could be written to the directory of the batch',
};

/** Compares the lock's items with what is installed, before and now. */
export function compare(host: Host, items: LockItem[], origin: Batch | undefined): Comparison {
  const now = standOf(items, host.packages, host.platform);
  const before = standOf(items, origin?.before ?? host.packages, host.platform);
  const both = before.map((was, index) => ({ was, is: now[index]! }));
  return {
    now,
    from: pack(both.map(({ was, is }) => fromOf(was, is)).join('\n')),
    // A dependency is allowed, not asked for: it is never bad.
    bad: now.filter(({ relation, item }) => item.use !== 'dependency' && (relation === 'older' || relation === 'newer')),
    changed: both.filter(({ was, is }) => isChange(was, is)).length,
  };
}

/** A package that was installed beside the batch is no change of the batch: only dependencies come in as new ones. */
function isChange(was: Stand, is: Stand): boolean {
  if (is.relation !== 'same' || was.relation === 'same') return false;
  return was.relation !== 'absent' || was.item.use !== 'update';
}

/** `=` was there already, `+` pulled in as a new dependency, empty where it is not installed here, else the version before. */
function fromOf(was: Stand, is: Stand): string {
  if (was.relation === 'same') return '=';
  // A dependency that the transaction did not touch says nothing.
  if (was.item.use === 'dependency' && is.relation !== 'same') return '';
  if (was.relation !== 'absent') return was.have;
  return was.item.use !== 'update' && is.relation !== 'absent' ? '+' : '';
}

/** Services that ran before and don't now, after the seconds that they get to come up. */
export async function servicesDown({ host, process }: StepContext, before: string[], grace: number): Promise<string[]> {
  const end = process.now() + grace * 1_000;
  for (;;) {
    const running = host.runningServices();
    const down = before.filter((service) => !running.includes(service));
    if (down.length === 0 || process.now() >= end) return down;
    await process.sleep(5);
  }
}

/** The verdict that what is on the node is not as it should be. */
export function verifyFailed(why: PatchReport['why'], detail: string): Verdict {
  return { phase: 'verify', end: 'failed', why, detail };
}

/**
 * The report as one line, within what a list of invocations shows. Deviations that don't fit are counted in a last entry whose index
 * lies past the lock's end; a list of versions before that doesn't fit is left out.
 */
function line(full: PatchReport, comparison: Comparison | undefined): string {
  const room = ROOM - JSON.stringify({ ...full, from: '' }).length;
  const from = full.from.length <= room ? full.from : '';
  return `${JSON.stringify({ ...full, bad: comparison ? badWithin(comparison, room - from.length) : [], from })}\n`;
}

/** Older ones first: they are what was not done. */
function badWithin({ bad, now }: Comparison, room: number): PatchReport['bad'] {
  const older = bad.filter(({ relation }) => relation === 'older');
  const newer = bad.filter(({ relation }) => relation === 'newer');
  const rows = [...older, ...newer].map(({ index, have }): [number, string] => [index, have]);
  const all = rows.reduce((sum, row) => sum + size(row), 0);
  if (all <= room) return rows;
  const kept: PatchReport['bad'] = [];
  let used = 0;
  for (const row of rows) {
    used += size(row);
    if (used > room - 16) break;
    kept.push(row);
  }
  return [...kept, [now.length, `+${rows.length - kept.length}`]];
}

function size(row: [number, string]): number {
  return JSON.stringify(row).length + 1;
}
