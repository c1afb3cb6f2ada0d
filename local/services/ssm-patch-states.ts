/** What Patch Manager's last look at each node found: DescribeInstancePatchStates (SSM API reference). */
import { between } from '../fleet/chance.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { durationOf } from '../fleet/scenario.ts';
import { patchGroupOf } from '../fleet/surroundings.ts';
import type { CallContext, Clock, Input, Random, ServiceOperation } from '../types.ts';
import { baselineFor } from './ssm-baselines.ts';
import { checkBounds } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';
import { hostAt } from './ssm-send.ts';

export interface PatchStateDeps {
  fleet: Fleet;
  clock: Clock;
  random: Random;
  gaps: PageGaps;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How Patch Manager names the release of a platform (SSM API reference, OperatingSystem). */
const OPERATING_SYSTEMS: [start: string, name: string][] = [
  ['amazon-linux-2023-', 'AMAZON_LINUX_2023'],
  ['amazon-linux-2-', 'AMAZON_LINUX_2'],
  ['rhel-', 'REDHAT_ENTERPRISE_LINUX'],
  ['rocky-', 'ROCKY_LINUX'],
  ['almalinux-', 'ALMA_LINUX'],
  ['oracle-linux-', 'ORACLE_LINUX'],
  ['centos-', 'CENTOS'],
  ['ubuntu-', 'UBUNTU'],
  ['debian-', 'DEBIAN'],
  ['sles-', 'SUSE'],
  ['opensuse-', 'SUSE'],
  ['windows-', 'WINDOWS'],
];

/** DescribeInstancePatchStates. Nodes that were never looked at are left out without a word, as AWS leaves them out. */
export function patchStateOperations(deps: PatchStateDeps): Record<string, ServiceOperation> {
  return {
    DescribeInstancePatchStates: {
      access: (input, { account, region }) =>
        (input.InstanceIds ?? []).map((id: string) => ({
          action: 'ssm:DescribeInstancePatchStates',
          resource: id.startsWith('mi-')
            ? `arn:aws:ssm:${region}:${account}:managed-instance/${id}`
            : `arn:aws:ec2:${region}:${account}:instance/${id}`,
        })),
      run(input, context) {
        checkBounds([
          ['instanceIds', input.InstanceIds, { max: 50, pattern: /^(i-(\w{8}|\w{17})|mi-\w{17})$/ }],
          ['maxResults', input.MaxResults, { min: 10, max: 100 }],
        ]);
        const states = (input.InstanceIds as string[]).flatMap((id) => statesOf(id, context, deps));
        const { items, NextToken } = page(states, input.MaxResults ?? 50, input.NextToken, deps);
        return { InstancePatchStates: items, ...(NextToken === undefined ? {} : { NextToken }) };
      },
    },
  };
}

/** One, or none. */
function statesOf(id: string, context: CallContext, { fleet, clock }: PatchStateDeps): Input[] {
  const host = hostAt(fleet, id, context);
  const scanned = fleet.surroundings.entry(id)?.scanned;
  if (!host || host.state === 'terminated' || (scanned === 'never' && host.awsScanned === undefined)) return [];
  const at = Math.max(host.awsScanned ?? 0, scanned === 'never' ? 0 : lastScan(host, scanned, fleet.surroundings.start, clock.now()));
  const patchGroup = patchGroupOf(host.tags);
  const security = host.packages.updates(host.repository.offers(at)).filter(({ kind }) => kind === 'security' || kind === 'critical');
  const state = {
    InstanceId: id,
    PatchGroup: patchGroup,
    BaselineId: baselineFor(fleet, context, patchGroup, operatingSystemOf(host)),
    SnapshotId: '',
    OwnerInformation: '',
    InstalledCount: host.packages.list().length,
    InstalledOtherCount: 0,
    InstalledPendingRebootCount: host.pending === 'reboot' ? 1 : 0,
    InstalledRejectedCount: 0,
    MissingCount: security.length,
    FailedCount: 0,
    NotApplicableCount: 0,
    OperationStartTime: new Date(at - 40_000),
    OperationEndTime: new Date(at),
    Operation: 'Scan',
    RebootOption: 'NoReboot',
  };
  return [state];
}

/** A daily look at a time of its own, as Quick Setup arranges it; nodes with an age in the fleet file were looked at once, so long ago. */
function lastScan(host: Host, scanned: string | undefined, start: number, now: number): number {
  if (scanned !== undefined) return start - durationOf(scanned);
  const first = start - between(host.chance('patch scan'), 2, 20) * HOUR;
  const seen = host.heartbeat.beats ? now : host.heartbeat.lastPing();
  return first + Math.max(0, Math.floor((seen - first) / DAY)) * DAY;
}

function operatingSystemOf({ platform }: Host): string {
  return OPERATING_SYSTEMS.find(([start]) => platform.platform.startsWith(start))?.[1] ?? '';
}
