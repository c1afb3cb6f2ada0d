/** Maintenance windows of Systems Manager that a policy file names: where each is, and whether anything of Wavelock is there to read it. */
import { failIfAny } from '../cli/files/problems.ts';
import type { ReadPolicy } from '../cli/files/policy.ts';
import { locationKey, type Location, type PolicyFile } from '../lambdas/core/model.ts';
import { didYouMean, type PathProblem } from '../lambdas/core/policy/problems.ts';
import type { Settings } from './context.ts';

/** The hub's own place and the others; without `account` the hub is wherever the credentials belong to. */
export type Places = Pick<Settings, 'account' | 'region' | 'locations'>;

/** Ids of the windows in one location, each once. `undefined`: the hub's own, which is also that of windows without a location. */
export function windowsAt(file: PolicyFile | undefined, place: Location | undefined, places: Places): string[] {
  const here = Object.values(file?.windows ?? {}).flatMap((window) => {
    if (!('ssm' in window)) return [];
    const { location } = window;
    const inHub = location === undefined || isHub(location, places);
    const isHere = place === undefined ? inHub : location !== undefined && !inHub && locationKey(location) === locationKey(place);
    return isHere ? [window.ssm] : [];
  });
  return [...new Set(here)].toSorted();
}

/** Throws `InputErrors` for windows in locations that the installation does not have: nobody could read them. */
export function checkWindows(read: ReadPolicy, places: Places): void {
  failIfAny(
    read.place(
      Object.entries(read.policy.windows).flatMap(([name, window]) => {
        const location = 'ssm' in window ? window.location : undefined;
        return location === undefined || isKnown(location, places) ? [] : [stranger(name, location, places)];
      }),
    ),
  );
}

function isKnown(location: Location, places: Places): boolean {
  return isHub(location, places) || places.locations.some((known) => locationKey(known) === locationKey(location));
}

/** Without `account` in the context the stack goes to whatever account the credentials belong to, which nobody knows here. */
function isHub({ account, region }: Location, places: Places): boolean {
  return region === places.region && (places.account === undefined || places.account === account);
}

function stranger(name: string, location: Location, { account, region, locations }: Places): PathProblem {
  const known = [...(account === undefined ? [] : [`${account}/${region}`]), ...locations.map(locationKey)];
  const hint = didYouMean(locationKey(location), known) ?? `Wavelock is in ${known.length > 0 ? known.join(', ') : region}`;
  return { path: ['windows', name, 'location'], at: 'value', message: 'is none of the locations of this installation', hint };
}
