/** Wavelock-Scan on a simulated node: what it has and what its repositories offer (the `facts` and `packages` scripts). */
import { factsText, fingerprintText } from '../../lambdas/core/facts.ts';
import type { Available, FleetFacts, Package } from '../../lambdas/core/model.ts';
import type { ScanReport } from '../../lambdas/core/report.ts';
import { between } from './chance.ts';
import type { Host } from './host.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';
import { snapshotId, snapshotTime, type Offered } from './repository.ts';
import { pack, sha256Of } from './texts.ts';

/** What one step prints of the list: GetCommandInvocation gives 24,000 characters, and puts a mark in place of the rest. */
const CHUNK = 23_000;
const PARTS = 3;

const steps: Behaviours = {
  Facts: facts,
  Packages: (context) => packages(context, 1),
  Packages2: (context) => packages(context, 2),
  Packages3: (context) => packages(context, 3),
};

/** Behaviours of Wavelock-Scan: the same on all platforms, but for what a package manager can tell. */
export const scanSteps: Behaviours = Object.fromEntries(
  Object.entries(steps).flatMap(([name, step]) => [
    [`Scan-Linux/${name}`, step],
    [`Scan-Windows/${name}`, step],
  ]),
);

async function facts({ host, process, parameters }: StepContext): Promise<StepExit> {
  const batch = parameters.BatchId ?? '';
  await process.sleep(between(host.chance('scan', batch), 4, 16));
  const list = factsOf(host, process.now());
  const text = factsText(list);
  host.scanned = { batch, packed: pack(text) };
  const report: ScanReport = {
    v: 1,
    do: 'scan',
    fp: sha256Of(fingerprintText(list)),
    platform: list.platform,
    boot: host.bootId,
    kernel: kernelRelease(host),
    pending: host.pending,
    others: host.others,
    diskMb: host.diskFreeMb,
    agent: host.agentVersion,
    n: list.available.length,
  };
  return { code: 0, stdout: `${JSON.stringify(report)}\n` };
}

/** The list behind the fingerprint, in parts; a list that all of them can't hold is not begun. */
async function packages({ host, process, parameters }: StepContext, part: number): Promise<StepExit> {
  await process.sleep(1);
  if (host.scanned?.batch !== parameters.BatchId) return { code: 0 };
  const { packed } = host.scanned!;
  if (packed.length > CHUNK * PARTS) return { code: 0, stdout: part === 1 ? `too-long ${packed.length}\n` : '' };
  return { code: 0, stdout: packed.slice((part - 1) * CHUNK, part * CHUNK) };
}

/** What the node has and is offered now. */
export function factsOf(host: Host, now: number): FleetFacts {
  const { platform, repository } = host;
  const snapshot = repository.snapshots ? snapshotId(now) : undefined;
  const offers = repository.offers(snapshot === undefined ? now : snapshotTime(snapshot));
  const updates = host.packages.updates(offers);
  const upgrade = host.packages.resolve(updates, offers, offers) ?? updates;
  const isNew = (offer: Offered): boolean => platform.os === 'linux' && !host.packages.find(offer.name, offer.arch);
  return {
    platform: platform.platform,
    // A simulated repository has one release, so the node is held to the newest that there is.
    ...(repository.releasever === undefined ? {} : { releasever: repository.releasever, held: repository.releasever }),
    ...(snapshot === undefined ? {} : { snapshot }),
    kernel: kernelRelease(host),
    ...(host.channels.length === 0 ? {} : { channels: host.channels }),
    ...(host.modules.length === 0 ? {} : { modules: host.modules }),
    installed: host.packages.list(),
    available: updates.map((offer) => availableOf(offer, host)),
    dependencies: upgrade.filter(isNew).map(({ name, arch, version }): Package => ({ name, arch, version })),
  };
}

/** Debian's and Ubuntu's archives carry neither advisories nor severities: only which archive has an update. A KB is its own advisory. */
function availableOf({ name, arch, version, kind, severity, advisories }: Offered, host: Host): Available {
  if (host.platform.os === 'windows') return { name, arch, version, kind, severity, advisories: [name] };
  if (host.platform.versions !== 'deb') return { name, arch, version, kind, severity, advisories };
  return { name, arch, version, kind: kind === 'security' ? 'security' : 'other', severity: 'unrated', advisories: [] };
}

/** Microsoft's month moves it on by 70 to 150 (Windows Server 2022 came to 20348.2966 within 40 months); the machines here have a KB of some of them. */
const REVISIONS_AN_UPDATE = 100;

/**
 * `uname -r` of the running kernel: rpm kernels carry their architecture, Ubuntu's their flavour instead of the upload number. Windows'
 * build with its revision, which each update moves on.
 */
function kernelRelease(host: Host): string {
  const { platform, runningKernel } = host;
  if (platform.os === 'windows') return `${platform.platformVersion}.${REVISIONS_AN_UPDATE * host.packages.list().length}`;
  if (platform.versions === 'rpm') return `${runningKernel}.${platform.arch}`;
  const [, abi = runningKernel] = /^(\d+\.\d+\.\d+[.-]\d+)/.exec(runningKernel) ?? [];
  return `${abi.replace(/^(\d+\.\d+\.\d+)\./, '$1-')}-aws`;
}
