/** What a policy runs of the user's, hooks and what stands in for a fix, against the documents of a simulated fleet. */
import type { FleetFile } from '../../local/fleet/types.ts';
import { ACTION } from '../../lambdas/core/triggers/stand-in.ts';
import { didYouMean } from '../../lambdas/core/policy/problems.ts';
import type { PathProblem } from '../../lambdas/core/policy/problems.ts';
import type { ReadPolicy } from './policy.ts';
import { failIfAny } from './problems.ts';

/** Throws `InputErrors` where a document, or a version of one, is not in the fleet, or could not be asked what it is asked: each node would fail. */
export function checkHooks(file: ReadPolicy, fleet: FleetFile): void {
  failIfAny(file.place(file.policy.policies.flatMap(({ name, hooks, whileNoFix }) => [
    ...(['before', 'after'] as const).flatMap((which) => {
      const hook = hooks?.[which];
      return hook ? missing(hook, fleet, ['policies', name, 'hooks', which]) : [];
    }),
    ...(whileNoFix ? unfit(whileNoFix.run, fleet, ['policies', name, 'whileNoFix', 'run']) : []),
  ])));
}

function unfit(document: string, fleet: FleetFile, path: PathProblem['path']): PathProblem[] {
  const known = fleet.documents?.[document];
  if (!known) return [unknown(document, fleet, path)];
  const values = known.parameters?.[ACTION] ?? [];
  if (values.includes('apply') && values.includes('withdraw')) return [];
  return [{ path, at: 'value', message: `${document} has no parameter ${ACTION} with the values apply and withdraw in the fleet file` }];
}

function unknown(document: string, fleet: FleetFile, path: PathProblem['path']): PathProblem {
  const hint = didYouMean(document, Object.keys(fleet.documents ?? {})) ?? 'describe it there under `documents`';
  return { path, at: 'value', message: `${document} is not among the documents of the fleet file`, hint };
}

function missing({ document, version }: { document: string; version: string }, fleet: FleetFile, path: PathProblem['path']): PathProblem[] {
  const documents = fleet.documents ?? {};
  const known = documents[document.slice(document.lastIndexOf('/') + 1)];
  if (known && Number(version) <= (known.version ?? 1)) return [];
  if (known) return [{ path: [...path, 'version'], at: 'value', message: `${document} has ${known.version ?? 1} versions in the fleet file` }];
  return [unknown(document, fleet, [...path, 'document'])];
}
