/**
 * Exceptions of the policy file on exposures: which nodes they cover, and when one ends by itself because what it covers became more
 * urgent. An exception remembers what CISA and EPSS said when it was first applied; written anew (another reason, owner or end) it is a
 * new one.
 */
import { matches } from '../selection.ts';
import { urgencyOf } from './urgency.ts';
import type { Exception, Node } from '../model.ts';
import type { ExceptionState, Urgency } from './types.ts';
import type { Intelligence } from './urgency.ts';

/** EPSS is computed anew every day and always moves a little: this much more (of 1) is news. */
export const EPSS_RISE = 0.1;

/** An exception that counts today, with its memory. */
export interface LiveException {
  exception: Exception;
  state: ExceptionState;
}

/** Names an exception by all that it says: any change makes another one. */
export function exceptionId({ cve, advisory, nodes, owner, why, until }: Exception): string {
  return JSON.stringify([cve ?? '', advisory ?? '', sorted(nodes), owner, why, until]);
}

export interface ExceptionInput {
  exceptions: readonly Exception[];
  /** What was remembered of them, by id. */
  known: ReadonlyMap<string, ExceptionState>;
  /** CVEs behind an advisory that an exception names by its id. */
  cvesOf: (advisory: string) => readonly string[];
  intelligence: Intelligence;
  now: number;
}

/**
 * The memory of every exception that is in force: new ones get what is said today, and those that became more urgent end, for good.
 * Answers in the policy file's order; exceptions past their end are left out.
 */
export function reviewExceptions({ exceptions, known, cvesOf, intelligence, now }: ExceptionInput): LiveException[] {
  const at = new Date(now).toISOString();
  const live = exceptions.filter(({ until }) => until >= at.slice(0, 10));
  return live.map((exception) => {
    const cves = exception.cve === undefined ? [...cvesOf(exception.advisory ?? '')] : [exception.cve];
    const urgency = urgencyOf({ cves, severity: 'unrated' }, intelligence);
    const before = known.get(exceptionId(exception));
    if (before === undefined) return { exception, state: { id: exceptionId(exception), since: at, ...remembered(urgency) } };
    const why = before.ended === undefined ? worse(before, urgency) : undefined;
    return { exception, state: why === undefined ? before : { ...before, ended: { at, why } } };
  });
}

function remembered({ knownExploited, ransomware, epss }: Urgency): Pick<ExceptionState, 'knownExploited' | 'ransomware' | 'epss'> {
  return { knownExploited, ransomware, ...(epss === undefined ? {} : { epss }) };
}

/** Why an exception no longer stands, if so. A score where there was none is compared with nothing at all. */
function worse(before: ExceptionState, { knownExploited, ransomware, epss }: Urgency): string | undefined {
  if (knownExploited && !before.knownExploited) return 'CISA lists it as exploited since';
  if (ransomware && !before.ransomware) return 'CISA says since that ransomware uses it';
  const was = before.epss ?? 0;
  // 0.3 - 0.2 is a little less than 0.1.
  if (epss === undefined || epss - was < EPSS_RISE - 1e-9) return undefined;
  return `its EPSS has risen from ${before.epss ?? 'no score'} to ${epss}`;
}

/**
 * Why a node's exposure has an exception, or `undefined`. An advisory is covered by an exception of its id, or when every one of its CVEs
 * is covered: one that names another CVE as well stays open.
 */
export function exceptionFor(exposure: Named, node: Node, live: readonly LiveException[]): string | undefined {
  const standing = live.filter(({ exception, state }) => state.ended === undefined && fits(exception, node));
  const direct = standing.find(({ exception }) => exception.advisory === exposure.advisory);
  if (direct) return wordsOf(direct.exception);
  if (exposure.cves.length === 0) return undefined;
  const byCve = exposure.cves.map((cve) => standing.find(({ exception }) => exception.cve === cve));
  const [first] = byCve;
  return first && byCve.every((one) => one !== undefined) ? wordsOf(first.exception) : undefined;
}

interface Named {
  advisory: string;
  cves: readonly string[];
}

/** Exceptions that may cover an advisory on some node. */
export function concerningExceptions({ advisory, cves }: Named, live: readonly LiveException[]): LiveException[] {
  return live.filter(({ exception }) => exception.advisory === advisory || (exception.cve !== undefined && cves.includes(exception.cve)));
}

function fits({ nodes }: Exception, node: Node): boolean {
  return nodes === undefined || matches(nodes, node);
}

function wordsOf({ why, owner, until }: Exception): string {
  return `${why} (${owner}, until ${until})`;
}

/** Members in a fixed order, so that equal selectors are equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value ?? null;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => [key, sorted(member)]);
}
