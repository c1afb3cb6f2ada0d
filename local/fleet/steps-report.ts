/** The report of Wavelock-Patch (its finally step) and Wavelock-Verify: what `report.sh` does, on a simulated node. */
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
/** A batch of which something was heard so lately (ms) is not over: between two steps nobody works. */
const LATELY = 120_000;
/** Seconds that services get to come up, after a reboot and otherwise. */
const GRACE_BOOT = 180;
const GRACE = 60;

type Purpose = PatchReport['do'];
type Verdict = Pick<PatchReport, 'phase' | 'end' | 'why' | 'detail'>;

interface Comparison {
  /** How every item of the lock stands now. */
  now: Stand[];
  from: string;
  bad: Stand[];
  changed: number;
}

async function report(context: StepContext, purpose: Purpose): Promise<StepExit> {
  const { host, process, parameters } = context;
  const id = parameters.BatchId ?? '';
  await process.sleep(between(host.chance('report', id), 2, 5));
  const origin = purpose === 'patch' ? host.batches.get(id) : originOf(host, parameters.LockSha256 ?? '');
  const items = purpose === 'patch' ? ownItems(origin) : askedItems(host, id, parameters.LockSha256 ?? '');
  const comparison = Array.isArray(items) ? compare(host, items, origin) : undefined;
  const known = Array.isArray(items) ? undefined : items;
  const steps = purpose === 'patch' && origin ? judgeSteps(origin, process.now()) : undefined;
  const down: string[] = [];
  const verdict = known ?? steps ?? judgeTransaction(origin) ?? (await judgeNode(context, origin, { comparison, down }));
  takeDownloadedLock(host, id);
  const text = line({
    v: 1,
    do: purpose,
    batch: id,
    platform: host.platform.platform,
    ...verdict,
    detail: printable(verdict.detail, 200),
    boot: host.bootId,
    rebooted: origin?.rebooted === true ? 1 : 0,
    pending: host.pending,
    n: comparison?.changed ?? 0,
    bad: [],
    down: down.slice(0, 10),
    from: comparison?.from ?? '',
  }, comparison);
  return { code: verdict.end === 'ok' ? 0 : 1, stdout: text };
}

/** The newest batch of the same lock: Verify asks it what was there before. */
function originOf(host: Host, sha256: string): Batch | undefined {
  return [...host.batches.values()].filter((batch) => batch.sha256 === sha256).toSorted((a, b) => a.claimed - b.claimed).at(-1);
}

/** What Patch compares with: the items that its Preflight read, or nothing if it came not so far. */
function ownItems(origin: Batch | undefined): LockItem[] | Verdict | undefined {
  if (origin) return origin.items;
  return { phase: 'claim', end: 'refused', why: 'disk-full', detail: 'nothing could be written to the batch\'s directory' };
}

/** What Verify compares with: the lock that came with its own command, or why that can't be used. */
function askedItems(host: Host, batch: string, sha256: string): LockItem[] | Verdict {
  const text = takeDownloadedLock(host, batch);
  if (text === undefined) return refused('lock-unreachable', 'the lock could not be downloaded from S3');
  if (sha256Of(text) !== sha256) return refused('lock-mismatch', 'the downloaded lock is not the one that was asked about');
  const { platform } = host.platform;
  return lockSection(text, platform)?.items ?? refused('no-platform', `the lock has nothing for ${platform}`);
}

function refused(why: PatchReport['why'], detail: string): Verdict {
  return { phase: 'verify', end: 'refused', why, detail };
}

function compare(host: Host, items: LockItem[], origin: Batch | undefined): Comparison {
  const now = standOf(items, host.packages, host.platform);
  const before = standOf(items, origin?.before ?? host.packages, host.platform);
  const both = before.map((was, index) => ({ was, is: now[index]! }));
  return {
    now,
    from: pack(both.map(({ was, is }) => fromOf(was, is)).join('\n')),
    bad: now.filter(({ relation }) => relation === 'older' || relation === 'newer'),
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
  if (was.relation !== 'absent') return was.have;
  return was.item.use !== 'update' && is.relation !== 'absent' ? '+' : '';
}

/** How the batch's own steps ended; nothing where they have left something to verify. */
function judgeSteps(batch: Batch, now: number): Verdict | undefined {
  const { phase, said, why, detail } = batch;
  if (said === 'refused' || said === 'failed') return { phase, end: said, why, detail };
  if (said === 'running' || (said === 'ok' && phase === 'install') || phase === 'reboot') return undefined;
  if (isHeld(batch) || now - batch.told < LATELY) return { phase, end: 'running', why: '', detail: `at work: ${phase}` };
  return { phase, end: 'failed', why: 'install-failed', detail: `cut off in or after ${phase}; nothing was installed` };
}

/** Nothing where the batch's transaction isn't the matter. */
function judgeTransaction(origin: Batch | undefined): Verdict | undefined {
  if (!origin || origin.phase !== 'install' || origin.said !== 'running') return undefined;
  const { transaction } = origin;
  if (!transaction || transaction.state === 'running') {
    return { phase: 'install', end: 'running', why: 'install-running', detail: 'the transaction still runs; it is never stopped half-way' };
  }
  if (transaction.state === 'done') return undefined;
  return { phase: 'install', end: 'failed', why: 'install-failed', detail: transaction.message };
}

interface Found {
  comparison?: Comparison;
  down: string[];
}

/** Judges what is, and writes services that are down into `found.down`. */
async function judgeNode(context: StepContext, origin: Batch | undefined, found: Found): Promise<Verdict> {
  const older = found.comparison?.now.filter(({ relation, item }) => relation === 'older' || (relation === 'absent' && item.use === 'kb')) ?? [];
  if (older.length > 0) return ownReason(origin) ?? verifyFailed('install-failed', olderText(older));
  const { packageDatabase } = context.host.faults;
  if (packageDatabase !== undefined) return verifyFailed('package-manager-broken', packageDatabase);
  found.down.push(...(await servicesDown(context, origin)));
  if (found.down.length > 0) return verifyFailed('service-down', found.down.join(' '));
  return { phase: 'verify', end: 'ok', why: '', detail: '' };
}

/** Where something is missing, the batch's own reason says more than its absence. */
function ownReason(origin: Batch | undefined): Verdict | undefined {
  if (!origin || (origin.said !== 'refused' && origin.said !== 'failed')) return undefined;
  return { phase: origin.phase, end: origin.said, why: origin.why, detail: origin.detail };
}

function verifyFailed(why: PatchReport['why'], detail: string): Verdict {
  return { phase: 'verify', end: 'failed', why, detail };
}

function olderText([first, ...rest]: Stand[]): string {
  const others = rest.length > 0 ? ` (and ${rest.length} more)` : '';
  if (first?.item.use === 'kb') return `not installed: ${first.item.name}${others}`;
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
