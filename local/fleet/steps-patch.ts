/**
 * What the steps of Wavelock-Patch-Linux do on a simulated node: the same decisions in the same order as the scripts in
 * `statemachines/documents/linux`, so that both answer the cases of `test/documents/conformance` alike.
 */
import type { LockItem } from '../../lambdas/core/model.ts';
import {
  beginBatch,
  downloadedLock,
  enter,
  isHeld,
  say,
  sweepBatches,
  takeDownloadedLock,
  type Batch,
  type Phase,
  type Reason,
} from './batches.ts';
import { between } from './chance.ts';
import { EXIT } from './document-flow.ts';
import type { Host } from './host.ts';
import { lockSection, standOf } from './lock-stand.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';
import { packageKey, type Offered } from './repository.ts';
import { sha256Of } from './texts.ts';

const OK: StepExit = { code: 0 };
/** How long Preflight waits for others to end, and how often it looks (`wl_patience` in the document). */
const PATIENCE = 300;
const LOOK_EVERY = 5;
const NEEDED_MB = 300;
/** Older agents don't do what the documents rely on (amazon-ssm-agent release notes, 3.1.1045.0: parameters of nested documents). */
const OLDEST_AGENT = [3, 1, 1045, 0];
const MOST_TRIES = 2;

/** Behaviours of Wavelock-Patch-Linux, but for its report. */
export const patchLinuxSteps: Behaviours = {
  'Patch-Linux/Claim': claim,
  'Patch-Linux/Preflight': preflight,
  'Patch-Linux/Resolve': resolve,
  'Patch-Linux/Install': install,
  'Patch-Linux/Reboot': reboot,
};

/** Thrown within a step to end it with a state; never leaves this file. */
class Ends extends Error {
  constructor(
    readonly said: 'refused' | 'failed',
    readonly why: Reason,
    detail: string,
  ) {
    super(detail);
  }
}

/** Runs a phase: what it throws as `Ends` becomes the batch's state, else it says `ok`. The step itself always exits 0. */
async function phase(context: StepContext, [before, name]: [Phase, Phase], work: (batch: Batch) => Promise<void>): Promise<StepExit> {
  const batch = enter(context, before, name);
  if (batch) await settle(context, batch, name, work);
  return OK;
}

async function settle({ process }: StepContext, batch: Batch, name: Phase, work: (batch: Batch) => Promise<void>): Promise<void> {
  try {
    await work(batch);
    say(batch, process.now(), { phase: name, said: 'ok' });
  } catch (error) {
    if (!(error instanceof Ends)) throw error;
    say(batch, process.now(), { phase: name, said: error.said, why: error.why, detail: error.message });
  }
}

/** One batch runs once on a node: a second delivery finds the directory and exits 168. */
async function claim(context: StepContext): Promise<StepExit> {
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
  });
  return OK;
}

function preflight(context: StepContext): Promise<StepExit> {
  const { host, process } = context;
  return phase(context, ['claim', 'preflight'], async (batch) => {
    await process.sleep(between(host.chance('preflight', batch.id), 2, 6));
    checkLock(host, batch);
    checkNode(host);
    await checkOthers(context, batch);
    if (host.faults.packageDatabase !== undefined) throw new Ends('refused', 'package-manager-broken', host.faults.packageDatabase);
    batch.before = host.packages.copy();
    batch.services = host.runningServices();
  });
}

function checkLock(host: Host, batch: Batch): void {
  const text = batch.lock ?? '';
  if (sha256Of(text) !== batch.sha256) throw new Ends('refused', 'lock-mismatch', 'the downloaded lock is not the one that the plan names');
  const { platform } = host.platform;
  const section = lockSection(text, platform);
  if (!section) throw new Ends('refused', 'no-platform', `the lock has nothing for ${platform}`);
  batch.items = section.items;
  batch.before = host.packages.copy();
}

function checkNode(host: Host): void {
  if (isOlderAgent(host.agentVersion)) {
    throw new Ends('refused', 'agent-too-old', `the SSM agent is ${host.agentVersion}; 3.1.1045.0 or newer is needed`);
  }
  if (host.faults.foreignMarker !== undefined) {
    throw new Ends('refused', 'foreign-patch-run', `AWS-RunPatchBaseline waits for a reboot: ${host.faults.foreignMarker}`);
  }
  if (host.diskFreeMb < NEEDED_MB) throw new Ends('refused', 'disk-full', `/ has ${host.diskFreeMb} MB free, ${NEEDED_MB} are needed`);
}

function isOlderAgent(version: string): boolean {
  const parts = version.split('.').map(Number);
  const index = OLDEST_AGENT.findIndex((part, position) => (parts[position] ?? 0) !== part);
  return index >= 0 && (parts[index] ?? 0) < OLDEST_AGENT[index]!;
}

/** Others get some time to end: a node must not drop out because cron was at work in this minute. */
async function checkOthers({ host, process }: StepContext, batch: Batch): Promise<void> {
  const end = process.now() + PATIENCE * 1_000;
  for (let other = otherAtWork(host, batch); other; other = otherAtWork(host, batch)) {
    if (process.now() >= end) throw new Ends('refused', other.why, other.who);
    await process.sleep(LOOK_EVERY);
  }
}

function otherAtWork(host: Host, batch: Batch): { why: Reason; who: string } | undefined {
  const { updaterRuns, packageManagerBusy } = host.faults;
  if (updaterRuns !== undefined) return { why: 'other-updater', who: updaterRuns };
  const installing = [...host.batches.values()].find((other) => other !== batch && other.transaction?.state === 'running');
  if (installing) return { why: 'package-manager-busy', who: `batch ${installing.id} still installs` };
  return packageManagerBusy === undefined ? undefined : { why: 'package-manager-busy', who: packageManagerBusy };
}

/**
 * Whether this node can get exactly what was proven: wanted is what is installed and older; beside it the transaction may hold the
 * lock's dependencies that are absent, and nothing else.
 */
function resolve(context: StepContext): Promise<StepExit> {
  const { host, process } = context;
  return phase(context, ['preflight', 'resolve'], async (batch) => {
    const stands = standOf(batch.items ?? [], batch.before ?? host.packages, host.platform);
    batch.wanted = stands.filter(({ relation, item }) => relation === 'older' || (relation === 'absent' && item.use === 'kb')).map(({ item }) => item);
    if (batch.wanted.length === 0) return;
    await process.sleep(between(host.chance('resolve', batch.id), 10, 40));
    const missing = stands.filter(({ relation, item }) => relation === 'absent' && item.use === 'dependency').map(({ item }) => item);
    batch.plan = planOf(host, batch.wanted, [...batch.wanted, ...missing], host.repository.offers(process.now()));
  });
}

/** The transaction, from the lock alone. @throws Ends `gone` or `unproven-dependency` */
function planOf(host: Host, wanted: LockItem[], universe: LockItem[], offers: Offered[]): Offered[] {
  const gone = wanted.filter((item) => !offerOf(item, offers));
  if (gone.length > 0) throw new Ends('refused', 'gone', `no longer offered here: ${named(gone)}`);
  const targets = wanted.flatMap((item) => offerOf(item, offers) ?? []);
  const proven = universe.flatMap((item) => offerOf(item, offers) ?? []);
  const closed = host.packages.resolve(targets, proven, offers);
  if (closed) return closed;
  const outside = (host.packages.resolve(targets, offers, offers) ?? []).filter((offer) => !proven.includes(offer));
  if (outside.length > 0) throw new Ends('refused', 'unproven-dependency', `not in the lock: ${named(outside)}`);
  const missing = universe.filter((item) => !offerOf(item, offers));
  if (missing.length > 0) throw new Ends('refused', 'gone', `no longer offered here: ${named(missing)}`);
  throw new Ends('refused', 'unproven-dependency', `nothing provides what ${named(targets)} needs`);
}

function offerOf(item: LockItem, offers: Offered[]): Offered | undefined {
  return offers.find((offer) => packageKey(offer.name, offer.arch) === packageKey(item.name, item.arch) && offer.version === item.version);
}

function named(items: Array<{ name: string; version: string }>): string {
  return items
    .slice(0, 5)
    .map(({ name, version }) => `${name} ${version}`.trim())
    .join(', ');
}

/** Starts the transaction on its own and waits for its result; a step that is run again goes on waiting. */
async function install(context: StepContext): Promise<StepExit> {
  const batch = context.host.batches.get(context.parameters.BatchId ?? '');
  if (batch?.phase === 'install' && batch.said === 'running' && !isHeld(batch)) {
    batch.worker = context.process;
    await settle(context, batch, 'install', () => awaitTransaction(context, batch));
    return OK;
  }
  return phase(context, ['resolve', 'install'], async (entered) => {
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

/** Only if the OS needs it. Exit 194 has the agent reboot the node and run this very step again. */
async function reboot(context: StepContext): Promise<StepExit> {
  const { host, process, parameters } = context;
  await process.sleep(1);
  const known = host.batches.get(parameters.BatchId ?? '');
  const again = known?.phase === 'reboot' && known.said === 'working' && !isHeld(known) ? known : undefined;
  const batch = again ?? enter(context, 'install', 'reboot');
  if (!batch) return OK;
  batch.worker = process;
  const now = process.now();
  if (again && host.bootId !== batch.bootBefore) {
    batch.rebooted = true;
    say(batch, now, { phase: 'reboot', said: 'ok' });
    return OK;
  }
  if (!again && host.pending !== 'reboot') {
    say(batch, now, { phase: 'reboot', said: 'ok' });
    return OK;
  }
  if (!again) batch.bootBefore = host.bootId;
  if (batch.tries >= MOST_TRIES) {
    const detail = `asked for a reboot ${batch.tries} times, the node still runs the same boot`;
    say(batch, now, { phase: 'reboot', said: 'failed', why: 'reboot-not-done', detail });
    return OK;
  }
  batch.tries++;
  return { code: host.platform.os === 'windows' ? EXIT.rebootWindows : EXIT.rebootLinux };
}
