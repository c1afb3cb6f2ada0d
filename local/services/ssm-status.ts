import { isTerminal, type Command, type CommandStatus, type InvocationStatus } from './ssm-state.ts';

/** Counters of a command (SSM API reference, Command). */
export interface Counts {
  TargetCount: number;
  CompletedCount: number;
  ErrorCount: number;
  DeliveryTimedOutCount: number;
}

/** Failed and ExecutionTimedOut count against MaxErrors; no other end does (User Guide, "Understanding command statuses"). */
export function isError(details: string): boolean {
  return details === 'Failed' || details === 'ExecutionTimedOut';
}

/** Counts the ends of a command's invocations; `CompletedCount` counts every end there is. */
export function countsOf(command: Command): Counts {
  const ended = command.invocations.filter(({ view }) => isTerminal(view.status));
  return {
    TargetCount: command.invocations.length,
    CompletedCount: ended.length,
    ErrorCount: ended.filter(({ view }) => isError(view.details)).length,
    DeliveryTimedOutCount: ended.filter(({ view }) => view.details === 'DeliveryTimedOut').length,
  };
}

/** A MaxConcurrency or MaxErrors text against the number of nodes. AWS publishes no rounding; shares are rounded down here. */
export function limitOf(text: string, targets: number): number {
  return text.endsWith('%') ? Math.floor((Number(text.slice(0, -1)) * targets) / 100) : Number(text);
}

/** More errors than MaxErrors: nothing more is sent (User Guide, "Using error thresholds": 3 stops at the fourth). */
export function isOverMaxErrors(command: Command): boolean {
  return countsOf(command).ErrorCount > limitOf(command.maxErrors, command.invocations.length);
}

/**
 * A command's own status from its invocations'. Undeliverable ends don't count, time-outs of delivery make it Incomplete (SSM API
 * reference, Command.StatusDetails). Nothing should be decided by it: the guide and the reference contradict each other.
 */
export function commandStatus(command: Command): { status: CommandStatus; details: string } {
  const open = command.invocations.some(({ view }) => !isTerminal(view.status));
  if (open) {
    if (command.cancelRequested) return same('Cancelling');
    return same(command.invocations.some(({ sent }) => sent) ? 'InProgress' : 'Pending');
  }
  const ends = command.invocations.map(({ view }) => view.details);
  if (command.cancelRequested && ends.includes('Cancelled')) return same('Cancelled');
  if (isOverMaxErrors(command)) return ends.includes('Failed') ? same('Failed') : { status: 'TimedOut', details: 'ExecutionTimedOut' };
  const counted = ends.filter((end) => end !== 'Undeliverable');
  if (counted.length === 0) return same('Failed');
  if (counted.every((end) => end === 'Success')) return same('Success');
  if (counted.every((end) => end === 'DeliveryTimedOut')) return { status: 'TimedOut', details: 'DeliveryTimedOut' };
  return { status: 'Failed', details: 'Incomplete' };
}

function same(status: CommandStatus): { status: CommandStatus; details: string } {
  return { status, details: status };
}

/** The coarse status of an invocation that ended so. */
export function statusOfEnd(details: string): InvocationStatus {
  if (details === 'DeliveryTimedOut' || details === 'ExecutionTimedOut') return 'TimedOut';
  if (details === 'Terminated' || details === 'Cancelled') return 'Cancelled';
  return details === 'Success' ? 'Success' : 'Failed';
}
