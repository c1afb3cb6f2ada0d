/** What Amazon Inspector looks at and how much it found. Counts come by instance: single findings would be a hundred times as many calls. */
import { ListCoverageCommand, ListFindingAggregationsCommand } from '@aws-sdk/client-inspector2';
import type { SeenByInspector } from '../../core/survey/model.ts';
import type { Clients } from './clients.ts';
import { pages, type Look } from './look.ts';

const COVERAGE = 200;
const FINDINGS = 100;

/** Empty where Inspector is not switched on. */
export async function readInspector({ inspector }: Clients, look: Look): Promise<SeenByInspector[] | undefined> {
  const covered = await look.see('inspector2:ListCoverage', () =>
    pages(async (nextToken) => {
      const filterCriteria = { resourceType: [{ comparison: 'EQUALS' as const, value: 'AWS_EC2_INSTANCE' }] };
      const page = await inspector.send(new ListCoverageCommand({ filterCriteria, nextToken, maxResults: COVERAGE }));
      return { items: page.coveredResources, next: page.nextToken };
    }),
  );
  const found = await look.see('inspector2:ListFindingAggregations', () =>
    pages(async (nextToken) => {
      const page = await inspector.send(new ListFindingAggregationsCommand({ aggregationType: 'AWS_EC2_INSTANCE', nextToken, maxResults: FINDINGS }));
      return { items: page.responses?.flatMap((response) => response.ec2InstanceAggregation ?? []), next: page.nextToken };
    }),
  );
  if (!covered) return undefined;
  const counts = new Map((found ?? []).map(({ instanceId = '', severityCounts = {} }) => [instanceId, severityCounts]));
  // Package and network scans are listed apart; packages are what patching is about.
  return covered
    .filter(({ scanType }) => scanType === 'PACKAGE')
    .map(({ resourceId: id = '', scanStatus }) => {
      const { critical = 0, high = 0, all = 0 } = counts.get(id) ?? {};
      return { id, active: scanStatus?.statusCode === 'ACTIVE', reason: scanStatus?.reason ?? '', critical, high, all };
    });
}
