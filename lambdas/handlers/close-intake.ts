import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { reckonExposures } from './exposures.ts';
import { implement } from './implement.ts';
import { askInspector, readInventories } from './second-look.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { ExposureCounts } from '../core/exposures/types.ts';

/** Brings exposures up to date with what feeds and scans have said, and emits what the alarms watch. */
export const handler = implement('CloseIntake', async ({ scan }, deps) => {
  await askInspector(deps);
  const { counts } = await reckonExposures(scan, deps, readInventories);
  emit(counts, deps);
  return { nodes: counts.nodes, reporting: counts.reporting, exposed: counts.exposed };
});

function emit(counts: ExposureCounts, { metrics }: Dependencies): void {
  const count = (name: string, value: number): unknown => metrics.addMetric(name, MetricUnit.Count, value);
  count('NodesManaged', counts.nodes);
  count('NodesReporting', counts.reporting);
  // A fleet without nodes is covered: the alarm is about nodes that fell silent.
  metrics.addMetric('CoveragePercent', MetricUnit.Percent, counts.nodes === 0 ? 100 : (100 * counts.reporting) / counts.nodes);
  count('NodesExposed', counts.exposed);
  count('ExposuresOpen', counts.exposures);
  count('ExposuresOverdue', counts.overdue);
  count('KnownExploitedOpen', counts.knownExploited);
  count('KnownExploitedOverdue', counts.knownExploitedOverdue);
}
