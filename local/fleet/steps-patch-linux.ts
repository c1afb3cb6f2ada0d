/**
 * What the steps of Wavelock-Patch-Linux do on a simulated node: the same decisions in the same order as the scripts in
 * `statemachines/documents/linux`, so that both answer the cases of `test/documents/conformance` alike.
 */
import type { LockItem } from '../../lambdas/core/model.ts';
import { enter, isHeld, say, type Batch, type Reason } from './batches.ts';
import { between } from './chance.ts';
import { EXIT } from './document-flow.ts';
import type { Host } from './host.ts';
import { lockSection, standOf } from './lock-stand.ts';
import { Ends, OK, checkedItems, claim, install, otherInstalling, phase } from './phases.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';
import { packageKey, snapshotTime, type Offered } from './repository.ts';

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

function preflight(context: StepContext): Promise<StepExit> {
  const { host, process } = context;
  return phase(context, ['claim', 'preflight'], async (batch) => {
    await process.sleep(between(host.chance('preflight', batch.id), 2, 6));
    batch.items = checkedItems(host, batch);
    checkNode(host);
    await checkOthers(context, batch);
    if (host.faults.packageDatabase !== undefined) throw new Ends('refused', 'package-manager-broken', host.faults.packageDatabase);
    batch.before = host.packages.copy();
    batch.services = host.runningServices();
  });
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
  const installing = otherInstalling(host, batch);
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
    batch.wanted = stands.filter(({ relation, item }) => relation === 'older' && item.use !== 'dependency').map(({ item }) => item);
    if (batch.wanted.length === 0) return;
    await process.sleep(between(host.chance('resolve', batch.id), 10, 40));
    const allowed = stands
      .filter(({ relation, item }) => item.use === 'dependency' && (relation === 'absent' || relation === 'older'))
      .map(({ item }) => item);
    batch.plan = planOf(host, batch.wanted, [...batch.wanted, ...allowed], offersFor(host, batch, process.now()));
  });
}

/** What the lock's snapshot of the archive has; where it can't be used, or lacks something wanted, what the repositories have now. */
function offersFor(host: Host, batch: Batch, now: number): Offered[] {
  const snapshot = lockSection(batch.lock ?? '', host.platform.platform)?.snapshot;
  if (snapshot === undefined) return host.repository.offers(now);
  const then = host.repository.snapshots ? host.repository.offers(snapshotTime(snapshot)) : [];
  if (batch.wanted.every((item) => offerOf(item, then))) return then;
  batch.noSnapshot = true;
  return host.repository.offers(now);
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
  if (outside.length > 0) throw new Ends('refused', 'unproven-dependency', `outside the lock: ${named(outside)}`);
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
  return { code: EXIT.rebootLinux };
}
