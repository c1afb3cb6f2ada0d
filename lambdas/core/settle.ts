/**
 * From an invocation and its report to one terminal outcome. Judged by status and report, never by ResponseCode: a killed worker, a
 * failed nested step and a clean run can all carry 0 (amazon-ssm-agent, runpluginutil).
 */
import { compareVersions } from './versions/compare.ts';
import { versionKind } from './candidate.ts';
import type { LockItem, Outcome } from './model.ts';
import type { PatchReport, ReportNote, ReportReason } from './report.ts';

/** How long SSM may take to hand a command to a node that is online: SendCommand's TimeoutSeconds, in seconds. */
export const DELIVERY_SECONDS = 600;
/** A node that went silent under a command gets this long to come back from a reboot, in seconds. */
export const REBOOT_GRACE_SECONDS = 1_800;

export interface InvocationFacts {
  /** Status as SSM gives it: spaces and case are not relied on. */
  status: string;
  report: PatchReport | undefined;
  /** Whether any step has told something. */
  started: boolean;
  /**
   * Whether a look at this command has ever shown the node at work (InProgress). At its expiry SSM calls such a node DeliveryTimedOut like
   * one that never took the command (SSM API reference, Command.ExpiresAfter), and of its steps only those that ended are listed.
   */
  taken: boolean;
  /** Silence of the node in seconds, where it is known to be silent. */
  silentFor: number | undefined;
  /** Whether the node has had a heartbeat since the command was sent. */
  heard: boolean;
}

/** What a look at the same command has to be told by the one before: facts that SSM does not keep. */
export function takesPart(status: string): boolean {
  return ['inprogress', 'cancelling'].includes(plain(status));
}

/** Whether only the node's heartbeat tells what became of it: it is at work, or it ended without anything that says whether it was. */
export function needsPing(facts: Pick<InvocationFacts, 'status' | 'started' | 'taken'>): boolean {
  const expired = EXPIRED.includes(plain(facts.status)) && !facts.started && !facts.taken;
  return expired || takesPart(facts.status);
}

const EXPIRED = ['deliverytimedout', 'timedout'];

/** Statuses come with and without spaces (SSM API reference and user guide). */
function plain(status: string): string {
  return status.replaceAll(' ', '').toLowerCase();
}

export interface CommandTimes {
  sentAt: number;
  expiresAt: number;
  now: number;
}

export type Settled =
  | { state: 'open' }
  | { state: 'cancel'; reason: string }
  /** `atWork`: the node may still be installing, so nobody else may have it until it has told, or the rollout has closed. */
  | { state: 'done'; outcome: Outcome; reason: string; atWork?: true };

const REASONS: Record<Exclude<ReportReason, ''>, string> = {
  'no-platform': 'the lock has nothing for this platform',
  'lock-unreachable': 'could not read the lock from S3: check the node role and the S3 endpoint policy',
  'lock-mismatch': 'the lock that it got is not the one the plan names',
  'agent-too-old': 'its SSM agent is too old',
  'disk-full': 'too little disk space before the install',
  'package-manager-busy': 'the package manager was locked by something else',
  'package-manager-broken': 'the package manager was interrupted earlier and needs repair',
  'other-updater': 'another updater was running',
  'foreign-patch-run': 'another AWS-RunPatchBaseline run waits for its reboot there',
  gone: 'refused: a proven version is no longer in its repository',
  'unproven-dependency': 'refused: the install would have pulled in something unproven',
  'install-failed': 'the install failed',
  'install-running': 'the install was still running when it reported',
  'reboot-not-done': 'it did not reboot',
  'service-down': 'did not come back',
  'hook-failed': 'post hook failed, the packages are in',
};

const NOTES: Record<ReportNote, string> = {
  'aws-scan-failed': "AWS's own compliance scan failed there",
  'no-snapshot': "the archive's snapshot could not be had there, its plain repositories were used",
};

/** Settles one invocation of a patch or verify command. */
export function settleInvocation(facts: InvocationFacts, items: LockItem[], times: CommandTimes): Settled {
  const status = plain(facts.status);
  if (facts.report && ['success', 'failed', 'timedout', 'executiontimedout', 'deliverytimedout', 'cancelled'].includes(status)) {
    const judged = judgeReport(facts.report, items);
    return { state: 'done', ...judged, ...(judged.outcome === 'unknown' ? { atWork: true } : {}) };
  }
  switch (status) {
    case 'pending':
    case 'delayed':
      return times.now - times.sentAt > DELIVERY_SECONDS * 1000 ? { state: 'cancel', reason: 'never picked up the command' } : { state: 'open' };
    case 'inprogress':
    case 'cancelling':
      return settleRunning(facts, times);
    case 'deliverytimedout':
    case 'timedout':
      return settleExpired(facts);
    case 'cancelled':
      return facts.started || facts.taken
        ? { state: 'done', outcome: 'unknown', reason: 'cancelled while the node was at work', atWork: true }
        : NEVER_TAKEN;
    case 'undeliverable':
    case 'terminated':
    case 'accessdenied':
    case 'invalidplatform':
      return { state: 'done', outcome: 'unreachable', reason: `SSM did not deliver the command (${facts.status})` };
    default:
      // Success without a report, Failed without a report, or a status that AWS adds one day: nothing is known.
      return { state: 'done', outcome: 'unknown', reason: `ended as ${facts.status} without a report`, atWork: true };
  }
}

const NEVER_TAKEN: Settled = { state: 'done', outcome: 'unreachable', reason: 'never picked up the command' };

/** At expiry SSM does not tell a node at work from one that never took the command: what was seen of it before does. */
function settleExpired({ started, taken, heard }: InvocationFacts): Settled {
  if (started || taken) return { state: 'done', outcome: 'unknown', reason: 'the command expired while the node was at work', atWork: true };
  if (heard) return { state: 'done', outcome: 'unknown', reason: 'the command expired, and nobody saw whether the node took it', atWork: true };
  return NEVER_TAKEN;
}

function settleRunning(facts: InvocationFacts, times: CommandTimes): Settled {
  if (facts.silentFor !== undefined && facts.silentFor > REBOOT_GRACE_SECONDS) {
    const reason = `went silent ${Math.round(facts.silentFor / 60)} min ago while it was at work`;
    return { state: 'done', outcome: 'unreachable', reason, atWork: true };
  }
  if (times.now >= times.expiresAt)
    return { state: 'done', outcome: 'unknown', reason: 'the command expired while the node was at work', atWork: true };
  return { state: 'open' };
}

/** One word for a report. `items` are the lock's items of the node's platform, in the lock's order. */
export function judgeReport(report: PatchReport, items: LockItem[]): { outcome: Outcome; reason: string } {
  const { outcome, reason } = judgeEnd(report, items);
  return { outcome, reason: [reason, ...(report.notes ?? []).map((note) => NOTES[note])].join('; ') };
}

function judgeEnd(report: PatchReport, items: LockItem[]): { outcome: Outcome; reason: string } {
  if (report.end === 'running') {
    const hook = report.phase === 'before' || report.phase === 'after';
    return { outcome: 'unknown', reason: hook ? 'a hook was still at work when it reported' : REASONS['install-running'] };
  }
  if (report.end !== 'ok') return { outcome: 'failed', reason: reasonText(report) };
  if (report.down.length > 0) return { outcome: 'failed', reason: `${report.down.join(', ')} ${REASONS['service-down']}` };
  const kind = versionKind(report.platform);
  const newer: string[] = [];
  let unnamed = 0;
  for (const [index, version] of report.bad) {
    // The list was cut to fit: the last entry counts what it leaves out. Older ones go first, and with one of them the report is no `ok`.
    if (index === items.length) {
      unnamed = Number(version) || 1;
      continue;
    }
    const item = items[index];
    if (item === undefined) return { outcome: 'unknown', reason: 'its report does not fit the lock' };
    const sign = compareVersions(kind, version, item.version);
    if (sign === 1) newer.push(`${item.name} ${version}`);
    else return { outcome: 'failed', reason: `${item.name} is ${version || 'absent'}, not ${item.version || item.name}` };
  }
  if (newer.length > 0 || unnamed > 0)
    return { outcome: 'ahead', reason: `something else updated it beyond what was proven: ${newerWords(newer, unnamed)}` };
  if (report.pending === 'reboot') return { outcome: 'reboot-pending', reason: 'installed, needs a reboot' };
  if (report.pending === 'restart') return { outcome: 'restart-pending', reason: 'installed, processes still run on the old libraries' };
  if (report.do === 'patch' && report.n === 0) return { outcome: 'already-proven', reason: 'had the proven versions before' };
  return { outcome: 'patched', reason: report.rebooted === 1 ? 'installed, rebooted and verified' : 'installed and verified' };
}

const NEWER_SHOWN = 3;

function newerWords(newer: string[], unnamed: number): string {
  if (newer.length === 0) return `${unnamed} packages, which its report has no room to name`;
  const more = Math.max(0, newer.length - NEWER_SHOWN) + unnamed;
  return `${newer.slice(0, NEWER_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function reasonText(report: PatchReport): string {
  if (report.why === 'service-down') return `${report.down.join(', ') || report.detail} ${REASONS['service-down']}`;
  const before = report.why === 'hook-failed' && report.phase === 'before';
  const known = before ? 'pre hook failed, nothing was installed' : report.why === '' ? `failed in ${report.phase}` : REASONS[report.why];
  return report.detail === '' ? known : `${known}: ${report.detail}`;
}

/** Merges what a later look says into what was known: a patched node stays patched unless it got worse, and what it still had to do may be done. */
export function mergeVerify(before: Outcome, seen: { outcome: Outcome; reason: string }): { outcome: Outcome; reason: string } | undefined {
  if (seen.outcome === 'unknown' || seen.outcome === 'unreachable') return undefined;
  const healthy = seen.outcome === 'patched' || seen.outcome === 'already-proven';
  if (healthy && (before === 'patched' || before === 'already-proven')) return undefined;
  if (seen.outcome === before) return undefined;
  return seen;
}
