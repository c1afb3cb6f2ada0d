/** Hooks of a policy against the documents of a simulated fleet. */
import type { FleetFile } from '../../local/fleet/types.ts';
import { didYouMean } from '../../lambdas/core/policy/problems.ts';
import type { PathProblem } from '../../lambdas/core/policy/problems.ts';
import type { ReadPolicy } from './policy.ts';
import { failIfAny } from './problems.ts';

/** Throws `InputErrors` for hooks that name a document, or a version of one, that the fleet does not have: each node would fail there. */
export function checkHooks(file: ReadPolicy, fleet: FleetFile): void {
  failIfAny(file.place(file.policy.policies.flatMap(({ name, hooks }) =>
    (['before', 'after'] as const).flatMap((which) => {
      const hook = hooks?.[which];
      return hook ? missing(hook, fleet, ['policies', name, 'hooks', which]) : [];
    }),
  )));
}

function missing({ document, version }: { document: string; version: string }, fleet: FleetFile, path: PathProblem['path']): PathProblem[] {
  const documents = fleet.documents ?? {};
  const known = documents[document.slice(document.lastIndexOf('/') + 1)];
  if (known && Number(version) <= (known.version ?? 1)) return [];
  if (known) return [{ path: [...path, 'version'], at: 'value', message: `${document} has ${known.version ?? 1} versions in the fleet file` }];
  const hint = didYouMean(document, Object.keys(documents)) ?? 'describe it there under `documents`';
  return [{ path: [...path, 'document'], at: 'value', message: `${document} is not among the documents of the fleet file`, hint }];
}
