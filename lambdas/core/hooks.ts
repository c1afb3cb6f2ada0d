/** What a policy's hooks and its wish for AWS's own scan mean for a patch command: parameters of Wavelock-Patch, and more time. */
import { EXECUTION_SECONDS } from './batch.ts';
import type { TrackFile } from './batch.ts';
import type { Hook, Os, Policy } from './model.ts';

/** An AWS-RunPatchBaseline Scan takes minutes; so long it may take before the command expires, seconds. */
const SCAN_SECONDS = 1_800;

/** Parameters of Wavelock-Patch beside the lock's, by name. Empty for a policy that wants neither hooks nor the scan. */
export function patchParameters({ hooks, awsCompliance }: Pick<Policy, 'hooks' | 'awsCompliance'>): Record<string, string> {
  return {
    ...(hooks?.before ? { RunBefore: 'yes', BeforeHook: hookPath(hooks.before) } : {}),
    ...(hooks?.after ? { RunAfter: 'yes', AfterHook: hookPath(hooks.after) } : {}),
    ...(hooks ? { HookSeconds: String(hooks.within) } : {}),
    ...(awsCompliance === 'scan' ? { ClosingScan: 'yes' } : {}),
  };
}

/** `Corp-DrainSqlAg:7`: aws:runDocument takes a version behind the name (amazon-ssm-agent, docparser.ParseDocumentNameAndVersion). */
export function hookPath({ document, version }: Hook): string {
  return `${document}:${version}`;
}

/**
 * The document's `executionTimeout`, seconds, with the time that hooks and scan may take: the command expires after this and the time of
 * delivery, whatever its steps' own time-outs are. `parameters`: those that the command is sent with.
 */
export function executionSeconds(batch: { purpose: TrackFile['purpose']; os: Os; parameters: Record<string, string> }): number {
  const { RunBefore, RunAfter, HookSeconds = '0', ClosingScan } = batch.parameters;
  const hooks = [RunBefore, RunAfter].filter((run) => run === 'yes').length * Number(HookSeconds);
  return EXECUTION_SECONDS[batch.purpose][batch.os] + hooks + (ClosingScan === 'yes' ? SCAN_SECONDS : 0);
}
