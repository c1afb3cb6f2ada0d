/**
 * What the steps of Wavelock-Patch-Windows do on a simulated node, as the scripts in `statemachines/documents/windows` are meant to: KBs
 * instead of versions, nothing that is pulled in, and reboots until Windows asks for none.
 */
import { enter, isHeld, say } from './batches.ts';
import { between } from './chance.ts';
import { EXIT } from './document-flow.ts';
import { Ends, OK, checkedItems, claim, install, otherInstalling, phase } from './phases.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';

/** A cumulative update unpacks to several gigabytes. */
const NEEDED_MB = 5 * 1_024;
const MOST_TRIES = 3;

/** Behaviours of Wavelock-Patch-Windows, but for its report. */
export const patchWindowsSteps: Behaviours = {
  'Patch-Windows/Claim': claim,
  'Patch-Windows/Preflight': preflight,
  'Patch-Windows/Resolve': resolve,
  'Patch-Windows/Install': install,
  'Patch-Windows/Reboot': reboot,
};

function preflight(context: StepContext): Promise<StepExit> {
  const { host, process } = context;
  return phase(context, ['claim', 'preflight'], async (batch) => {
    await process.sleep(between(host.chance('preflight', batch.id), 4, 15));
    const items = checkedItems(host, batch);
    if (host.diskFreeMb < NEEDED_MB) {
      throw new Ends('refused', 'disk-full', `${(host.diskFreeMb / 1_024).toFixed(1)} GB free on C:, 5 GB needed`);
    }
    const { updaterRuns, packageManagerBusy } = host.faults;
    if (updaterRuns !== undefined || packageManagerBusy !== undefined || otherInstalling(host, batch)) {
      throw new Ends('refused', 'other-updater', 'another Windows Update installation is running');
    }
    batch.items = items;
    batch.before = host.packages.copy();
    batch.services = host.runningServices();
    batch.bootBefore = host.bootId;
  });
}

/** A KB that is neither installed nor on offer is gone: superseded, withdrawn, or refused by the node's update source. */
function resolve(context: StepContext): Promise<StepExit> {
  const { host, process } = context;
  return phase(context, ['preflight', 'resolve'], async (batch) => {
    await process.sleep(between(host.chance('resolve', batch.id), 20, 90));
    const missing = (batch.items ?? []).filter(({ name, arch }) => batch.before?.get(name, arch) === undefined);
    const offers = host.repository.offers(process.now());
    const gone = missing.filter((item) => !offers.some(({ name }) => name === item.name));
    if (gone.length > 0) throw new Ends('refused', 'gone', `not offered to this node: ${gone.map(({ name }) => name).join(' ')}`);
    batch.wanted = missing;
    batch.plan = offers.filter((offer) => missing.some(({ name }) => name === offer.name));
  });
}

/** Exit 3010 has the agent restart the computer and run this very step again; some updates need more than one start. */
async function reboot(context: StepContext): Promise<StepExit> {
  const { host, process, parameters } = context;
  await process.sleep(2);
  const known = host.batches.get(parameters.BatchId ?? '');
  const again = known?.phase === 'reboot' && known.said === 'working' && !isHeld(known) ? known : undefined;
  const batch = again ?? enter(context, 'install', 'reboot');
  if (!batch) return OK;
  batch.worker = process;
  if (host.pending !== 'reboot') {
    say(batch, process.now(), { phase: 'reboot', said: 'ok' });
    return OK;
  }
  if (batch.tries >= MOST_TRIES) {
    const detail = host.bootId === batch.bootBefore ? 'did not reboot' : 'still asks for a reboot after three of them';
    say(batch, process.now(), { phase: 'reboot', said: 'failed', why: 'reboot-not-done', detail });
    return OK;
  }
  batch.tries++;
  return { code: EXIT.rebootWindows };
}
