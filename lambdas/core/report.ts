/**
 * What a node says after a command: one JSON line on standard output, at most 2,500 characters, because that is all that
 * ListCommandInvocations returns of a step's output (SSM API reference, CommandPlugin.Output). The scripts in
 * `statemachines/documents` write it; this file is the other side of that border.
 */
import { z } from 'zod';

/** SSM API reference, CommandPlugin.Output: "you can see up to 2500 characters". */
export const REPORT_LIMIT = 2_500;

/** Why a node refused or failed: a closed list, so that people can search for each of them. */
export const ReportReason = z.enum([
  '',
  'no-platform', // the lock has nothing for this platform
  'lock-unreachable',
  'lock-mismatch', // sha256 differs from the plan's
  'agent-too-old',
  'disk-full',
  'package-manager-busy',
  'package-manager-broken', // dpkg or rpm was interrupted earlier
  'other-updater', // unattended-upgrades, dnf-automatic, Windows Update is running now
  'foreign-patch-run', // AWS-RunPatchBaseline left a reboot marker
  'gone', // a version of the lock is no longer in the repository
  'unproven-dependency', // the transaction holds something outside the lock
  'install-failed',
  'install-running', // the transaction still runs, detached, when the report was due
  'hook-failed', // the user's own document before or after the install failed, or took too long
  'reboot-not-done',
  'service-down', // a service that ran before does not run now
]);
export type ReportReason = z.infer<typeof ReportReason>;

/** What people should know about a node that is no reason to fail it. */
export const ReportNote = z.enum([
  'aws-scan-failed', // the closing AWS-RunPatchBaseline Scan did not succeed
  'no-snapshot', // the lock's snapshot of the archive can't be used here: the node's plain repositories were
]);
export type ReportNote = z.infer<typeof ReportNote>;

/**
 * Patch and Verify print this.
 * `from` is gzip+base64 of one line per item of the lock's section for this platform, in its order:
 * `` not installed here, `=` already at the lock's version before, `+` pulled in as new dependency, else the version before.
 * A `dependency` item that the transaction did not touch is `` (or `=` where it stands at the lock's version).
 * `bad` lists `[index, version now]` of `update` and `kb` items that are installed and not at the lock's version (older or newer);
 * `dependency` items are allowed, not asked for, so they are never bad.
 */
export const PatchReport = z.strictObject({
  v: z.literal(1),
  do: z.enum(['patch', 'verify']),
  batch: z.string(),
  platform: z.string(),
  /** The last phase that was entered. */
  phase: z.enum(['claim', 'preflight', 'resolve', 'before', 'install', 'reboot', 'after', 'verify']),
  end: z.enum(['ok', 'refused', 'failed', 'running']),
  why: ReportReason,
  /** At most 200 characters for people: the package, the service, the last line of the package manager. */
  detail: z.string(),
  boot: z.string(),
  rebooted: z.union([z.literal(0), z.literal(1)]),
  pending: z.enum(['', 'reboot', 'restart']),
  /** Items changed by this batch. */
  n: z.int().min(0),
  bad: z.array(z.tuple([z.int().min(0), z.string()])),
  /** Services that ran before the install and do not run now. */
  down: z.array(z.string()),
  from: z.string(),
  notes: z.array(ReportNote).optional(),
});
export type PatchReport = z.infer<typeof PatchReport>;

/** Scan's first step prints this; its second step prints the list behind the fingerprint (`core/facts.ts`), gzip+base64. */
export const ScanReport = z.strictObject({
  v: z.literal(1),
  do: z.literal('scan'),
  fp: z.string().regex(/^[0-9a-f]{64}$/),
  platform: z.string(),
  boot: z.string(),
  kernel: z.string(),
  pending: z.enum(['', 'reboot', 'restart']),
  others: z.array(z.string()),
  diskMb: z.int(),
  agent: z.string(),
  /** How many updates are available. */
  n: z.int().min(0),
});
export type ScanReport = z.infer<typeof ScanReport>;

/** Names of the document steps whose output is read. */
export const REPORT_STEP = 'Report';
export const SCAN_FACTS_STEP = 'Facts';
/** The list's parts: a step that prints `SCAN_PART` characters is continued by the next. */
export const SCAN_PACKAGES_STEPS = ['Packages', 'Packages2', 'Packages3'];
export const SCAN_PART = 23_000;

/**
 * Finds the report in a step's output: the last line that parses. Anything else (cut off, mixed with noise, another version)
 * is `undefined`: without a report nothing is known.
 */
export function parseReport(output: string): PatchReport | ScanReport | undefined {
  const schema = z.union([PatchReport, ScanReport]);
  for (const line of output.split('\n').toReversed()) {
    if (!line.startsWith('{')) continue;
    const parsed = schema.safeParse(parseJson(line));
    if (parsed.success) return parsed.data;
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
