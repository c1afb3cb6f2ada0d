/** How an Automation runbook that stands in for a fix ended on a node: each node has an execution of its own below the one that was started. */
import { safeWords } from './function-answer.ts';
import { succeeded } from './stand-in.ts';
import type { CommandTimes, Settled } from '../settle.ts';

/** An execution as Systems Manager describes it. */
export interface Execution {
  /** `AutomationExecutionStatus` (SSM API reference, AutomationExecution). */
  status: string;
  /** `FailureMessage`, or nothing. */
  message: string;
}

export interface RunbookFacts {
  /** `runbook Corp-Isolate` */
  what: string;
  action: string;
  /** What was started; nothing as long as Systems Manager does not know it yet. */
  whole: Execution | undefined;
  /** By node. */
  parts: ReadonlyMap<string, Execution>;
}

/** Statuses after which nothing changes any more. One that AWS adds some day is waited for, and then unknown. */
const ENDED = [
  'Success',
  'TimedOut',
  'Cancelled',
  'Failed',
  'Rejected',
  'ChangeCalendarOverrideRejected',
  'CompletedWithSuccess',
  'CompletedWithFailure',
  'Exited',
];

/** Lists lag behind: so long after the start an execution that is listed nowhere may still come, milliseconds. */
const LAG_MS = 120_000;

/** `Success` alone is success. What is still at work when its time is over is unknown, and nobody else may have the node. */
export function settleRunbook(node: string, { what, action, whole, parts }: RunbookFacts, { sentAt, expiresAt, now }: CommandTimes): Settled {
  const own = parts.get(node);
  if (own && ENDED.includes(own.status)) {
    return own.status === 'Success' ? succeeded(action, what) : { state: 'done', outcome: 'failed', reason: endWords(what, own) };
  }
  // Refused as a whole, before it came to the nodes: no role, a parameter that does not fit.
  if (!own && whole && whole.status !== 'Success' && ENDED.includes(whole.status) && now - sentAt > LAG_MS) {
    return { state: 'done', outcome: 'failed', reason: endWords(what, whole) };
  }
  if (now < expiresAt) return { state: 'open' };
  if (own) return { state: 'done', outcome: 'unknown', reason: `${what} was still ${own.status} there when its time was over`, atWork: true };
  return { state: 'done', outcome: 'unknown', reason: `${what} has told nothing of this node`, atWork: true };
}

function endWords(what: string, { status, message }: Execution): string {
  const words = safeWords(message);
  return `${what} ended as ${status}${words === '' ? '' : `: ${words}`}`;
}
