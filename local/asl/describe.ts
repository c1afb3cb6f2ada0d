import type { DescribeExecutionCommandOutput, DescribeMapRunCommandOutput, ExecutionListItem, MapRunExecutionCounts } from '@aws-sdk/client-sfn';
import type { Execution } from './execution.ts';
import { DAY, DISTRIBUTED_CONCURRENCY, LONGEST_EXECUTION_SECONDS, REDRIVABLE_DAYS } from './limits.ts';
import { childIsRedrivable, type MapChild, type MapRun } from './map-run.ts';
import { isoTime } from './step.ts';
import { jsonOf, type JsonObject, type JsonValue } from './values.ts';

/** An unbounded Map Run reports the largest integer: https://github.com/floci-io/floci/pull/2694 (measured). */
const UNBOUNDED = 2_147_483_647;
/** What fits into an event: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const EVENT_DATA_LIMIT = 248 * 1024;

/** Whether an execution can be redriven, in the words of the API. */
export interface Redrivability {
  redriveStatus: 'REDRIVABLE' | 'NOT_REDRIVABLE' | 'REDRIVABLE_BY_MAP_RUN';
  redriveStatusReason?: string;
}

/** Conditions: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html; reasons: API reference, DescribeExecution. */
export function redrivability(execution: Execution, now: number): Redrivability {
  const reason = whyNotRedrivable(execution, now);
  if (reason !== undefined) return { redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason: reason };
  return { redriveStatus: execution.mapRun ? 'REDRIVABLE_BY_MAP_RUN' : 'REDRIVABLE' };
}

function whyNotRedrivable({ status, stopDate = 0, startDate, history }: Execution, now: number): string | undefined {
  if (status === 'RUNNING' || status === 'SUCCEEDED') return `Execution is ${status} and cannot be redriven`;
  if (history.full) return 'Execution history event limit exceeded';
  if (now - startDate > 1000 * LONGEST_EXECUTION_SECONDS) return 'Execution has exceeded the max execution time';
  if (now - stopDate > REDRIVABLE_DAYS * DAY) return 'Execution redrivable period exceeded';
  return undefined;
}

/** What DescribeExecution answers. */
export function describeExecution(execution: Execution, now: number): Omit<DescribeExecutionCommandOutput, '$metadata'> {
  const { stopDate, redriveDate, output, mapRun, traceHeader } = execution;
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status: execution.status,
    startDate: new Date(execution.startDate),
    ...(stopDate === undefined ? {} : { stopDate: new Date(stopDate) }),
    input: execution.input,
    inputDetails: { included: true },
    ...(output === undefined ? {} : { output, outputDetails: { included: true } }),
    ...(traceHeader === undefined ? {} : { traceHeader }),
    ...(mapRun ? { mapRunArn: mapRun.arn } : {}),
    ...execution.failure,
    redriveCount: execution.redriveCount,
    ...(redriveDate === undefined ? {} : { redriveDate: new Date(redriveDate) }),
    ...redrivability(execution, now),
  };
}

/** What ListExecutions says of one execution. */
export function listedExecution(execution: Execution): ExecutionListItem {
  const { stopDate, redriveDate, mapRun, itemCount } = execution;
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status: execution.status,
    startDate: new Date(execution.startDate),
    ...(stopDate === undefined ? {} : { stopDate: new Date(stopDate) }),
    ...(mapRun ? { mapRunArn: mapRun.arn } : {}),
    ...(itemCount === undefined ? {} : { itemCount }),
    redriveCount: execution.redriveCount,
    ...(redriveDate === undefined ? {} : { redriveDate: new Date(redriveDate) }),
  };
}

/** What a ResultWriter writes of one child: input and output stay JSON texts. */
export function describeChild({ execution, input }: MapChild): JsonObject {
  if (!execution) return { Input: input, Status: 'PENDING' };
  const { failure, output, stopDate } = execution;
  const redrivable = childIsRedrivable(execution);
  return {
    ExecutionArn: execution.arn,
    Input: input,
    InputDetails: { Included: true },
    Name: execution.name,
    ...(output === undefined ? {} : { Output: output, OutputDetails: { Included: true } }),
    ...(failure.error === undefined ? {} : { Error: failure.error }),
    ...(failure.cause === undefined ? {} : { Cause: failure.cause }),
    RedriveCount: execution.redriveCount,
    RedriveStatus: redrivable ? 'REDRIVABLE_BY_MAP_RUN' : 'NOT_REDRIVABLE',
    StartDate: isoTime(execution.startDate),
    StateMachineArn: execution.machineArn,
    Status: execution.status,
    ...(stopDate === undefined ? {} : { StopDate: isoTime(stopDate) }),
  };
}

/** What DescribeMapRun answers. */
export function describeMapRun(mapRun: MapRun): Omit<DescribeMapRunCommandOutput, '$metadata'> {
  const { stopDate, redriveDate, concurrency } = mapRun;
  return {
    mapRunArn: mapRun.arn,
    executionArn: mapRun.parent.arn,
    status: mapRun.status,
    startDate: new Date(mapRun.startDate),
    ...(stopDate === undefined ? {} : { stopDate: new Date(stopDate) }),
    maxConcurrency: concurrency === DISTRIBUTED_CONCURRENCY ? UNBOUNDED : concurrency,
    toleratedFailurePercentage: mapRun.toleratedPercentage ?? 0,
    toleratedFailureCount: mapRun.toleratedCount ?? 0,
    itemCounts: counts(mapRun, ({ items }) => items),
    executionCounts: counts(mapRun, () => 1),
    redriveCount: mapRun.redriveCount,
    ...(redriveDate === undefined ? {} : { redriveDate: new Date(redriveDate) }),
  };
}

function counts({ children, status }: MapRun, weight: (child: MapChild) => number): MapRunExecutionCounts {
  const counted = { pending: 0, running: 0, succeeded: 0, failed: 0, timedOut: 0, aborted: 0, total: 0, failuresNotRedrivable: 0 };
  const members = { RUNNING: 'running', SUCCEEDED: 'succeeded', FAILED: 'failed', TIMED_OUT: 'timedOut', ABORTED: 'aborted' } as const;
  for (const child of children) {
    const { execution } = child;
    counted.total += weight(child);
    counted[execution ? members[execution.status] : 'pending'] += weight(child);
    const failed = execution && execution.status !== 'RUNNING' && execution.status !== 'SUCCEEDED';
    if (failed && !childIsRedrivable(execution)) counted.failuresNotRedrivable += weight(child);
  }
  // Every result that there is has been written when the Map Run ends, whether or not a ResultWriter is set (measured, see UNBOUNDED).
  const resultsWritten = status === 'RUNNING' ? 0 : counted.succeeded + counted.failed + counted.timedOut + counted.aborted;
  return { ...counted, resultsWritten, pendingRedrive: 0 };
}

/** Detail of the event `Step Functions Execution Status Change`: times in ms, absent members null, as the guide shows them. */
export function statusEvent(execution: Execution, now: number): JsonObject {
  const { failure, output, stopDate, redriveDate } = execution;
  const fitting = {
    output: fits(output ?? '') ? (output ?? null) : null,
    input: fits(execution.input + (output ?? '')) ? execution.input : null,
  };
  const { redriveStatus, redriveStatusReason = null } = redrivability(execution, now);
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status: execution.status,
    startDate: execution.startDate,
    stopDate: stopDate ?? null,
    input: fitting.input,
    output: fitting.output,
    inputDetails: { included: fitting.input !== null },
    outputDetails: output === undefined ? null : { included: fitting.output !== null },
    stateMachineVersionArn: null,
    stateMachineAliasArn: null,
    redriveCount: execution.redriveCount,
    redriveDate: redriveDate ?? null,
    redriveStatus,
    redriveStatusReason,
    error: failure.error ?? null,
    cause: failure.cause ?? null,
  };
}

function fits(data: string): boolean {
  return Buffer.byteLength(JSON.stringify(data)) <= EVENT_DATA_LIMIT;
}

/**
 * A child execution as `.sync:2` hands it on: capital members, times in ms, members in alphabetical order.
 * Measured: github.com/floci-io/floci, test AslExecutorNestedSyncFailureTest.
 *
 * @param parsed input and output as values (success) or as texts (in the Cause of a failure)
 */
export function nestedResult(execution: Execution, now: number, parsed: boolean): JsonObject {
  const text = (source: string): JsonValue => (parsed ? jsonOf(source) : source);
  const { failure, output, stopDate, redriveDate } = execution;
  const { redriveStatus, redriveStatusReason } = redrivability(execution, now);
  return {
    ...(failure.cause === undefined ? {} : { Cause: failure.cause }),
    ...(failure.error === undefined ? {} : { Error: failure.error }),
    ExecutionArn: execution.arn,
    Input: text(execution.input),
    InputDetails: { Included: true },
    Name: execution.name,
    ...(output === undefined ? {} : { Output: text(output), OutputDetails: { Included: true } }),
    RedriveCount: execution.redriveCount,
    ...(redriveDate === undefined ? {} : { RedriveDate: redriveDate }),
    RedriveStatus: redriveStatus,
    ...(redriveStatusReason === undefined ? {} : { RedriveStatusReason: redriveStatusReason }),
    StartDate: execution.startDate,
    StateMachineArn: execution.machineArn,
    Status: execution.status,
    ...(stopDate === undefined ? {} : { StopDate: stopDate }),
  };
}
