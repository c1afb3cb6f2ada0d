/** Patch baselines and patch groups: AWS's own and those of the fleet file (SSM API reference, DescribePatchBaselines and others). */
import type { Fleet } from '../fleet/fleet.ts';
import type { Baseline } from '../fleet/surroundings.ts';
import { AwsError, type AccessRequest, type CallContext, type Input, type Random, type ServiceOperation } from '../types.ts';
import { awsBaseline, awsBaselines, type PatchRule } from './ssm-aws-baselines.ts';
import { checkBounds } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';

export interface BaselineDeps {
  fleet: Fleet;
  random: Random;
  gaps: PageGaps;
}

interface OrchestratorFilter {
  Key: string;
  Values: string[];
}

const FILTERS: Record<string, (baseline: Input, wanted: string) => boolean> = {
  NAME_PREFIX: (baseline, wanted) => baseline.BaselineName.startsWith(wanted),
  OPERATING_SYSTEM: (baseline, wanted) => baseline.OperatingSystem === wanted,
  OWNER: (baseline, wanted) => (baseline.BaselineId.startsWith('arn:') ? 'AWS' : 'Self') === wanted,
};

/** DescribePatchBaselines, GetPatchBaseline and DescribePatchGroups. */
export function baselineOperations(deps: BaselineDeps): Record<string, ServiceOperation> {
  return {
    DescribePatchBaselines: {
      access: () => [{ action: 'ssm:DescribePatchBaselines', resource: '*' }],
      run(input, context) {
        checkBounds([['maxResults', input.MaxResults, { min: 1, max: 100 }]]);
        const all = identities(deps.fleet, context).filter((baseline) => fitsAll(baseline, input.Filters ?? []));
        const { items, NextToken } = page(all, input.MaxResults ?? 50, input.NextToken, deps);
        return { BaselineIdentities: items, ...(NextToken === undefined ? {} : { NextToken }) };
      },
    },
    GetPatchBaseline: {
      access: (input, context) => [baselineAccess(String(input.BaselineId), context)],
      run: (input, context) => getBaseline(input.BaselineId, context, deps.fleet),
    },
    DescribePatchGroups: {
      access: () => [{ action: 'ssm:DescribePatchGroups', resource: '*' }],
      run(input, context) {
        checkBounds([['maxResults', input.MaxResults, { min: 1, max: 100 }]]);
        if (input.Filters !== undefined)
          throw new AwsError('NotImplemented', 'The embedded AWS does not know Filters of ssm:DescribePatchGroups', 501);
        const own = deps.fleet.surroundings.at(context.account, context.region).baselines;
        const mappings = own.flatMap((baseline) =>
          (baseline.patchGroups ?? []).map((PatchGroup) => ({ PatchGroup, BaselineIdentity: identity(baseline) })),
        );
        const { items, NextToken } = page(mappings, input.MaxResults ?? 50, input.NextToken, deps);
        return { Mappings: items, ...(NextToken === undefined ? {} : { NextToken }) };
      },
    },
  };
}

/**
 * The baseline that a node is patched by: its patch group's, else the default of its operating system (User Guide, "Patch groups").
 * AWS's own are named by their whole ARN.
 */
export function baselineFor(
  fleet: Fleet,
  { account, region }: { account: string; region: string },
  patchGroup: string,
  operatingSystem: string,
): string {
  const own = fleet.surroundings.at(account, region).baselines.filter((baseline) => baseline.operatingSystem === operatingSystem);
  const ofGroup = own.find((baseline) => baseline.patchGroups?.includes(patchGroup));
  return (ofGroup ?? own.find((baseline) => baseline.default === true))?.id ?? awsBaseline(operatingSystem, region)?.id ?? '';
}

function identities(fleet: Fleet, { account, region }: CallContext): Input[] {
  const own = fleet.surroundings.at(account, region).baselines;
  const replaced = new Set(own.filter((baseline) => baseline.default === true).map((baseline) => baseline.operatingSystem));
  const byAws = awsBaselines(region).map(({ id, name, operatingSystem }) => ({
    BaselineId: id,
    BaselineName: name,
    OperatingSystem: operatingSystem,
    BaselineDescription: `Default Patch Baseline for ${operatingSystem} Provided by AWS.`,
    DefaultBaseline: !replaced.has(operatingSystem),
  }));
  return [...byAws, ...own.map(identity)];
}

function identity({ id, name, operatingSystem, default: isDefault = false }: Baseline): Input {
  return { BaselineId: id, BaselineName: name, OperatingSystem: operatingSystem, BaselineDescription: '', DefaultBaseline: isDefault };
}

function fitsAll(baseline: Input, filters: OrchestratorFilter[]): boolean {
  return filters.every(({ Key, Values }) => {
    const fits = FILTERS[Key];
    if (!fits) throw new AwsError('InvalidFilter', `The filter key ${Key} isn't valid; there are ${Object.keys(FILTERS).join(', ')}.`);
    return Values.some((wanted) => fits(baseline, wanted));
  });
}

function baselineAccess(id: string, { account, region }: CallContext): AccessRequest {
  return { action: 'ssm:GetPatchBaseline', resource: id.startsWith('arn:') ? id : `arn:aws:ssm:${region}:${account}:patchbaseline/${id}` };
}

function getBaseline(id: string, { account, region }: CallContext, fleet: Fleet): Input {
  checkBounds([['baselineId', id, { min: 20, max: 128, pattern: /^[a-zA-Z0-9_\-:/]{20,128}$/ }]]);
  const own = fleet.surroundings.at(account, region).baselines.find((baseline) => baseline.id === id);
  const byAws = awsBaselines(region).find((baseline) => baseline.id === id);
  const found = own ?? byAws;
  if (!found) throw new AwsError('DoesNotExistException', `Patch Baseline with id ${id} doesn't exist.`);
  return {
    BaselineId: id,
    Name: found.name,
    OperatingSystem: found.operatingSystem,
    GlobalFilters: { PatchFilters: [] },
    ApprovalRules: { PatchRules: (own ? ownRules(own) : (byAws?.rules ?? [])).map(ruleView) },
    ApprovedPatches: own?.approved ?? [],
    ApprovedPatchesComplianceLevel: 'UNSPECIFIED',
    ApprovedPatchesEnableNonSecurity: false,
    RejectedPatches: own?.rejected ?? [],
    RejectedPatchesAction: 'ALLOW_AS_DEPENDENCY',
    PatchGroups: own?.patchGroups ?? [],
    CreatedDate: new Date(0),
    ModifiedDate: new Date(0),
    Description: '',
    Sources: [],
  };
}

function ownRules({ operatingSystem, classifications, severities, approveAfterDays, approveUntil }: Baseline): PatchRule[] {
  if (classifications?.length === 0) return [];
  const deb = operatingSystem === 'UBUNTU' || operatingSystem === 'DEBIAN';
  const windows = operatingSystem === 'WINDOWS';
  const security = windows ? ['SecurityUpdates', 'CriticalUpdates'] : ['Security'];
  const filters: Record<string, string[]> = {
    PRODUCT: ['*'],
    ...(deb ? { PRIORITY: ['*'], SECTION: ['*'] } : { CLASSIFICATION: classifications ?? security }),
    ...(!deb && { [windows ? 'MSRC_SEVERITY' : 'SEVERITY']: severities ?? ['*'] }),
  };
  return [{ filters, ...(approveUntil === undefined ? { approveAfterDays: approveAfterDays ?? 0 } : { approveUntil }) }];
}

function ruleView({ filters, approveAfterDays, approveUntil }: PatchRule): Input {
  return {
    PatchFilterGroup: { PatchFilters: Object.entries(filters).map(([Key, Values]) => ({ Key, Values })) },
    ComplianceLevel: 'UNSPECIFIED',
    ...(approveAfterDays !== undefined && { ApproveAfterDays: approveAfterDays }),
    ...(approveUntil !== undefined && { ApproveUntilDate: approveUntil }),
    EnableNonSecurity: false,
  };
}
