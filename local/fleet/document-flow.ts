/**
 * What the SSM agent decides between the steps of a document; pure. Source of all of it: amazon-ssm-agent,
 * agent/framework/runpluginutil/runpluginutil.go (RunPlugins, getStepExecutionOperation, evaluatePreconditions,
 * getShouldPluginSkipBasedOnControlFlow) and agent/framework/docmanager (order of merged statuses).
 */
import type { Os } from '../../lambdas/core/model.ts';
import type { DocumentStep } from './document-content.ts';

export type StepStatus = 'Success' | 'Failed' | 'TimedOut' | 'Cancelled' | 'Skipped' | 'SuccessAndReboot';

/** One step's end. Times are ms since the epoch. */
export interface StepResult {
  name: string;
  action: string;
  status: StepStatus;
  code: number;
  stdout: string;
  stderr: string;
  start: number;
  end: number;
}

/** What a plugin makes of a step. */
export type StepOutcome = Pick<StepResult, 'status' | 'code' | 'stdout' | 'stderr'>;

export type Decision = { operation: 'execute' } | { operation: 'skip' | 'fail'; message: string };

/** Exit codes with a meaning of their own (User Guide, "Handling reboots" and "Running scripts": 194, 3010, 168, 169). */
export const EXIT = { success: 168, failure: 169, rebootLinux: 194, rebootWindows: 3010, killed: 137 } as const;

const PLUGIN_PLATFORMS: Record<string, Os[]> = {
  'aws:runShellScript': ['linux'],
  'aws:runPowerShellScript': ['windows', 'linux'],
};

/** Whether the agent on this platform has a plugin. Linux agents have aws:runPowerShellScript, for `pwsh`. */
export function isSupported(action: string, os: Os): boolean {
  return PLUGIN_PLATFORMS[action]?.includes(os) ?? true;
}

/** A step that has ended. */
export interface EndedStep {
  step: DocumentStep;
  result: StepResult;
}

/** A step that is next: as it stands in the document, and with the parameters' values in it. */
export interface NextStep {
  raw: DocumentStep;
  resolved: DocumentStep;
  isLast: boolean;
}

/** Whether a step of a 2.2 document runs, is skipped or fails, given how the steps before it ended. */
export function decide({ raw, resolved, isLast }: NextStep, os: Os, before: EndedStep[]): Decision {
  const isFinally = isTrue(resolved.inputs.finallyStep) && isLast;
  if (!isFinally && before.some(({ step: earlier, result }) => endsDocument(earlier, result))) {
    return {
      operation: 'skip',
      message: `Plugin with name ${raw.action} and id ${raw.name} skipped due to prior step with an exit condition`,
    };
  }
  const unsupported = `Step execution skipped due to unsupported plugin: ${raw.action}. Step name: ${raw.name}`;
  if (!isSupported(raw.action, os)) return { operation: 'skip', message: unsupported };
  const { allowed, complaints } = checkPreconditions(raw, resolved, os);
  if (!allowed) {
    return {
      operation: 'skip',
      message: `Step execution skipped due to unsatisfied preconditions: '${complaints.join(', ')}'. Step name: ${raw.name}`,
    };
  }
  if (complaints.length === 0) return { operation: 'execute' };
  const message = `Unrecognized precondition(s): '${complaints.join(', ')}', please update agent to latest version. Step name: ${raw.name}`;
  return { operation: 'fail', message };
}

/** Codes 168 and 169, `onFailure: exit` after Failed (not after TimedOut) and `onSuccess: exit` after Success end a document. */
function endsDocument(step: DocumentStep, result: StepResult): boolean {
  if (result.code === EXIT.success || result.code === EXIT.failure) return true;
  if (result.status === 'Failed' && step.inputs.onFailure === 'exit') return true;
  return result.status === 'Success' && step.inputs.onSuccess === 'exit';
}

function checkPreconditions(raw: DocumentStep, resolved: DocumentStep, os: Os): { allowed: boolean; complaints: string[] } {
  const complaints: string[] = [];
  let allowed = true;
  for (const [operator, initial] of Object.entries(raw.precondition ?? {})) {
    const known = operator === 'StringEquals';
    const verdict = known ? stringEquals(initial, resolved.precondition?.[operator] ?? [], os) : `unrecognized operator: "${operator}"`;
    if (verdict === 'equal') continue;
    if (verdict === 'different') allowed = false;
    complaints.push(verdict === 'different' ? `"${operator}": [${initial.join(', ')}]` : verdict);
  }
  return { allowed, complaints };
}

/** `equal`, `different`, or why the agent doesn't know the condition. */
function stringEquals(initial: string[], resolved: string[], os: Os): string {
  const [a, b] = initial;
  if (initial.length !== 2 || a === undefined || b === undefined) return '"StringEquals": operator accepts exactly 2 arguments';
  if (a === b) return '"StringEquals": operator\'s arguments can\'t be identical';
  if (initial.some((text) => /\{\{\s*ssm(-secure)?:/.test(text))) {
    return '"StringEquals": operator\'s arguments can\'t contain SSM parameters';
  }
  if (a === 'platformType' || b === 'platformType') {
    const index = a === 'platformType' ? 1 : 0;
    if (initial[index] !== resolved[index]) {
      return '"StringEquals": the second argument for the platformType variable can\'t contain document parameters';
    }
    return initial[index]!.toLowerCase() === os ? 'equal' : 'different';
  }
  if (a === resolved[0] && b === resolved[1]) {
    return '"StringEquals": at least one of operator\'s arguments must contain a valid document parameter';
  }
  return resolved[0] === resolved[1] ? 'equal' : 'different';
}

/** What the agent makes of a result that has just come: its notes in the output, and `successAndExit`. */
export function afterStep(step: DocumentStep, result: StepResult): StepResult {
  const { onFailure } = step.inputs;
  if (result.code === EXIT.success) {
    const note = '\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped.';
    return { ...result, status: 'Success', stdout: result.stdout + note, stderr: '' };
  }
  if (result.code === EXIT.failure) {
    return noted(result, '\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.');
  }
  if (result.status !== 'Failed' || (onFailure !== 'exit' && onFailure !== 'successAndExit')) return result;
  const failed = noted(result, '\nStep was found to have onFailure property. Further document steps will be skipped.');
  return onFailure === 'exit' ? failed : { ...failed, status: 'Success', code: EXIT.success };
}

function noted(result: StepResult, note: string): StepResult {
  return { ...result, stdout: result.stdout + note, stderr: result.stderr + note };
}

/** The document's status from its steps': the worst wins, Skipped counts as Success. */
export function mergeStatuses(results: StepResult[]): Exclude<StepStatus, 'Skipped'> {
  const order = ['SuccessAndReboot', 'Failed', 'TimedOut', 'Cancelled'] as const;
  return order.find((status) => results.some((result) => result.status === status)) ?? 'Success';
}

/**
 * The status that aws:runDocument makes of its document's steps: another order than a document's own, a time-out outweighs a failure and a
 * failure a reboot (amazon-ssm-agent, contracts.MergeResultStatus).
 */
export function mergeNested(results: StepResult[]): StepStatus {
  const order = ['TimedOut', 'Cancelled', 'Failed', 'SuccessAndReboot'] as const;
  return order.find((status) => results.some((result) => result.status === status)) ?? 'Success';
}

/** A script's exit code as a status (amazon-ssm-agent, pluginutil_unix.go and pluginutil_windows.go, GetStatus). */
export function statusOf(code: number, os: Os): StepStatus {
  if (code === 0) return 'Success';
  if (code === (os === 'windows' ? EXIT.rebootWindows : EXIT.rebootLinux)) return 'SuccessAndReboot';
  return 'Failed';
}

/** A step's time-out in seconds: 3,600, also for values outside 5–172,800 (amazon-ssm-agent, pluginutil.ValidateExecutionTimeout). */
export function stepSeconds(inputs: DocumentStep['inputs']): number {
  const seconds = Number(inputs.timeoutSeconds ?? 3_600);
  return Number.isInteger(seconds) && seconds >= 5 && seconds <= 172_800 ? seconds : 3_600;
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}
