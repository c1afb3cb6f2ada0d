/** The report of Wavelock-Patch (its finally step) and Wavelock-Verify: `linux/report.sh` and its Windows twin, on a simulated node. */
import type { LockItem } from '../../lambdas/core/model.ts';
import { REPORT_LIMIT, type PatchReport } from '../../lambdas/core/report.ts';
import { isHeld, takeDownloadedLock, type Batch } from './batches.ts';
import { between } from './chance.ts';
import type { Host } from './host.ts';
import { lockSection, standOf, type Stand } from './lock-stand.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';
import { pack, printable, sha256Of } from './texts.ts';

export const reportSteps: Behaviours = {
  'Patch/Report': (context) => report(context, 'patch'),
  'Verify/Report': (context) => report(context, 'verify'),
};

/** Of the characters that ListCommandInvocations gives, the agent uses some for "failed to run commands: exit status 1". */
const ROOM = REPORT_LIMIT - 100;
/** A batch of which something was heard so lately is not over: between two steps nobody works. */
const LATELY = 120_000;
/** Seconds that services get to come up, after a reboot and otherwise. */
const GRACE_BOOT = 180;
const GRACE = 60;

type Verdict = Pick<PatchReport, 'phase' | 'end' | 'why' | 'detail'>;

interface Comparison {
  before: Stand[];
  now: Stand[];
  from: string;
  bad: Stand[];
  changed: number;
}

async function report(context: StepContext, purpose: 'patch' | 'verify'): Promise<StepExit> {
  const { host, process, parameters } = context;
  const id = parameters.BatchId ?? '';
  await process.sleep(between(host.chance('report', id), 2, 5));
  const origin = purpose === 'patch' ? host.batches.get(id) : originOf(host, parameters.LockSha256 ?? '');
  const lock = itemsFor(context, purpose, origin);
  const comparison = lock.items && compare(host, lock.items, origin);
  let verdict = lock.verdict ?? (purpose === 'patch' && origin ? judgeSteps(origin, process.now()) : undefined);
  verdict ??= judgeTransaction(origin);
  let down: string[] = [];
  if (!verdict) ({ verdict, down } = await judgeNode(context, origin, comparison));
  takeDownloadedLock(host, id);
  const head = { v: 1 as const, do: purpose, batch: id, platform: host.platform.platform, ...verdict, detail: printable(verdict.detail, 200) };
  const node = { boot: host.bootId, rebooted: origin?.rebooted === true ? (1 as const) : (0 as const), pending: host.pending, n: comparison?.changed ?? 0 };
  return { code: verdict.end === 'ok' ? 0 : 1, stdout: line({ ...head, ...node, bad: [], down: down.slice(0, 10), from: comparison?.from ?? '' }, comparison) };
}

/** The newest batch of the same lock: Verify asks it what was there before. */
function originOf(host: Host, sha256: string): Batch | undefined {
  return [...host.batches.values()].filter((batch) => batch.sha256 === sha256).reduce<Batch | undefined>((newest, batch) => (newest && newest.claimed > batch.claimed ? newest : batch), undefined);
}

/** The items to compare with, or why there are none. Verify's lock comes with its own command. */
function itemsFor({ host, parameters }: StepContext, purpose: 'patch' | 'verify', origin: Batch | undefined): { items?: LockItem[]; verdict?: Verdict } {
  if (purpose === 'patch') {
    if (!origin) return { verdict: { phase: 'claim', end: 'refused', why: 'disk-full', detail: 'nothing could be written to the batch\'s directory' } };
    return origin.items ? { items: origin.items } : {};
  }
  const text = takeDownloadedLock(host, parameters.BatchId ?? '');
  if (text === undefined) return refused('lock-unreachable', 'the lock could not be downloaded from S3');
  if (sha256Of(text) !== parameters.LockSha256) return refused('lock-mismatch', 'the downloaded lock is not the one that was asked about');
  const section = lockSection(text, host.platform.platform);
  return section ? { items: section.items } : refused('no-platform', `the lock has nothing for ${host.platform.platform}`);
}

function refused(why: PatchReport['why'], detail: string): { verdict: Verdict } {
  return { verdict: { phase: 'verify', end: 'refused', why, detail } };
}

function compare(host: Host, items: LockItem[], origin: Batch | undefined): Comparison {
  const now = standOf(items, host.packages, host.platform);
  const before = standOf(items, origin?.before ?? host.packages, host.platform);
  const both = before.map((was, index) => ({ was, is: now[index]! }));
  const bad = now.filter(({ relation }) => relation === 'older' || relation === 'newer');
  const changed = both.filter(({ was, is }) => is.relation === 'same' && was.relation !== 'same' && (was.relation !== 'absent' || was.item.use !== 'update'));
  return { before, now, from: pack(both.map(({ was, is }) => fromOf(was, is)).join('\n')), bad, changed: changed.length };
}

/** `=` was there already, `+` pulled in as a new dependency, empty where it is not installed here, else the version before. */
function fromOf(was: Stand, is: Stand): string {
  if (was.relation === 'same') return '=';
  if (was.relation !== 'absent') return was.have;
  return was.item.use !== 'update' && is.relation !== 'absent' ? '+' : '';
}

/** How the batch's own steps ended; nothing where they have left something to verify. */
function judgeSteps({ phase, said, why, detail, told, ...batch }: Batch, now: number): Verdict | undefined {
  if (said === 'refused' || said === 'failed') return { phase, end: said, why, detail };
  if (said === 'running' || (said === 'ok' && phase === 'install') || phase === 'reboot') return undefined;
  if (isHeld({ phase, said, why, detail, told, ...batch }) || now - told < LATELY) return { phase, end: 'running', why: '', detail: `at work: ${phase}` };
  return { phase, end: 'failed', why: 'install-failed', detail: `cut off in or after ${phase}; nothing was installed` };
}

/** Nothing where the batch's transaction isn't the matter. */
function judgeTransaction(origin: Batch | undefined): Verdict | undefined {
  if (!origin || origin.phase !== 'install' || origin.said !== 'running') return undefined;
  const { transaction } = origin;
  if (!transaction || transaction.state === 'running') {
    return { phase: 'install', end: 'running', why: 'install-running', detail: 'the transaction still runs; it is never stopped half-way' };
  }
  return transaction.state === 'failed' ? { phase: 'install', end: 'failed', why: 'install-failed', detail: transaction.message } : undefined;
}

async function judgeNode(context: StepContext, origin: Batch | undefined, comparison: Comparison | undefined): Promise<{ verdict: Verdict; down: string[] }> {
  const { host } = context;
  const older = comparison?.now.filter(({ relation }) => relation === 'older') ?? [];
  if (older.length > 0) {
    const own = origin && (origin.said === 'refused' || origin.said === 'failed');
    if (own) return { verdict: { phase: origin.phase, end: origin.said === 'refused' ? 'refused' : 'failed', why: origin.why, detail: origin.detail }, down: [] };
    return { verdict: { phase: 'verify', end: 'failed', why: 'install-failed', detail: olderText(older) }, down: [] };
  }
  const broken = host.faults.packageDatabase;
  if (broken !== undefined) return { verdict: { phase: 'verify', end: 'failed', why: 'package-manager-broken', detail: broken }, down: [] };
  const down = await servicesDown(context, origin);
  if (down.length > 0) return { verdict: { phase: 'verify', end: 'failed', why: 'service-down', detail: down.join(' ') }, down };
  return { verdict: { phase: 'verify', end: 'ok', why: '', detail: '' }, down };
}

function olderText([first, ...rest]: Stand[]): string {
  const others = rest.length > 0 ? ` (and ${rest.length} more)` : '';
  return first ? `${first.item.name} is ${first.have}, the lock has ${first.item.version}${others}` : '';
}

/** Services that ran before and don't now, after the time that they get to come up. */
async function servicesDown({ host, process }: StepContext, origin: Batch | undefined): Promise<string[]> {
  const end = process.now() + (origin?.rebooted === true ? GRACE_BOOT : GRACE) * 1_000;
  for (;;) {
    const running = host.runningServices();
    const down = (origin?.services ?? []).filter((service) => !running.includes(service));
    if (down.length === 0 || process.now() >= end) return down;
    await process.sleep(5);
  }
}

/**
 * The report as one line, within what a list of invocations shows. Deviations that don't fit are counted in a last entry whose index
 * lies past the lock's end; a list of versions before that doesn't fit is left out.
 */
function line(empty: PatchReport, comparison: Comparison | undefined): string {
  const head = JSON.stringify({ ...empty, from: '' });
  const room = ROOM - head.length;
  const from = empty.from.length <= room ? empty.from : '';
  return `${JSON.stringify({ ...empty, bad: badWithin(comparison, room - from.length), from })}\n`;
}

function badWithin(comparison: Comparison | undefined, room: number): PatchReport['bad'] {
  if (!comparison) return [];
  const rows = comparison.bad.toSorted((a, b) => rank(a) - rank(b) || a.index - b.index).map(({ index, have }): [number, string] => [index, have]);
  const all = rows.reduce((sum, row) => sum + size(row), 0);
  if (all <= room) return rows;
  const kept: PatchReport['bad'] = [];
  let used = 0;
  for (const row of rows) {
    used += size(row);
    if (used > room - 16) break;
    kept.push(row);
  }
  return [...kept, [comparison.now.length, `+${rows.length - kept.length}`]];
}

function size(row: [number, string]): number {
  return JSON.stringify(row).length + 1;
}

/** Older ones first: they are what was not done. */
function rank({ relation }: Stand): number {
  return relation === 'older' ? 0 : 1;
}
