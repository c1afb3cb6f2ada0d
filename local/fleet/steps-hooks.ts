/** The steps of Wavelock-Patch around its hooks, the same on all platforms (`before.sh`, `after.sh`, `closing.sh`). */
import { enter, say } from './batches.ts';
import { beginHook, endHook, hookSteps } from './hooks.ts';
import { OK } from './phases.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';

const steps: Behaviours = { Before: before, After: after, Closing: closing };

/** Behaviours of those steps, and of the frames that they let hooks into. */
export const aroundSteps: Behaviours = {
  ...hookSteps,
  ...Object.fromEntries(
    Object.entries(steps).flatMap(([name, step]) => [
      [`Patch-Linux/${name}`, step],
      [`Patch-Windows/${name}`, step],
    ]),
  ),
};

/** Where nothing is to do, nothing is drained. */
async function before(context: StepContext): Promise<StepExit> {
  const { host, process } = context;
  await process.sleep(2);
  const batch = enter(context, 'resolve', 'before');
  if (!batch) return OK;
  batch.hasWork = batch.wanted.length > 0 || host.pending === 'reboot';
  return waitFor(context, 'before');
}

async function after(context: StepContext): Promise<StepExit> {
  await context.process.sleep(1);
  return enter(context, 'reboot', 'after') ? waitFor(context, 'after') : OK;
}

/** The state stays `working` while the user's document runs. */
function waitFor({ host, process, parameters }: StepContext, name: 'before' | 'after'): StepExit {
  const batch = host.batches.get(parameters.BatchId ?? '');
  const wanted = parameters[name === 'before' ? 'RunBefore' : 'RunAfter'] === 'yes';
  const now = process.now();
  if (batch && wanted && batch.hasWork) beginHook(batch, name, now + Number(parameters.HookSeconds) * 1_000);
  else if (batch) say(batch, now, { phase: name, said: 'ok' });
  return OK;
}

/** AWS-RunPatchBaseline comes last, and only where nothing of ours is at work any more. */
async function closing({ host, process, parameters }: StepContext): Promise<StepExit> {
  await process.sleep(1);
  const batch = host.batches.get(parameters.BatchId ?? '');
  if (!batch) return OK;
  endHook(batch, 'after', process.now());
  const isOver = batch.phase === 'after' && (batch.said === 'ok' || batch.said === 'failed');
  if (parameters.ClosingScan === 'yes' && isOver) beginHook(batch, 'closing', process.now());
  return OK;
}
