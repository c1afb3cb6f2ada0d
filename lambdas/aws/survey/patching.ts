/** What Patch Manager is told and what it found: baselines, patch groups, patch states. */
import {
  DescribeInstancePatchStatesCommand,
  DescribePatchBaselinesCommand,
  DescribePatchGroupsCommand,
  GetPatchBaselineCommand,
} from '@aws-sdk/client-ssm';
import type { GetPatchBaselineResult, InstancePatchState, PatchBaselineIdentity } from '@aws-sdk/client-ssm';
import type { SeenBaseline, SeenPatchGroup, SeenPatchState } from '../../core/survey/model.ts';
import type { Clients } from './clients.ts';
import { atMost, pages, type Look } from './look.ts';

/** DescribeInstancePatchStates takes 50 ids (SSM API reference). */
const IDS = 50;
const PAGE = 100;
const AT_ONCE = 4;

/** The last state of each node; nodes that were never looked at are not in it. */
export async function readPatchStates({ ssm }: Clients, look: Look, ids: string[]): Promise<SeenPatchState[] | undefined> {
  const chunks = Array.from({ length: Math.ceil(ids.length / IDS) }, (_, index) => ids.slice(index * IDS, (index + 1) * IDS));
  const read = (InstanceIds: string[]) =>
    look.see('ssm:DescribeInstancePatchStates', () =>
      pages(async (NextToken) => {
        const page = await ssm.send(new DescribeInstancePatchStatesCommand({ InstanceIds, NextToken, MaxResults: PAGE }));
        return { items: page.InstancePatchStates, next: page.NextToken };
      }),
    );
  const states = await atMost(
    AT_ONCE,
    chunks.map((chunk) => () => read(chunk)),
  );
  return states.some((part) => part === undefined) ? undefined : states.flatMap((part) => part ?? []).map(stateOf);
}

function stateOf(state: InstancePatchState): SeenPatchState {
  return {
    id: state.InstanceId ?? '',
    at: state.OperationEndTime?.toISOString() ?? '',
    baseline: state.BaselineId ?? '',
    patchGroup: state.PatchGroup ?? '',
    missing: state.MissingCount ?? 0,
    failed: state.FailedCount ?? 0,
    pendingReboot: state.InstalledPendingRebootCount ?? 0,
  };
}

/** Patch groups and their baselines. */
export function readPatchGroups({ ssm }: Clients, look: Look): Promise<SeenPatchGroup[] | undefined> {
  return look.see('ssm:DescribePatchGroups', async () => {
    const mappings = await pages(async (NextToken) => {
      const page = await ssm.send(new DescribePatchGroupsCommand({ NextToken, MaxResults: PAGE }));
      return { items: page.Mappings, next: page.NextToken };
    });
    return mappings.map(({ PatchGroup = '', BaselineIdentity }) => ({
      name: PatchGroup,
      baseline: BaselineIdentity?.BaselineId ?? '',
      operatingSystem: BaselineIdentity?.OperatingSystem ?? 'WINDOWS',
    }));
  });
}

/** Baselines of one's own, and those of AWS that are somebody's default: with their rules. */
export async function readBaselines({ ssm }: Clients, look: Look): Promise<SeenBaseline[] | undefined> {
  const identities = await look.see('ssm:DescribePatchBaselines', () =>
    pages(async (NextToken) => {
      const page = await ssm.send(new DescribePatchBaselinesCommand({ NextToken, MaxResults: PAGE }));
      return { items: page.BaselineIdentities, next: page.NextToken };
    }),
  );
  if (!identities) return undefined;
  const asked = identities.filter((identity) => identity.DefaultBaseline === true || !identity.BaselineId?.startsWith('arn:'));
  return atMost(
    AT_ONCE,
    asked.map((identity) => async () => {
      const details = await look.see('ssm:GetPatchBaseline', () => ssm.send(new GetPatchBaselineCommand({ BaselineId: identity.BaselineId })));
      return baselineOf(identity, details);
    }),
  );
}

function baselineOf(identity: PatchBaselineIdentity, details: GetPatchBaselineResult | undefined): SeenBaseline {
  const rules = details?.ApprovalRules?.PatchRules?.map((rule) => ({
    filters: Object.fromEntries((rule.PatchFilterGroup?.PatchFilters ?? []).map(({ Key, Values = [] }) => [String(Key), Values])),
    ...(rule.ApproveAfterDays !== undefined && { approveAfterDays: rule.ApproveAfterDays }),
    ...(rule.ApproveUntilDate ? { approveUntil: rule.ApproveUntilDate } : {}),
  }));
  return {
    id: identity.BaselineId ?? '',
    name: identity.BaselineName ?? '',
    operatingSystem: identity.OperatingSystem ?? 'WINDOWS',
    isDefault: identity.DefaultBaseline === true,
    ...(details && { rules: rules ?? [] }),
    approved: details?.ApprovedPatches ?? [],
    rejected: details?.RejectedPatches ?? [],
    rejectedAction: details?.RejectedPatchesAction ?? '',
  };
}
