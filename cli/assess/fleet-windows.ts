/** Maintenance windows that the proposed policy follows, for `fleet.yaml`: the simulated Systems Manager must have them too. */
import type { FoundWindow } from '../../lambdas/core/survey/propose.ts';
import { whatItDoes } from '../../lambdas/core/survey/documents.ts';
import type { SeenTarget, SeenWindow } from '../../lambdas/core/survey/model.ts';
import type { MaintenanceWindowEntry, NodeEntry, SurroundingsEntry, TargetEntry } from '../../local/fleet/types.ts';

/** An entry of `surroundings` for each location that has one. */
export function windowsFile(found: readonly FoundWindow[], nodes: readonly NodeEntry[]): SurroundingsEntry[] {
  const byLocation = new Map<string, MaintenanceWindowEntry[]>();
  for (const { seen, location, as } of found) {
    if ('window' in as) byLocation.set(location, [...(byLocation.get(location) ?? []), entryOf(seen, as.window.read, nodes)]);
  }
  return [...byLocation].map(([location, maintenanceWindows]) => ({ locations: [location], maintenanceWindows }));
}

function entryOf(
  seen: SeenWindow,
  { from, until }: { from?: number | undefined; until?: number | undefined },
  nodes: readonly NodeEntry[],
): MaintenanceWindowEntry {
  const task = (seen.tasks ?? []).find(({ document, operation }) => whatItDoes(document, operation) !== 'scans');
  return {
    name: seen.name,
    id: seen.id,
    schedule: seen.schedule.trim(),
    ...(seen.timezone !== undefined && { timezone: seen.timezone }),
    ...(seen.offset !== undefined && { offset: seen.offset }),
    hours: seen.duration,
    ...(seen.cutoff > 0 && { cutoff: seen.cutoff }),
    ...(from !== undefined && { startDate: new Date(from).toISOString() }),
    ...(until !== undefined && { endDate: new Date(until).toISOString() }),
    document: task?.document.slice(-128) ?? 'AWS-RunPatchBaseline',
    ...(task?.operation !== undefined && { operation: task.operation }),
    ...targetOf(task?.targets ?? [], nodes),
  };
}

/** As far as the file can say it: tags with one value each, or nodes that are in the file; else every node. */
function targetOf(targets: SeenTarget[], nodes: readonly NodeEntry[]): TargetEntry {
  const ids = new Set(targets.flatMap(({ key, values }) => (key.toLowerCase() === 'instanceids' ? values : [])));
  const names = nodes.flatMap(({ id = '', name }) => (ids.has(id) ? [name] : []));
  if (names.length > 0) return { names };
  const tags = targets.filter(({ key, values }) => key.startsWith('tag:') && values.length === 1);
  return tags.length === 0 ? {} : { tags: Object.fromEntries(tags.map(({ key, values }) => [key.slice(4), values[0] ?? ''])) };
}
