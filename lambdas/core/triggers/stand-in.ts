/**
 * The document that stands in as long as no vendor has a fix: where it can run, and how it ended on a node. It is the user's own, so there
 * is no report; Systems Manager's word for a node is all there is.
 */
import { locationKey } from '../model.ts';
import { settleInvocation } from '../settle.ts';
import type { Node, Os } from '../model.ts';
import type { DocumentPins } from '../plan.ts';
import type { CommandTimes, InvocationFacts, Settled } from '../settle.ts';

/** A document as Systems Manager describes it in one location, or why it cannot be used there. */
export type Described = { name: string; version: string; hash: string; platforms: Os[]; parameters: string[] } | { missing: string };

/** The parameter that such a document must have, and its two values. */
export const ACTION = 'Action';
export type Action = 'apply' | 'withdraw';

export interface StandIn {
  fleet: Node[];
  leftOut: { node: Node; why: string }[];
  /** By location and `mitigate-linux`. */
  documents: Record<string, DocumentPins>;
}

/** Which of these nodes can run it, by what is known of it in their locations. */
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
    const { name, version, hash } = document;
    documents[where] = { ...documents[where], [`mitigate-${node.os}`]: { name, version, hash } };
    fleet.push(node);
  }
  return { fleet, leftOut, documents };
}

function obstacle(document: Described, { os, where }: { os: Os; where: string }): string | undefined {
  if ('missing' in document) return `${document.missing} in ${where}`;
  if (!document.parameters.includes(ACTION)) return `${document.name} has no parameter ${ACTION} in ${where}`;
  return document.platforms.includes(os) ? undefined : `${document.name} is not for ${os === 'windows' ? 'Windows' : 'Linux'}`;
}

/** Settles one invocation of such a document: its success is the outcome, and only its own failure is a failure. */
export function settleStandIn(facts: Omit<InvocationFacts, 'report'>, times: CommandTimes, action: string): Settled {
  const status = facts.status.replaceAll(' ', '').toLowerCase();
  if (status === 'success') {
    return action === 'withdraw'
      ? { state: 'done', outcome: 'withdrawn', reason: 'what stood in for the fix was taken back' }
      : { state: 'done', outcome: 'mitigated', reason: 'stands in until there is a fix' };
  }
  if (status === 'failed') return { state: 'done', outcome: 'failed', reason: 'the document failed there' };
  if (status === 'executiontimedout') return { state: 'done', outcome: 'failed', reason: 'the document took longer than it may' };
  return settleInvocation({ ...facts, report: undefined }, [], times);
}
