/**
 * What a batch leaves on a node: the state file of `statemachines/documents/linux/lib/base.sh`, as a value. Steps of one command,
 * and of later ones, know of one another through it only.
 */
import type { LockItem } from '../../lambdas/core/model.ts';
import type { PatchReport, ReportReason } from '../../lambdas/core/report.ts';
import type { z } from 'zod';
import type { Hook, HookName } from './hooks.ts';
import type { Host, Transaction } from './host.ts';
import type { PackageSet } from './packages.ts';
import type { StepContext } from './plugins.ts';
import type { Process } from './process.ts';
import type { Offered } from './repository.ts';

export type Reason = z.infer<typeof ReportReason>;
export type Phase = PatchReport['phase'];
export type Said = 'working' | 'ok' | 'refused' | 'failed' | 'running';

export interface Batch {
  id: string;
  /** The lock that its command names. */
  sha256: string;
  /** Milliseconds since the epoch, as everything here. */
  claimed: number;
  phase: Phase;
  said: Said;
  why: Reason;
  detail: string;
  /** When the state was written last. */
  told: number;
  /** The step that works; a killed one holds nothing. */
  worker?: Process;
  lock?: string;
  items?: LockItem[];
  /** What was installed, and which services ran, when the batch began to change things. */
  before?: PackageSet;
  services: string[];
  /** Items that this node takes, and everything that installing them changes. */
  wanted: LockItem[];
  plan: Offered[];
  transaction?: Transaction;
  bootBefore: string;
  tries: number;
  rebooted: boolean;
  /** Whether something was to be installed, or a reboot was due, when the batch came to change things. */
  hasWork: boolean;
  hooks: Partial<Record<HookName, Hook>>;
  /** The lock's snapshot of the archive could not be used. */
  noSnapshot?: true;
}

/** Batches that began longer ago are swept away, as the scripts do. */
const KEPT = 30 * 24 * 3_600_000;

/** Makes a batch's directory. */
export function beginBatch(host: Host, id: string, sha256: string, now: number): Batch {
  const batch: Batch = {
    id,
    sha256,
    claimed: now,
    phase: 'claim',
    said: 'working',
    why: '',
    detail: '',
    told: now,
    services: [],
    wanted: [],
    plan: [],
    bootBefore: '',
    tries: 0,
    rebooted: false,
    hasWork: false,
    hooks: {},
  };
  host.batches.set(id, batch);
  return batch;
}

/** Forgets batches past their time; one whose transaction still runs stays. `now` in ms since the epoch. */
export function sweepBatches(host: Host, now: number): void {
  for (const batch of host.batches.values()) {
    if (now - batch.claimed > KEPT && batch.transaction?.state !== 'running') host.batches.delete(batch.id);
  }
}

/** Writes the state. `detail` is for people. */
export function say(batch: Batch, now: number, state: { phase: Phase; said: Said; why?: Reason; detail?: string }): void {
  Object.assign(batch, { why: '', ...state, detail: (state.detail ?? '').replaceAll(/[\n\t]+/g, ' ').slice(0, 300), told: now });
}

/** Enters a phase; `undefined` where the step before did not say `ok`, or another delivery is at work on the same step. */
export function enter({ host, process, parameters }: StepContext, before: Phase, phase: Phase): Batch | undefined {
  const batch = host.batches.get(parameters.BatchId ?? '');
  if (!batch || batch.phase !== before || batch.said !== 'ok' || isHeld(batch)) return undefined;
  batch.worker = process;
  say(batch, process.now(), { phase, said: 'working' });
  return batch;
}

/** Whether some step of the batch works at this moment. */
export function isHeld(batch: Batch): boolean {
  return batch.worker?.alive ?? false;
}

/** Where the lock lies that this command downloaded. */
export function downloadedLock(host: Host, batch: string): string | undefined {
  return [...host.files.keys()].find((path) => path.endsWith(`${batch}.lock`));
}

/** The lock that this command downloaded; it is taken away, as the scripts do. */
export function takeDownloadedLock(host: Host, batch: string): string | undefined {
  const path = downloadedLock(host, batch);
  if (path === undefined) return undefined;
  const text = host.files.get(path);
  host.files.delete(path);
  return text;
}
