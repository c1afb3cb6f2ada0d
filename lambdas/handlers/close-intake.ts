import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { exposureOf, fleetExposure } from '../core/exposure.ts';
import { loadAdvisories, loadFacts, loadFleet } from './load.ts';
import { implement } from './implement.ts';

/** Counts coverage and exposure, and emits what the alarms watch. */
export const handler = implement('CloseIntake', async (_input, deps) => {
  const fleet = await loadFleet(deps);
  const [facts, advisories] = [await loadFacts(fleet, deps), await loadAdvisories(deps)];
  const exposures = new Map([...facts].map(([fingerprint, list]) => [fingerprint, exposureOf(list, advisories)]));
  const counts = fleetExposure(fleet, exposures);
  deps.metrics.addMetric('NodesManaged', MetricUnit.Count, counts.nodes);
  deps.metrics.addMetric('NodesReporting', MetricUnit.Count, counts.reporting);
  // A fleet without nodes is covered: the alarm is about nodes that fell silent.
  deps.metrics.addMetric('CoveragePercent', MetricUnit.Percent, counts.nodes === 0 ? 100 : (100 * counts.reporting) / counts.nodes);
  deps.metrics.addMetric('NodesExposed', MetricUnit.Count, counts.exposed);
  for (const feed of await deps.record.feeds()) {
    // A feed that never succeeded is as old as time: its alarm must not stay quiet.
    const age = (deps.now() - (feed.lastSuccess === undefined ? 0 : Date.parse(feed.lastSuccess))) / 3_600_000;
    const single = deps.metrics.singleMetric();
    single.addDimension('feed', feed.name);
    single.addMetric('FeedAgeHours', MetricUnit.Count, age);
  }
  return counts;
});
