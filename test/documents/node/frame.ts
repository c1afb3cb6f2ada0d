/**
 * aws:runDocument on a root: the frame that Claim has written there, read as the agent reads it, and in it the user's document. Rules of the
 * agent that the frame leans on: `onSuccess: exit`, 168 and 169 skip the rest, a time-out skips nothing, and a nested reboot ends all
 * (runpluginutil.go, RunPlugins and getShouldPluginSkipBasedOnControlFlow; statuses merge as in contracts.MergeResultStatus).
 */
import { z } from 'zod';
import type { Ran, Root } from './root.ts';

/** How a user's document ends here: with the exit status of its script, or timed out. */
export interface HookScript {
  script: string;
  timesOut?: true;
}

/** By name and version: `Corp-Drain:7`. A document that is not here can't be fetched. */
export type Hooks = Record<string, HookScript>;

const Frame = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.string(),
  mainSteps: z.array(
    z.union([
      z.strictObject({
        action: z.literal('aws:runShellScript'),
        name: z.string(),
        inputs: z.strictObject({ timeoutSeconds: z.string(), runCommand: z.array(z.string()) }),
      }),
      z.strictObject({
        action: z.literal('aws:runDocument'),
        name: z.string(),
        inputs: z.strictObject({
          onSuccess: z.literal('exit'),
          documentType: z.literal('SSMDocument'),
          documentPath: z.string(),
          documentParameters: z.record(z.string(), z.string()),
        }),
      }),
    ]),
  ),
});

type Status = 'Success' | 'Failed' | 'TimedOut' | 'Reboot';

/** Runs a frame from its first step. The result's code is 194 where it asks for a reboot, 1 where it did not succeed. */
export async function runFrame(root: Root, path: string, hooks: Hooks): Promise<Ran> {
  const text = await root.run(['cat', path]);
  if (text.code !== 0) return { code: 1, stdout: '', stderr: 'There was an error while preparing documents' };
  const { mainSteps } = Frame.parse(JSON.parse(text.stdout));
  const statuses: Status[] = [];
  for (const step of mainSteps) {
    const isHook = step.action === 'aws:runDocument';
    const { status, code } = isHook ? await runHook(root, hooks[step.inputs.documentPath]) : await runScript(root, step.inputs.runCommand.join('\n'));
    statuses.push(status);
    if (status === 'Reboot' || (isHook && status === 'Success') || code === 168 || code === 169) break;
  }
  const code = statuses.includes('Reboot') ? 194 : statuses.every((status) => status === 'Success') ? 0 : 1;
  return { code, stdout: '', stderr: '' };
}

async function runHook(root: Root, hook: HookScript | undefined): Promise<{ status: Status; code: number }> {
  if (!hook) return { status: 'Failed', code: 0 };
  const ran = await runScript(root, hook.script);
  // What a document's own steps exit with stays in it.
  return { status: hook.timesOut ? 'TimedOut' : ran.status, code: 0 };
}

async function runScript(root: Root, script: string): Promise<{ status: Status; code: number }> {
  const { code } = await root.run(['sh', '-c', script]);
  return { code, status: code === 194 ? 'Reboot' : code === 0 || code === 168 ? 'Success' : 'Failed' };
}
