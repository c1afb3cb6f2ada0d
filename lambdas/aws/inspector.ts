/**
 * What Amazon Inspector says of a location's instances (Amazon Inspector API reference: ListCoverage, ListFindings). Read only, through
 * the spoke.
 */
import { Inspector2Client, ListCoverageCommand, ListFindingsCommand } from '@aws-sdk/client-inspector2';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Finding } from '@aws-sdk/client-inspector2';
import { InspectorView } from '../core/exposures/inspector.ts';
import { inspectorKey } from '../core/keys.ts';
import { locationKey } from '../core/model.ts';
import type { Location } from '../core/model.ts';
import type { Spokes } from './spokes.ts';
import type { Store } from './store.ts';

export interface InspectorGateway {
  /** Everything that it lists now, up to a bound. Where it is not switched on there are no nodes. `at`: ISO-8601 UTC. */
  look(location: Location, at: string): Promise<InspectorView>;
}

const COVERAGE_PAGE = 200;
const FINDINGS_PAGE = 100;
/** Pages of findings of one location, at most: 20,000 findings. Rates are not published, and the account's own tools ask as well. */
const MOST_PAGES = 200;

const equals = (value: string): { comparison: 'EQUALS'; value: string }[] => [{ comparison: 'EQUALS', value }];

export function createInspectorGateway(spokes: Spokes): InspectorGateway {
  const inspector = spokes.clients((config) => new Inspector2Client({ ...config, retryMode: 'adaptive', maxAttempts: 8 }));
  return {
    async look(location, at) {
      const client = inspector(location);
      const nodes = await readCoverage(client);
      // An instance's findings cost a hundred times what its coverage does: where nothing is covered there is nothing to ask for.
      const complete = Object.keys(nodes).length === 0 || (await readFindings(client, nodes));
      return { location: locationKey(location), at, complete, nodes };
    },
  };
}

async function readCoverage(client: Inspector2Client): Promise<InspectorView['nodes']> {
  const nodes: InspectorView['nodes'] = {};
  const filterCriteria = { resourceType: equals('AWS_EC2_INSTANCE') };
  let nextToken: string | undefined;
  do {
    const page = await client.send(new ListCoverageCommand({ filterCriteria, maxResults: COVERAGE_PAGE, nextToken }));
    for (const { resourceId, scanType, scanStatus } of page.coveredResources ?? []) {
      // Network reachability is listed apart; packages are what this is about.
      if (resourceId === undefined || scanType !== 'PACKAGE') continue;
      nodes[resourceId] = { active: scanStatus?.statusCode === 'ACTIVE', reason: scanStatus?.reason ?? '', cves: [] };
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return nodes;
}

/** Adds the CVEs of active findings to their nodes; false when there were more than are asked for. */
async function readFindings(client: Inspector2Client, nodes: InspectorView['nodes']): Promise<boolean> {
  const filterCriteria = {
    findingStatus: equals('ACTIVE'),
    findingType: equals('PACKAGE_VULNERABILITY'),
    resourceType: equals('AWS_EC2_INSTANCE'),
  };
  let nextToken: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await client.send(new ListFindingsCommand({ filterCriteria, maxResults: FINDINGS_PAGE, nextToken }));
    for (const finding of page.findings ?? []) addFinding(finding, nodes);
    nextToken = page.nextToken;
    if (nextToken === undefined) return true;
  }
  return false;
}

function addFinding({ packageVulnerabilityDetails, resources = [] }: Finding, nodes: InspectorView['nodes']): void {
  const cve = packageVulnerabilityDetails?.vulnerabilityId ?? '';
  for (const node of resources.flatMap(({ id = '' }) => nodes[id] ?? [])) if (!node.cves.includes(cve)) node.cves.push(cve);
}

export async function writeInspectorView(store: Store, view: InspectorView): Promise<void> {
  await store.putBytes(inspectorKey(view.location), gzipSync(JSON.stringify(view)));
}

/** What Inspector said last of a location; `undefined` where it was never asked. */
export async function readInspectorView(store: Store, location: string): Promise<InspectorView | undefined> {
  const bytes = await store.findBytes(inspectorKey(location));
  return bytes && InspectorView.parse(JSON.parse(gunzipSync(bytes).toString('utf8')));
}
