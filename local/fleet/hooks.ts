/**
 * The frame in which a hook runs, on a simulated node: what `statemachines/documents/linux/lib/frame.sh` and `hook.sh` write and read. The
 * document that Claim leaves there has the same three steps, and the same mark lets the hook in once.
 */
import type { Batch } from './batches.ts';
import { say } from './batches.ts';
import { EXIT } from './document-flow.ts';
import type { Host } from './host.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';

export type HookName = 'before' | 'after' | 'closing';

/** A hook's mark: none after a failure. `again`: it asked for a reboot. */
export interface Hook {
  mark: 'idle' | 'ready' | 'entered' | 'again' | undefined;
  /** Name and version of the document. */
  document: string;
  /** Until when it may take, ms since the epoch; 0 until it is let in. */
  deadline: number;
}

const NAMES: HookName[] = ['before', 'after', 'closing'];
const AWS_SCAN = 'AWS-RunPatchBaseline';

/** Behaviours of a frame's own steps, by the name of its file. */
export const hookSteps: Behaviours = Object.fromEntries(
  NAMES.flatMap((name) => [
    [`${name}/Enter`, (context: StepContext) => enterHook(context, name)],
    [`${name}/Failed`, (context: StepContext) => failHook(context, name)],
  ]),
);

/** Where a batch keeps its files. */
export function directoryOf(host: Host, batch: string): string {
  return host.platform.os === 'windows' ? `C:\\Program Files\\Wavelock\\${batch}\\` : `/var/lib/wavelock/${batch}/`;
}

/** Claim's part: writes the frames of all hooks that the command wants. */
export function writeFrames(host: Host, batch: Batch, parameters: Record<string, string>): void {
  const { BeforeHook = 'none', AfterHook = 'none', ClosingScan } = parameters;
  if (BeforeHook !== 'none') writeFrame(host, batch, 'before', { document: BeforeHook });
  if (AfterHook !== 'none') writeFrame(host, batch, 'after', { document: AfterHook });
  if (ClosingScan === 'yes') writeFrame(host, batch, 'closing', { document: AWS_SCAN, parameters: { Operation: 'Scan' } });
}

function writeFrame(host: Host, batch: Batch, name: HookName, hook: { document: string; parameters?: Record<string, string> }): void {
  const directory = directoryOf(host, batch.id);
  const script = host.platform.os === 'windows' ? 'aws:runPowerShellScript' : 'aws:runShellScript';
  const own = (step: string) => ({ action: script, name: step, inputs: { timeoutSeconds: '60', runCommand: [directory] } });
  const { document, parameters = {} } = hook;
  const inputs = { onSuccess: 'exit', documentType: 'SSMDocument', documentPath: document, documentParameters: parameters };
  const mainSteps = [own('Enter'), { action: 'aws:runDocument', name: 'Hook', inputs }, own('Failed')];
  host.files.set(`${directory}${name}.json`, JSON.stringify({ schemaVersion: '2.2', mainSteps }));
  batch.hooks[name] = { mark: 'idle', document, deadline: 0 };
}

/** Lets a hook in; the next aws:runDocument runs it. */
export function beginHook(batch: Batch, name: HookName, deadline: number): void {
  const hook = batch.hooks[name];
  if (hook) Object.assign(hook, { mark: 'ready', deadline });
}

/** Turns the state of a phase that waited for its hook into how that ended. `now` in ms since the epoch. */
export function endHook(batch: Batch, name: 'before' | 'after', now: number): void {
  if (batch.phase !== name || batch.said !== 'working') return;
  const fault = hookFault(batch, name, now);
  const document = batch.hooks[name]?.document ?? '';
  if (fault === undefined) say(batch, now, { phase: name, said: 'ok' });
  else say(batch, now, { phase: name, said: 'failed', why: 'hook-failed', detail: `${document} ${fault}` });
}

/** Why a hook that is over did not do its work. Nothing is installed after a pre hook that took too long. */
export function hookFault(batch: Batch, name: HookName, now: number): string | undefined {
  switch (batch.hooks[name]?.mark) {
    case 'entered':
      return name === 'before' && isLate(batch, name, now) ? 'did not end in time' : undefined;
    case 'again':
      return 'asked for a reboot, which a hook must not';
    case 'ready':
      return 'was not run';
    default:
      return 'failed';
  }
}

export function isLate(batch: Batch, name: HookName, now: number): boolean {
  return now > (batch.hooks[name]?.deadline ?? 0);
}

async function enterHook({ host, process, inputs }: StepContext, name: HookName): Promise<StepExit> {
  await process.sleep(1);
  const hook = hookOf(host, inputs, name);
  if (!hook?.mark) return { code: EXIT.failure };
  if (hook.mark === 'idle') return { code: EXIT.success };
  hook.mark = hook.mark === 'ready' ? 'entered' : 'again';
  return { code: hook.mark === 'entered' ? 0 : EXIT.failure };
}

async function failHook({ host, process, inputs }: StepContext, name: HookName): Promise<StepExit> {
  await process.sleep(1);
  const hook = hookOf(host, inputs, name);
  if (hook) hook.mark = undefined;
  return { code: 1 };
}

/** The frame's scripts know their batch by the directory that stands in them. */
function hookOf(host: Host, inputs: StepContext['inputs'], name: HookName): Hook | undefined {
  const [directory] = Array.isArray(inputs.runCommand) ? inputs.runCommand : [];
  return [...host.batches.values()].find((batch) => directoryOf(host, batch.id) === directory)?.hooks[name];
}
