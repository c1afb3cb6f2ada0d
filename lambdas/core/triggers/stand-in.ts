/**
 * What stands in as long as no vendor has a fix: where it can run, and how a Command document ended on a node. It is the user's own, so there
 * is no report; AWS's word for a node, or the function's own, is all there is.
 */
import { locationKey } from '../model.ts';
import { settleInvocation } from '../settle.ts';
import type { Node, Os, WhileNoFix } from '../model.ts';
import type { Form, Pin } from '../pin.ts';
import type { DocumentPins } from '../plan.ts';
import type { CommandTimes, InvocationFacts, Settled } from '../settle.ts';

/** What a policy names, as the record keeps it of a node that carries it. */
export interface Means {
  /** Absent: a Command document. */
  by?: Form | undefined;
  /** As the policy writes it: a function with its version or alias. */
  name: string;
  /** Of a runbook, as the policy writes it. */
  role?: string | undefined;
}

/** What a policy's `whileNoFix` runs. */
export function meansOf({ run, lambda, automation }: WhileNoFix): Means {
  if (lambda !== undefined) return { by: 'lambda', name: lambda };
  if (automation !== undefined) return { by: 'automation', name: automation.document, role: automation.role };
  return { name: run ?? '' };
}

const KINDS = { lambda: 'function ', automation: 'runbook ' } as const satisfies Record<Form, string>;

/** What it is called where people read of it: `Corp-MitigateService`, `function waf-block:live`, `runbook Corp-Isolate`. */
export function meansWords({ by, name }: Pick<Means, 'by' | 'name'>): string {
  return `${by === undefined ? '' : KINDS[by]}${name}`;
}

/** What runs for a location as AWS describes it, or why it cannot be used there. `parameters`: of documents and runbooks. */
export type Described = (Pin & { platforms: Os[]; parameters: string[] }) | { missing: string; /** Whatever the location. */ everywhere?: true };

/** The parameter that says what to do, and its two values. */
export const ACTION = 'Action';
export type Action = 'apply' | 'withdraw';
/** Further parameters of a runbook: the node, and the role's ARN (User Guide, "Creating your own runbooks"). */
export const INSTANCE = 'InstanceId';
export const ASSUME_ROLE = 'AutomationAssumeRole';

/**
 * So long a function may take, seconds. Lambda allows 900, which SendBatch, being one itself, has for everything: the call, what is written
 * before and after it, and some patience beyond the function's own limit.
 */
export const CALL_SECONDS = { most: 820, patience: 20, sendBatch: 900 } as const;

export interface StandIn {
  fleet: Node[];
  leftOut: { node: Node; why: string }[];
  /** By location and `mitigate-linux`. */
  documents: Record<string, DocumentPins>;
}

/** Which of these nodes can run it, by what is known of it for their locations. */
export function whereItRuns(nodes: Node[], described: ReadonlyMap<string, Described>): StandIn {
  const fleet: Node[] = [];
  const leftOut: StandIn['leftOut'] = [];
  const documents: StandIn['documents'] = {};
  for (const node of nodes) {
    const where = locationKey(node.location);
    const document = described.get(where) ?? { missing: 'it was not looked for' };
    const why = obstacle(document, { os: node.os, where });
    if (why !== undefined || 'missing' in document) {
      leftOut.push({ node, why: why ?? '' });
      continue;
    }
    const { platforms: _platforms, parameters: _parameters, ...pin } = document;
    documents[where] = { ...documents[where], [`mitigate-${node.os}`]: pin };
    fleet.push(node);
  }
  return { fleet, leftOut, documents };
}

function obstacle(document: Described, { os, where }: { os: Os; where: string }): string | undefined {
  if ('missing' in document) return document.everywhere === true ? document.missing : `${document.missing} in ${where}`;
  const { name, by, seconds = 0, parameters, platforms } = document;
  if (by === 'lambda')
    return seconds > CALL_SECONDS.most ? `function ${name} may take ${seconds} s, and Wavelock waits for ${CALL_SECONDS.most} s` : undefined;
  const needed = by === 'automation' ? [ACTION, INSTANCE, ASSUME_ROLE] : [ACTION];
  const lacking = needed.find((parameter) => !parameters.includes(parameter));
  if (lacking !== undefined) return `${name} has no parameter ${lacking} in ${where}`;
  // A runbook is not run by the node's own system.
  return by === 'automation' || platforms.includes(os) ? undefined : `${name} is not for ${os === 'windows' ? 'Windows' : 'Linux'}`;
}

/** The outcome of a node where it ended well. `what`: what ran there, where that is no Command document. */
export function succeeded(action: string, what?: string): Settled {
  if (action === 'withdraw')
    return {
      state: 'done',
      outcome: 'withdrawn',
      reason: what === undefined ? 'what stood in for the fix was taken back' : `${what} took back what stood in for the fix`,
    };
  return { state: 'done', outcome: 'mitigated', reason: `${what === undefined ? '' : `${what} `}stands in until there is a fix` };
}

/** Settles one invocation of such a document: its success is the outcome, and only its own failure is a failure. */
export function settleStandIn(facts: Omit<InvocationFacts, 'report'>, times: CommandTimes, action: string): Settled {
  const status = facts.status.replaceAll(' ', '').toLowerCase();
  if (status === 'success') return succeeded(action);
  if (status === 'failed') return { state: 'done', outcome: 'failed', reason: 'the document failed there' };
  if (status === 'executiontimedout') return { state: 'done', outcome: 'failed', reason: 'the document took longer than it may' };
  return settleInvocation({ ...facts, report: undefined }, [], times);
}
