/** What a rollout has shown of its nodes: kept beside their scans, so that exposures close without waiting for the next one. */
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { fingerprintText } from '../core/facts.ts';
import { factsAfter, isVerified } from '../core/exposures/proved.ts';
import { grouped } from '../core/exposures/reconcile.ts';
import { FleetFacts, locationKey } from '../core/model.ts';
import { Retryable } from '../core/errors.ts';
import { factsKey } from '../core/keys.ts';
import { sha256 } from '../aws/store.ts';
import { inTurns } from '../aws/turns.ts';
import { runFacts } from './evidence.ts';
import { reckonExposures } from './exposures.ts';
import { classify } from './implement.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { NodeStanding } from '../aws/record-exposures.ts';
import type { Changed } from '../core/exposures/proved.ts';
import type { Plan, PlanWave } from '../core/plan.ts';

/** A node that a wave has changed, and the list that it had before. */
interface Shown {
  standing: NodeStanding;
  base: string;
  changes: Changed[];
  rebooted: boolean;
  at: string;
}

/** Notes what every wave has shown, and reckons exposures anew. An error of ours here must not keep a rollout from ending. */
export async function showEvidence(plan: Plan, deps: Dependencies): Promise<void> {
  try {
    for (const wave of plan.waves) await noteEvidence(plan, wave, deps);
    await reckonExposures(`rollout-${plan.rollout}`, deps);
  } catch (error) {
    const known = classify(error);
    if (known instanceof Retryable) throw known;
    deps.log.error('exposures were not reckoned; the next intake does it', known);
    deps.metrics.addMetric('ExposuresNotReckoned', MetricUnit.Count, 1);
  }
}

/** Notes what a wave has shown of its nodes, unless they were scanned since. May come again. */
export async function noteEvidence({ rollout }: Plan, wave: PlanWave, deps: Dependencies): Promise<void> {
  const runs = await runFacts(rollout, wave.name, deps);
  if (runs.size === 0) return;
  const places = new Map(wave.nodes.map((node) => [locationKey(node.location), node.location]));
  const standings = (await Promise.all([...places.values()].map((location) => deps.record.standings(location)))).flat();
  const shown = standings.flatMap((standing): Shown[] => {
    const run = runs.get(standing.node.id);
    if (!run || !isVerified(run.outcome) || run.changes.length === 0) return [];
    const base = baseOf(standing, { rollout, at: run.endedAt });
    const changes = run.changes.map(({ key }) => changed(key));
    return base === undefined ? [] : [{ standing, base, changes, rebooted: run.rebooted, at: run.endedAt }];
  });
  const alike = grouped(shown, ({ base, changes, rebooted }) => JSON.stringify([base, changes, rebooted]));
  for (const group of alike.values()) await note(group, rollout, deps);
}

/** The list that the changes were made to: the newest from before. `undefined`: a later look or this very evidence is there already. */
function baseOf({ node, evidence }: NodeStanding, { rollout, at }: { rollout: string; at: string }): string | undefined {
  const { scan } = node;
  if (!scan || scan.at > at || (evidence && evidence.at >= at)) return undefined;
  const earlier = evidence && evidence.at > scan.at && evidence.rollout !== rollout;
  return earlier ? evidence.fingerprint : scan.fingerprint;
}

/** `name arch version` of an item; the arch and version of a KB are empty. */
function changed(key: string): Changed {
  const [name = '', arch = '', version = ''] = key.split(' ');
  return { name, arch, version };
}

async function note(group: readonly Shown[], rollout: string, deps: Dependencies): Promise<void> {
  const [first] = group;
  const before = first && FleetFacts.safeParse(await deps.store.findJson(factsKey(first.base)));
  if (!first || !before?.success) return;
  const after = factsAfter(before.data, first.changes, first.rebooted);
  const fingerprint = sha256(fingerprintText(after));
  await deps.store.putJson(factsKey(fingerprint), after);
  await inTurns(group, ({ standing, at }) => deps.record.saveEvidence(standing.node.location, standing.node.id, { at, rollout, fingerprint }));
}
