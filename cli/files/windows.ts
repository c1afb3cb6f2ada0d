/** Maintenance windows of Systems Manager that a policy names, against those of a simulated fleet. */
import { locationKey } from '../../lambdas/core/model.ts';
import type { SsmWindow } from '../../lambdas/core/model.ts';
import { didYouMean } from '../../lambdas/core/policy/problems.ts';
import type { PathProblem } from '../../lambdas/core/policy/problems.ts';
import { createSurroundings } from '../../local/fleet/surroundings.ts';
import type { FleetFile } from '../../local/fleet/types.ts';
import type { ReadPolicy } from './policy.ts';
import { failIfAny } from './problems.ts';

/** Throws `InputErrors` where one is not in the fleet: it would be closed for ever, and nothing would be shown but that. */
export function checkMaintenanceWindows(file: ReadPolicy, fleet: FleetFile): void {
  const used = new Set(file.policy.policies.flatMap(({ waves }) => waves.flatMap(({ window }) => window ?? [])));
  failIfAny(
    file.place(
      Object.entries(file.policy.windows).flatMap(([name, window]) =>
        'ssm' in window && used.has(name) ? missing(window, fleet, ['windows', name]) : [],
      ),
    ),
  );
}

function missing({ ssm, location }: SsmWindow, fleet: FleetFile, path: PathProblem['path']): PathProblem[] {
  const where = location ? locationKey(location) : (fleet.locations[0] ?? '');
  if (!fleet.locations.includes(where)) {
    return [
      {
        path: [...path, 'location'],
        at: 'value',
        message: 'is not among the locations of the fleet file',
        ...suggestion(didYouMean(where, fleet.locations)),
      },
    ];
  }
  const [account = '', region = ''] = where.split('/');
  const known = createSurroundings({ ...fleet, nodes: [] }, 0)
    .at(account, region)
    .maintenanceWindows.map(({ id }) => id);
  if (known.includes(ssm)) return [];
  const hint = didYouMean(ssm, known) ?? 'describe it there under `surroundings`, with its `id`';
  return [{ path: [...path, 'ssm'], at: 'value', message: `the fleet file has no maintenance window ${ssm} in ${where}`, hint }];
}

function suggestion(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}
