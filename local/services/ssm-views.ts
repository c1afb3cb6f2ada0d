/** Commands and invocations as the API shows them. Unset texts are `""`, not absent (aws-cli examples of send-command, list-commands). */
import type { StepResult } from '../fleet/document-flow.ts';
import type { Input } from '../types.ts';
import type { Command, Invocation, InvocationView } from './ssm-state.ts';
import { countsOf } from './ssm-status.ts';

/** "You can see up to 2,500 characters" (SSM API reference, CommandPlugin.Output). */
const LISTED_OUTPUT = 2_500;
/** GetCommandInvocation.StandardOutputContent and StandardErrorContent. */
const STDOUT_LIMIT = 24_000;
const STDERR_LIMIT = 8_000;

const NO_NOTIFICATION = { NotificationArn: '', NotificationEvents: [], NotificationType: '' };
const NO_LOGS = { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false };

/** A command as SendCommand and ListCommands answer it. */
export function commandView(command: Command): Input {
  return {
    CommandId: command.id,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    Comment: command.comment,
    ExpiresAfter: new Date(command.expires),
    Parameters: command.parameters,
    InstanceIds: command.invocations.map(({ host }) => host.id),
    Targets: [],
    RequestedDateTime: new Date(command.requested),
    Status: command.status,
    StatusDetails: command.details,
    OutputS3Region: command.region,
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    ...countsOf(command),
    ServiceRole: '',
    NotificationConfig: NO_NOTIFICATION,
    CloudWatchOutputConfig: NO_LOGS,
    TimeoutSeconds: command.timeoutSeconds,
    TriggeredAlarms: [],
  };
}

/** An invocation as ListCommandInvocations answers it; its steps only with `details`. */
export function invocationView(command: Command, { host }: Invocation, view: InvocationView, details: boolean): Input {
  return {
    CommandId: command.id,
    InstanceId: host.id,
    InstanceName: host.computerName,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    RequestedDateTime: new Date(command.requested),
    Status: view.status,
    StatusDetails: view.details,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: details ? command.document.mainSteps.flatMap((step) => pluginView(command, step.name, view)) : [],
    ServiceRole: '',
    NotificationConfig: NO_NOTIFICATION,
    CloudWatchOutputConfig: NO_LOGS,
  };
}

/** One entry a step. While a command runs, steps to come are Pending; once it has ended, steps without a report have no entry. */
function pluginView(command: Command, name: string, view: InvocationView): Input[] {
  const step = view.steps.find((result) => result.name === name);
  const place = {
    OutputS3Region: command.region,
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
    StandardOutputUrl: '',
    StandardErrorUrl: '',
  };
  if (!step) {
    const open = view.status === 'Pending' || view.status === 'InProgress' || view.status === 'Delayed' || view.status === 'Cancelling';
    return open ? [{ Name: name, Status: 'Pending', StatusDetails: 'Pending', ResponseCode: -1, Output: '', ...place }] : [];
  }
  const { status, details } = stepStatus(step);
  return [
    {
      Name: name,
      Status: status,
      StatusDetails: details,
      ResponseCode: step.code,
      ResponseStartDateTime: new Date(step.start),
      ResponseFinishDateTime: new Date(step.end),
      Output: truncateOutput(step.stdout, step.stderr, LISTED_OUTPUT),
      ...place,
    },
  ];
}

/** A skipped step counts and shows as a success (amazon-ssm-agent, DocumentResultAggregator). */
export function stepStatus(step: StepResult): { status: string; details: string } {
  if (step.status === 'Skipped') return { status: 'Success', details: 'Success' };
  if (step.status === 'SuccessAndReboot') return { status: 'InProgress', details: 'InProgress' };
  return { status: step.status, details: step.status === 'TimedOut' ? 'ExecutionTimedOut' : step.status };
}

/** The step that GetCommandInvocation is asked about; `step` is missing while the agent has not reported it. */
export interface AskedStep {
  name: string;
  step?: StepResult;
}

/** GetCommandInvocation's answer. */
export function commandInvocationView(command: Command, { host }: Invocation, view: InvocationView, { name, step }: AskedStep): Input {
  return {
    CommandId: command.id,
    InstanceId: host.id,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    PluginName: name,
    ResponseCode: step?.code ?? -1,
    ExecutionStartDateTime: step ? new Date(step.start).toISOString() : '',
    ExecutionElapsedTime: step ? `PT${((step.end - step.start) / 1_000).toFixed(3)}S` : '',
    ExecutionEndDateTime: step ? new Date(step.end).toISOString() : '',
    Status: step ? stepStatus(step).status : view.status,
    StatusDetails: step ? stepStatus(step).details : view.details,
    StandardOutputContent: step?.stdout.slice(0, STDOUT_LIMIT) ?? '',
    StandardOutputUrl: '',
    StandardErrorContent: step?.stderr.slice(0, STDERR_LIMIT) ?? '',
    StandardErrorUrl: '',
    CloudWatchOutputConfig: NO_LOGS,
  };
}

/**
 * Standard output and error as one text of limited length: what does not fit is cut at the end of each, and both are cut when both
 * are long (amazon-ssm-agent, iohandler.TruncateOutput). One warning on standard error can so eat a report.
 */
export function truncateOutput(stdout: string, stderr: string, capacity: number): string {
  const title = stderr === '' ? '' : '\n----------ERROR-------\n';
  const space = capacity - title.length;
  if (stdout.length + stderr.length < space) return stdout + title + stderr;
  const cutOut = '\n---Output truncated---';
  const cutError = '\n---Error truncated----';
  if (stdout.length > space / 2 && stderr.length > space / 2) {
    const half = Math.floor((space - cutOut.length - cutError.length) / 2);
    return stdout.slice(0, half) + cutOut + title + stderr.slice(0, half) + cutError;
  }
  if (stdout.length < space / 2) return stdout + title + stderr.slice(0, space - cutError.length - stdout.length) + cutError;
  return stdout.slice(0, space - cutOut.length - stderr.length) + cutOut + title + stderr;
}
