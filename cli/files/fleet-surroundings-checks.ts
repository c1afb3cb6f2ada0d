/** What the surroundings of a fleet, and what a node has in EC2 alone, cannot know about themselves. */
import { didYouMean } from '../../lambdas/core/policy/problems.ts';
import type { Path, PathProblem } from '../../lambdas/core/policy/problems.ts';
import { expandEntry } from '../../local/fleet/nodes.ts';
import type { NodeEntry, SurroundingsEntry } from '../../local/fleet/types.ts';
import { SurroundingsSchema } from './fleet-surroundings-schema.ts';

/** Keys of a node that only an EC2 instance can have. */
const EC2_ONLY = ['stopped', 'unmanaged', 'image', 'autoScalingGroup', 'eks', 'targetGroup', 'inspector'] as const;

/** Locations and nodes that the surroundings name and the fleet doesn't have. `raw` is the value of `surroundings`. */
export function checkSurroundings(raw: unknown, locations: readonly string[], nodes: readonly (NodeEntry | undefined)[]): PathProblem[] {
  const entries = Array.isArray(raw) ? raw.map((entry) => SurroundingsSchema.safeParse(entry).data) : [];
  const names = new Set(nodes.flatMap((node) => (node ? expandEntry(node) : [])).map(({ name }) => name));
  return entries.flatMap((entry, index) => (entry ? checkEntry(entry, { locations, names }, ['surroundings', index]) : []));
}

function checkEntry(entry: SurroundingsEntry, known: { locations: readonly string[]; names: ReadonlySet<string> }, path: Path): PathProblem[] {
  const strangers = (entry.locations ?? []).flatMap((location, index) =>
    known.locations.includes(location)
      ? []
      : [problem([...path, 'locations', index], `${location} is not among the locations`, didYouMean(location, known.locations))],
  );
  const targets = (['maintenanceWindows', 'associations'] as const).flatMap((key) =>
    (entry[key] ?? []).flatMap(({ names = [] }, index) =>
      names.flatMap((name, at) =>
        known.names.has(name) ? [] : [problem([...path, key, index, 'names', at], `no node is called ${name}`, didYouMean(name, [...known.names]))],
      ),
    ),
  );
  const both = (entry.baselines ?? []).flatMap(({ approveAfterDays, approveUntil }, index) =>
    approveAfterDays !== undefined && approveUntil !== undefined
      ? [problem([...path, 'baselines', index, 'approveUntil'], 'cannot stand beside `approveAfterDays`')]
      : [],
  );
  const everywhere = (entry.maintenanceWindows ?? []).flatMap(({ id }, index) =>
    id !== undefined && (entry.locations ?? known.locations).length !== 1
      ? [
          problem(
            [...path, 'maintenanceWindows', index, 'id'],
            'an id is in one location only',
            'name that location in `locations`, or leave the id out',
          ),
        ]
      : [],
  );
  return [...strangers, ...targets, ...both, ...everywhere];
}

/** What a hybrid node cannot have, and what contradicts itself. */
export function checkInstance(node: NodeEntry, path: Path): PathProblem[] {
  const foreign = node.hybrid === true ? EC2_ONLY.filter((key) => node[key] !== undefined) : [];
  return [
    ...foreign.map((key) => problem([...path, key], 'only an EC2 instance can have this; the node is hybrid')),
    ...(node.stopped === true && node.online === true ? [problem([...path, 'online'], 'a stopped instance has no agent that is online')] : []),
  ];
}

function problem(path: Path, message: string, hint?: string): PathProblem {
  return { path, at: 'value', message, ...(hint !== undefined && { hint }) };
}
