/** What policies run on nodes as long as there is no fix, as far as permissions are about it: nobody else's may be run. */
import { meansOf, type Means } from '../lambdas/core/triggers/stand-in.ts';
import type { PolicyFile } from '../lambdas/core/model.ts';

/** An Automation runbook and the role that it works with: a name, with its path if it has one. */
export interface Runbook {
  document: string;
  role: string;
}

/** Command documents that may be sent, by name. */
export function sentBy(file: PolicyFile | undefined): string[] {
  return sorted(means(file).filter(({ by }) => by === undefined));
}

/** Functions that may be invoked, as policies name them. */
export function calledBy(file: PolicyFile | undefined): string[] {
  return sorted(means(file).filter(({ by }) => by === 'lambda'));
}

/** Runbooks that may be started, each with its role. */
export function startedBy(file: PolicyFile | undefined): Runbook[] {
  const runbooks = means(file).flatMap(({ by, name, role }) => (by === 'automation' && role !== undefined ? [{ document: name, role }] : []));
  const distinct = new Map(runbooks.map((runbook) => [`${runbook.document} ${runbook.role}`, runbook]));
  return [...distinct].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, runbook]) => runbook);
}

function means(file: PolicyFile | undefined): Means[] {
  return (file?.policies ?? []).flatMap(({ whileNoFix }) => (whileNoFix ? [meansOf(whileNoFix)] : []));
}

function sorted(named: Means[]): string[] {
  return [...new Set(named.map(({ name }) => name))].toSorted();
}
