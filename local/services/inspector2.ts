/**
 * Amazon Inspector: what the fleet file says that it found, for reading (Inspector API reference). Where no node of a location has findings
 * or an empty list, Inspector is not switched on and its lists are empty.
 */
import { createHash } from 'node:crypto';
import type { Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { AwsError, type CallContext, type Input, type Service, type ServiceOperation } from '../types.ts';
import { pageOf } from './listing.ts';

interface SeenHost {
  host: Host;
  /** CVE → Inspector's grade; absent: Inspector does not look at this node. */
  findings?: Record<string, string>;
}

interface Finding {
  host: Host;
  cve: string;
  severity: string;
}

type Filters = Record<string, { comparison: string; value: string }[]>;

/** Values of one finding that a filter of ListFindings is held against. */
const FILTERS: Record<string, (finding: Finding, account: string) => string> = {
  awsAccountId: (_finding, account) => account,
  findingStatus: () => 'ACTIVE',
  findingType: () => 'PACKAGE_VULNERABILITY',
  resourceId: ({ host }) => host.id,
  resourceType: () => 'AWS_EC2_INSTANCE',
  severity: ({ severity }) => severity,
  vulnerabilityId: ({ cve }) => cve,
};

/** ListCoverage, ListFindings and ListFindingAggregations by instance. Inspector looks at EC2 only. */
export function createInspector(fleet: Fleet): { service: Service } {
  return {
    service: {
      name: 'inspector2',
      sdk: '@aws-sdk/client-inspector2',
      operations: {
        ListCoverage: reading('ListCoverage', (input, context) => listCoverage(input, context, fleet)),
        ListFindings: reading('ListFindings', (input, context) => listFindings(input, context, fleet)),
        ListFindingAggregations: reading('ListFindingAggregations', (input, context) => aggregate(input, context, fleet)),
      },
    },
  };
}

function reading(name: string, run: ServiceOperation['run']): ServiceOperation {
  return { access: () => [{ action: `inspector2:${name}`, resource: '*' }], run };
}

function hostsOf(fleet: Fleet, { account, region }: CallContext): SeenHost[] {
  const hosts = fleet.at(account, region).filter((host) => !host.hybrid && host.state !== 'terminated');
  const seen = hosts.map((host) => ({ host, findings: fleet.surroundings.entry(host.id)?.inspector }));
  return seen.some(({ findings }) => findings !== undefined) ? seen : [];
}

function findingsOf(fleet: Fleet, context: CallContext): Finding[] {
  return hostsOf(fleet, context).flatMap(({ host, findings = {} }) => Object.entries(findings).map(([cve, severity]) => ({ host, cve, severity })));
}

function listCoverage(input: Input, context: CallContext, fleet: Fleet): Input {
  const criteria: Filters = input.filterCriteria ?? {};
  const unknown = Object.keys(criteria).find((name) => name !== 'resourceType');
  if (unknown !== undefined) throw invalid(`The embedded AWS does not know the filter ${unknown} of inspector2:ListCoverage`);
  const wanted = (criteria.resourceType ?? [{ comparison: 'EQUALS', value: 'AWS_EC2_INSTANCE' }]).some((filter) => holds(filter, 'AWS_EC2_INSTANCE'));
  const { items, token } = paged(wanted ? hostsOf(fleet, context) : [], input, 200);
  return { coveredResources: items.map((seen) => coverageOf(seen, context, fleet)), ...token };
}

/** Reasons: Inspector API reference, ScanStatus. */
function coverageOf({ host, findings }: SeenHost, { account }: CallContext, fleet: Fleet): Input {
  const reason =
    host.state === 'stopped'
      ? 'EC2_INSTANCE_STOPPED'
      : fleet.surroundings.entry(host.id)?.unmanaged !== undefined
        ? 'UNMANAGED_EC2_INSTANCE'
        : findings === undefined
          ? 'NO_INVENTORY'
          : 'SUCCESSFUL';
  return {
    resourceType: 'AWS_EC2_INSTANCE',
    resourceId: host.id,
    accountId: account,
    scanType: 'PACKAGE',
    scanStatus: { statusCode: reason === 'SUCCESSFUL' ? 'ACTIVE' : 'INACTIVE', reason },
  };
}

function listFindings(input: Input, context: CallContext, fleet: Fleet): Input {
  if (input.sortCriteria !== undefined) throw invalid('The embedded AWS does not know sortCriteria of inspector2:ListFindings');
  const criteria: Filters = input.filterCriteria ?? {};
  const unknown = Object.keys(criteria).find((name) => FILTERS[name] === undefined);
  if (unknown !== undefined) throw invalid(`The embedded AWS does not know the filter ${unknown} of inspector2:ListFindings`);
  const found = findingsOf(fleet, context).filter((finding) =>
    Object.entries(criteria).every(([name, filters]) => filters.some((filter) => holds(filter, FILTERS[name]?.(finding, context.account) ?? ''))),
  );
  const { items, token } = paged(found, input, 100);
  return { findings: items.map((finding) => findingView(finding, context, fleet)), ...token };
}

function findingView({ host, cve, severity }: Finding, { account, region }: CallContext, fleet: Fleet): Input {
  const id = createHash('sha256').update(`${host.id} ${cve}`).digest('hex').slice(0, 32);
  const at = new Date(fleet.surroundings.start);
  return {
    findingArn: `arn:aws:inspector2:${region}:${account}:finding/${id}`,
    awsAccountId: account,
    type: 'PACKAGE_VULNERABILITY',
    title: cve,
    description: cve,
    remediation: { recommendation: { text: 'None Provided' } },
    severity,
    status: 'ACTIVE',
    firstObservedAt: at,
    lastObservedAt: at,
    updatedAt: at,
    resources: [{ type: 'AWS_EC2_INSTANCE', id: host.id, partition: 'aws', region, tags: { ...host.tags } }],
    packageVulnerabilityDetails: { vulnerabilityId: cve, source: 'NVD', vulnerablePackages: [] },
  };
}

function aggregate(input: Input, context: CallContext, fleet: Fleet): Input {
  if (input.aggregationType !== 'AWS_EC2_INSTANCE') throw invalid('The embedded AWS aggregates findings by AWS_EC2_INSTANCE only');
  const unknown = ['accountIds', 'aggregationRequest'].find((member) => input[member] !== undefined);
  if (unknown !== undefined) throw invalid(`The embedded AWS does not know ${unknown} of inspector2:ListFindingAggregations`);
  const withFindings = hostsOf(fleet, context).filter(({ findings = {} }) => Object.keys(findings).length > 0);
  const { items, token } = paged(withFindings, input, 100);
  const responses = items.map(({ host, findings = {} }) => ({ ec2InstanceAggregation: counts(host, Object.values(findings), context) }));
  return { aggregationType: 'AWS_EC2_INSTANCE', responses, ...token };
}

function counts(host: Host, severities: string[], { account }: CallContext): Input {
  const of = (severity: string): number => severities.filter((other) => other === severity).length;
  return {
    instanceId: host.id,
    accountId: account,
    severityCounts: { all: severities.length, critical: of('CRITICAL'), high: of('HIGH'), medium: of('MEDIUM') },
  };
}

/** StringFilter and CoverageStringFilter: EQUALS, NOT_EQUALS and PREFIX (Inspector API reference). */
function holds({ comparison, value }: { comparison: string; value: string }, actual: string): boolean {
  if (comparison === 'NOT_EQUALS') return actual !== value;
  return comparison === 'PREFIX' ? actual.startsWith(value) : actual === value;
}

function paged<T>(all: T[], { maxResults, nextToken }: Input, most: number): { items: T[]; token: Input } {
  if (maxResults !== undefined && (maxResults < 1 || maxResults > most)) throw invalid(`maxResults must be between 1 and ${most}`);
  const { items, next } = pageOf(all, maxResults ?? most, nextToken);
  return { items, token: next === undefined ? {} : { nextToken: next } };
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
