/** Facts for matching from what Wavelock-Scan says of a node. */
import type { FleetFacts } from '../model.ts';
import type { NodeFacts } from './types.ts';

/** Exact: a scan lists what is installed and nothing else, names sources, and says which channels and modules a node has. */
export function factsFromScan(facts: FleetFacts): NodeFacts {
  const { platform, installed, kernel } = facts;
  const base = { platform, installed, certainty: 'exact' as const };
  if (platform.startsWith('windows-')) {
    const offered = facts.available.map((update) => update.name);
    return { ...base, offered, ...(kernel === undefined || !/^\d+(\.\d+){3}$/.test(kernel) ? {} : { build: kernel }) };
  }
  const releasever = heldRelease(facts);
  return {
    ...base,
    channels: facts.channels ?? [],
    modules: facts.modules ?? [],
    ...(kernel === undefined ? {} : { kernel }),
    ...(releasever === undefined ? {} : { releasever }),
  };
}

/** A node that is held to the newest release that there is misses nothing. */
function heldRelease({ held, releasever }: FleetFacts): string | undefined {
  return held === undefined || held === 'latest' || held === releasever ? undefined : held;
}
