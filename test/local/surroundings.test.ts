import { AutoScalingClient, DescribeAutoScalingGroupsCommand, paginateDescribeAutoScalingGroups } from '@aws-sdk/client-auto-scaling';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Inspector2Client, ListCoverageCommand, ListFindingAggregationsCommand, ListFindingsCommand } from '@aws-sdk/client-inspector2';
import { ListAccountsCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import {
  DescribeAssociationCommand,
  DescribeInstanceInformationCommand,
  DescribeInstancePatchStatesCommand,
  DescribeMaintenanceWindowsCommand,
  DescribeMaintenanceWindowTargetsCommand,
  DescribeMaintenanceWindowTasksCommand,
  DescribePatchBaselinesCommand,
  DescribePatchGroupsCommand,
  GetCalendarStateCommand,
  GetInventoryCommand,
  GetMaintenanceWindowCommand,
  GetMaintenanceWindowTaskCommand,
  GetPatchBaselineCommand,
  ListAssociationsCommand,
  ListDocumentsCommand,
  ListInventoryEntriesCommand,
  SendCommandCommand,
  SSMClient,
  UpdateMaintenanceWindowCommand,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expandEntry } from '../../local/fleet/nodes.ts';
import type { FleetFile, NodeEntry } from '../../local/fleet/types.ts';
import { pages } from '../../lambdas/aws/survey/look.ts';
import { openAccounts, type AccountsWorld } from '../assess/world.ts';

const ACCOUNT = '111111111111';
const OTHER = '222222222222';
const HERE = `${ACCOUNT}/eu-central-1`;
const node = (name: string, more: Partial<NodeEntry> = {}): NodeEntry => ({ name, location: HERE, inventory: 'al2023', ...more });

const file: FleetFile = {
  version: 1,
  locations: [HERE, `${OTHER}/eu-central-1`],
  inventories: {
    al2023: {
      platform: 'amazon-linux-2023-x86_64',
      installed: { openssl: '1:3.0.8-1.amzn2023.0.3' },
      available: [{ package: 'openssl', version: '1:3.0.8-1.amzn2023.0.5', kind: 'security' }],
    },
    arm: { platform: 'ubuntu-24.04-aarch64', installed: { bash: '5.2.21-2ubuntu4' }, available: [] },
    windows: { platform: 'windows-2022-x86_64', installed: { KB5034770: '' }, available: [] },
  },
  nodes: [
    node('plain', { tags: { 'Patch Group': 'slow' }, inspector: { 'CVE-2026-1': 'CRITICAL', 'CVE-2026-2': 'MEDIUM' }, targetGroup: 'web' }),
    node('arm', { inventory: 'arm', others: ['unattended-upgrades'], inspector: {}, targetGroup: 'web', online: false }),
    node('pc', { inventory: 'windows', others: ['windows-update'], pending: 'reboot' }),
    node('off', { stopped: true }),
    node('bare', { unmanaged: 'no-profile' }),
    node('mute', { unmanaged: 'no-agent' }),
    node('never', { scanned: 'never', inventoried: 'never' }),
    node('old', { scanned: 'P40D', inventoried: 'P30D' }),
    node('asg-1', { autoScalingGroup: 'asg', image: 'ami-0123456789abcdef0' }),
    node('eks-1', { eks: 'shop' }),
    node('plant', { hybrid: true }),
  ],
  surroundings: [
    {
      locations: [HERE],
      baselines: [
        { name: 'slow', operatingSystem: 'AMAZON_LINUX_2023', patchGroups: ['slow'], approveAfterDays: 14, rejected: ['kernel*'] },
        { name: 'mine', operatingSystem: 'WINDOWS', default: true, approveUntil: '2026-01-31' },
        { name: 'empty', operatingSystem: 'UBUNTU', classifications: [] },
      ],
      maintenanceWindows: [
        {
          name: 'sunday',
          schedule: 'cron(0 1 ? * SUN *)',
          timezone: 'Europe/Berlin',
          hours: 4,
          cutoff: 1,
          document: 'AWS-RunPatchBaseline',
          operation: 'Install',
          names: ['plain', 'pc'],
        },
      ],
      associations: [
        { name: 'nightly', document: 'AWS-RunPatchBaseline', operation: 'Scan', schedule: 'rate(1 day)', tags: { App: 'web', Tier: 'front' } },
      ],
      calendars: [{ name: 'freeze', closed: true, changesAfter: 'P2D' }, { name: 'always' }],
    },
  ],
  organization: { [OTHER]: 'second', '333333333333': 'third' },
};

let world: AccountsWorld;
let config: {
  region: string;
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  maxAttempts: number;
};
let ssm: SSMClient;
const idOf = (name: string): string => expandEntry(file.nodes.find((entry) => entry.name === name) ?? node(name))[0]?.id ?? '';

beforeAll(async () => {
  world = await openAccounts(file);
  config = { region: 'eu-central-1', endpoint: world.aws.endpoint, credentials: world.aws.credentials(ACCOUNT), maxAttempts: 1 };
  ssm = new SSMClient(config);
});
afterAll(() => world.close());

describe('nodes with a place in the fleet file', () => {
  it('that nobody manages run in EC2 and are not known to Systems Manager', async () => {
    const { Reservations = [] } = await new EC2Client(config).send(new DescribeInstancesCommand({}));
    const instances = new Map(Reservations.flatMap(({ Instances = [] }) => Instances).map((instance) => [instance.InstanceId, instance]));
    expect(instances.get(idOf('bare'))).toMatchObject({ State: { Name: 'running' }, Architecture: 'x86_64' });
    expect(instances.get(idOf('bare'))?.IamInstanceProfile).toBeUndefined();
    expect(instances.get(idOf('mute'))?.IamInstanceProfile?.Arn).toBe(`arn:aws:iam::${ACCOUNT}:instance-profile/InstanceNodeRole`);
    expect(instances.get(idOf('arm'))?.Architecture).toBe('arm64');
    expect(instances.get(idOf('off'))?.State?.Name).toBe('stopped');
    expect(instances.get(idOf('asg-1'))).toMatchObject({
      ImageId: 'ami-0123456789abcdef0',
      Tags: expect.arrayContaining([{ Key: 'aws:autoscaling:groupName', Value: 'asg' }]),
    });
    // Pages of Systems Manager may be short, and empty though more follow.
    const information = await pages(async (NextToken) => {
      const page = await ssm.send(new DescribeInstanceInformationCommand({ MaxResults: 50, NextToken }));
      return { items: page.InstanceInformationList, next: page.NextToken };
    });
    const managed = information.map(({ InstanceId }) => InstanceId);
    for (const name of ['bare', 'mute', 'off']) expect(managed).not.toContain(idOf(name));
    const send = ssm.send(new SendCommandCommand({ DocumentName: 'AWS-RunShellScript', InstanceIds: [idOf('mute')] }));
    await expect(send).rejects.toThrow(/InvalidInstanceId|InvalidDocument|does not exist/);
  });

  it('have patch states by age, and none where nobody ever looked', async () => {
    const InstanceIds = ['plain', 'never', 'old', 'pc', 'mute'].map(idOf);
    const found = await pages(async (NextToken) => {
      const page = await ssm.send(new DescribeInstancePatchStatesCommand({ InstanceIds, NextToken }));
      return { items: page.InstancePatchStates, next: page.NextToken };
    });
    const states = new Map(found.map((state) => [state.InstanceId, state]));
    expect(new Set(states.keys())).toEqual(new Set(['plain', 'old', 'pc'].map(idOf)));
    const days = (name: string): number => (Date.now() - (states.get(idOf(name))?.OperationEndTime?.getTime() ?? 0)) / 86_400_000;
    expect(days('old')).toBeGreaterThan(39.9);
    expect(days('plain')).toBeLessThan(1);
    expect(states.get(idOf('plain'))).toMatchObject({ PatchGroup: 'slow', MissingCount: 1, BaselineId: expect.stringMatching(/^pb-[0-9a-f]{17}$/) });
    expect(states.get(idOf('old'))?.BaselineId).toMatch(/^arn:aws:ssm:eu-central-1:\d{12}:patchbaseline\/pb-/);
    expect(states.get(idOf('pc'))?.InstalledPendingRebootCount).toBe(1);
    await expect(
      ssm.send(new DescribeInstancePatchStatesCommand({ InstanceIds: Array.from({ length: 51 }, () => idOf('plain')) })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('have inventory by age, other updaters in it, and none where nobody gathered', async () => {
    const Entities = await pages(async (NextToken) => {
      const page = await ssm.send(new GetInventoryCommand({ ResultAttributes: [{ TypeName: 'AWS:Application' }], MaxResults: 50, NextToken }));
      return { items: page.Entities, next: page.NextToken };
    });
    const data = (name: string) => Entities.find(({ Id }) => Id === idOf(name))?.Data;
    expect(data('never')).toEqual({});
    expect(Date.now() - Date.parse(data('old')?.['AWS:Application']?.CaptureTime ?? '')).toBeGreaterThan(29 * 86_400_000);
    expect(data('arm')?.['AWS:Application']?.Content?.map(({ Name }) => Name)).toContain('unattended-upgrades');
    const registry = await ssm.send(new ListInventoryEntriesCommand({ InstanceId: idOf('pc'), TypeName: 'AWS:WindowsRegistry' }));
    expect(registry.Entries).toMatchObject([{ ValueName: 'AUOptions', Value: '4' }]);
  });
});

describe('patch baselines', () => {
  it("are AWS's own, each the default unless somebody has made another, and the file's", async () => {
    const Filters = [{ Key: 'OPERATING_SYSTEM', Values: ['WINDOWS', 'AMAZON_LINUX_2023'] }];
    const BaselineIdentities = await pages(async (NextToken) => {
      const page = await ssm.send(new DescribePatchBaselinesCommand({ Filters, NextToken }));
      return { items: page.BaselineIdentities, next: page.NextToken };
    });
    expect(BaselineIdentities.map(({ BaselineName, DefaultBaseline }) => [BaselineName, DefaultBaseline])).toEqual([
      ['AWS-AmazonLinux2023DefaultPatchBaseline', true],
      ['AWS-DefaultPatchBaseline', false],
      ['slow', false],
      ['mine', true],
    ]);
    const rules = async (name: string) =>
      (await ssm.send(new GetPatchBaselineCommand({ BaselineId: BaselineIdentities.find((entry) => entry.BaselineName === name)?.BaselineId })))
        .ApprovalRules?.PatchRules;
    expect(await rules('slow')).toMatchObject([{ ApproveAfterDays: 14 }]);
    expect(await rules('mine')).toMatchObject([{ ApproveUntilDate: '2026-01-31' }]);
    expect((await rules('AWS-AmazonLinux2023DefaultPatchBaseline'))?.map(({ ApproveAfterDays }) => ApproveAfterDays)).toEqual([7, 7]);
    await expect(ssm.send(new GetPatchBaselineCommand({ BaselineId: 'pb-00000000000000000' }))).rejects.toMatchObject({
      name: 'DoesNotExistException',
    });
    await expect(ssm.send(new DescribePatchBaselinesCommand({ Filters: [{ Key: 'COLOUR', Values: ['red'] }] }))).rejects.toThrow(
      "filter key COLOUR isn't valid",
    );
  });

  it('belong to patch groups', async () => {
    const { Mappings } = await ssm.send(new DescribePatchGroupsCommand({}));
    expect(Mappings).toMatchObject([{ PatchGroup: 'slow', BaselineIdentity: { BaselineName: 'slow', OperatingSystem: 'AMAZON_LINUX_2023' } }]);
    await expect(ssm.send(new DescribePatchGroupsCommand({ Filters: [{ Key: 'NAME_PREFIX', Values: ['s'] }] }))).rejects.toThrow(
      'does not know Filters',
    );
  });
});

describe('what Systems Manager does by itself', () => {
  it('maintenance windows tell their targets, and by their tasks what they do', async () => {
    const { WindowIdentities = [] } = await ssm.send(new DescribeMaintenanceWindowsCommand({}));
    expect(WindowIdentities).toMatchObject([
      { Name: 'sunday', Enabled: true, Duration: 4, Cutoff: 1, Schedule: 'cron(0 1 ? * SUN *)', ScheduleTimezone: 'Europe/Berlin' },
    ]);
    const WindowId = WindowIdentities[0]?.WindowId;
    const { Targets = [] } = await ssm.send(new DescribeMaintenanceWindowTargetsCommand({ WindowId }));
    expect(Targets[0]?.Targets).toEqual([{ Key: 'InstanceIds', Values: [idOf('plain'), idOf('pc')] }]);
    const { Tasks = [] } = await ssm.send(new DescribeMaintenanceWindowTasksCommand({ WindowId }));
    expect(Tasks).toMatchObject([
      { TaskArn: 'AWS-RunPatchBaseline', Type: 'RUN_COMMAND', Targets: [{ Key: 'WindowTargetIds', Values: [Targets[0]?.WindowTargetId] }] },
    ]);
    const task = await ssm.send(new GetMaintenanceWindowTaskCommand({ WindowId, WindowTaskId: Tasks[0]?.WindowTaskId }));
    expect(task.TaskInvocationParameters?.RunCommand?.Parameters).toEqual({ Operation: ['Install'] });
    await expect(ssm.send(new DescribeMaintenanceWindowTasksCommand({ WindowId: 'mw-00000000000000000' }))).rejects.toMatchObject({
      name: 'DoesNotExistException',
    });
  });

  it('a maintenance window tells when it opens next, on its own clock, and what somebody has changed', async () => {
    const { WindowIdentities = [] } = await ssm.send(new DescribeMaintenanceWindowsCommand({}));
    const WindowId = WindowIdentities[0]?.WindowId;
    const before = await ssm.send(new GetMaintenanceWindowCommand({ WindowId }));
    expect(before).toMatchObject({
      WindowId,
      Name: 'sunday',
      Enabled: true,
      Schedule: 'cron(0 1 ? * SUN *)',
      ScheduleTimezone: 'Europe/Berlin',
      Duration: 4,
      Cutoff: 1,
    });
    expect(before.NextExecutionTime).toMatch(/^20\d\d-\d\d-\d\dT01:00\+0[12]:00$/);
    expect(new Date(before.NextExecutionTime!.slice(0, 10)).getUTCDay()).toBe(0);
    expect(await ssm.send(new UpdateMaintenanceWindowCommand({ WindowId, Enabled: false, EndDate: '2099-01-01T00:00:00Z' }))).toMatchObject({
      WindowId,
      Enabled: false,
      Duration: 4,
    });
    const disabled = await ssm.send(new GetMaintenanceWindowCommand({ WindowId }));
    expect([disabled.Enabled, disabled.EndDate, disabled.NextExecutionTime]).toEqual([false, '2099-01-01T00:00:00Z', undefined]);
    await ssm.send(new UpdateMaintenanceWindowCommand({ WindowId, Enabled: true, Schedule: 'rate(7 days)' }));
    expect(await ssm.send(new GetMaintenanceWindowCommand({ WindowId }))).not.toHaveProperty('NextExecutionTime');
    await ssm.send(new UpdateMaintenanceWindowCommand({ WindowId, Schedule: 'cron(0 1 ? * SUN *)' }));
    await expect(ssm.send(new GetMaintenanceWindowCommand({ WindowId: 'mw-00000000000000000' }))).rejects.toMatchObject({
      name: 'DoesNotExistException',
    });
    await expect(ssm.send(new GetMaintenanceWindowCommand({ WindowId: 'mw-1' }))).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('a maintenance window is read by whoever may read this one, and edited by nobody else', async () => {
    const { WindowIdentities = [] } = await ssm.send(new DescribeMaintenanceWindowsCommand({}));
    const WindowId = WindowIdentities[0]?.WindowId;
    const Resource = `arn:aws:ssm:eu-central-1:${ACCOUNT}:maintenancewindow/${WindowId}`;
    const role = world.role(ACCOUNT, { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ssm:GetMaintenanceWindow', Resource }] });
    const reader = new SSMClient({ ...config, credentials: await world.keys(role) });
    expect(await reader.send(new GetMaintenanceWindowCommand({ WindowId }))).toMatchObject({ Name: 'sunday' });
    await expect(reader.send(new GetMaintenanceWindowCommand({ WindowId: 'mw-00000000000000000' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(reader.send(new UpdateMaintenanceWindowCommand({ WindowId, Enabled: false }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    reader.destroy();
  });

  it('associations tell their parameters only when they are described', async () => {
    const { Associations = [] } = await ssm.send(new ListAssociationsCommand({}));
    expect(Associations).toMatchObject([
      {
        AssociationName: 'nightly',
        Name: 'AWS-RunPatchBaseline',
        ScheduleExpression: 'rate(1 day)',
        Targets: [
          { Key: 'tag:App', Values: ['web'] },
          { Key: 'tag:Tier', Values: ['front'] },
        ],
      },
    ]);
    const { AssociationDescription } = await ssm.send(new DescribeAssociationCommand({ AssociationId: Associations[0]?.AssociationId }));
    expect(AssociationDescription?.Parameters).toEqual({ Operation: ['Scan'] });
    await expect(ssm.send(new DescribeAssociationCommand({ AssociationId: '8dfe3659-4309-493a-8755-0123456789ab' }))).rejects.toMatchObject({
      name: 'AssociationDoesNotExist',
    });
  });

  it('calendars are listed by their type, and closed together when one of them is', async () => {
    const DocumentIdentifiers = await pages(async (NextToken) => {
      const page = await ssm.send(new ListDocumentsCommand({ Filters: [{ Key: 'DocumentType', Values: ['ChangeCalendar'] }], NextToken }));
      return { items: page.DocumentIdentifiers, next: page.NextToken };
    });
    expect(DocumentIdentifiers.map(({ Name }) => Name)).toEqual(['freeze', 'always']);
    const state = (...CalendarNames: string[]) => ssm.send(new GetCalendarStateCommand({ CalendarNames }));
    expect(await state('freeze', 'always')).toMatchObject({ State: 'CLOSED', NextTransitionTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
    expect((await state('always')).State).toBe('OPEN');
    expect((await state('always')).NextTransitionTime).toBeUndefined();
    await expect(state('none')).rejects.toMatchObject({ name: 'InvalidDocument' });
    await expect(ssm.send(new ListDocumentsCommand({}))).rejects.toThrow('DocumentType ChangeCalendar only');
  });
});

describe('groups', () => {
  it('of Auto Scaling hold running instances, those of EKS as well', async () => {
    const client = new AutoScalingClient(config);
    const groups = [];
    for await (const page of paginateDescribeAutoScalingGroups({ client, pageSize: 1 }, {})) groups.push(...(page.AutoScalingGroups ?? []));
    expect(groups.map((group) => [group.AutoScalingGroupName, group.Instances?.map(({ InstanceId }) => InstanceId)])).toEqual([
      ['asg', [idOf('asg-1')]],
      ['eks-shop-nodes', [idOf('eks-1')]],
    ]);
    expect(groups[1]?.Tags).toMatchObject([
      { Key: 'eks:cluster-name', Value: 'shop' },
      { Key: 'kubernetes.io/cluster/shop', Value: 'owned' },
    ]);
    await expect(client.send(new DescribeAutoScalingGroupsCommand({ MaxRecords: 101 }))).rejects.toMatchObject({ name: 'ValidationError' });
  });

  it('of load balancers tell who is healthy', async () => {
    const client = new ElasticLoadBalancingV2Client(config);
    const { TargetGroups = [] } = await client.send(new DescribeTargetGroupsCommand({}));
    expect(TargetGroups).toMatchObject([{ TargetGroupName: 'web', TargetType: 'instance' }]);
    const { TargetHealthDescriptions = [] } = await client.send(new DescribeTargetHealthCommand({ TargetGroupArn: TargetGroups[0]?.TargetGroupArn }));
    expect(TargetHealthDescriptions.map(({ Target, TargetHealth }) => [Target?.Id, TargetHealth?.State])).toEqual([
      [idOf('plain'), 'healthy'],
      [idOf('arm'), 'unhealthy'],
    ]);
    await expect(
      client.send(new DescribeTargetHealthCommand({ TargetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/no/0' })),
    ).rejects.toMatchObject({ name: 'TargetGroupNotFoundException' });
    await expect(client.send(new DescribeLoadBalancersCommand({}))).rejects.toThrow(
      'embedded AWS does not know elasticloadbalancing:DescribeLoadBalancers',
    );
  });
});

describe('Organizations', () => {
  it('lists accounts to the management account alone', async () => {
    const { Accounts = [] } = await new OrganizationsClient(config).send(new ListAccountsCommand({}));
    expect(Accounts.map(({ Id, Name, Status }) => [Id, Name, Status])).toEqual([
      [ACCOUNT, `account-${ACCOUNT}`, 'ACTIVE'],
      [OTHER, 'second', 'ACTIVE'],
      ['333333333333', 'third', 'ACTIVE'],
    ]);
    const member = new OrganizationsClient({ ...config, credentials: world.aws.credentials(OTHER) });
    await expect(member.send(new ListAccountsCommand({}))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('Inspector', () => {
  it('says which instances it looks at, and why not the others', async () => {
    const inspector = new Inspector2Client(config);
    const { coveredResources = [] } = await inspector.send(
      new ListCoverageCommand({ filterCriteria: { resourceType: [{ comparison: 'EQUALS', value: 'AWS_EC2_INSTANCE' }] } }),
    );
    const reasons = new Map(coveredResources.map(({ resourceId, scanStatus }) => [resourceId, scanStatus?.reason]));
    expect(['plain', 'mute', 'off', 'never'].map((name) => reasons.get(idOf(name)))).toEqual([
      'SUCCESSFUL',
      'UNMANAGED_EC2_INSTANCE',
      'EC2_INSTANCE_STOPPED',
      'NO_INVENTORY',
    ]);
    expect(reasons.has(idOf('plant'))).toBe(false);
  });

  it('lists findings, and counts them by instance', async () => {
    const inspector = new Inspector2Client(config);
    const { findings = [] } = await inspector.send(
      new ListFindingsCommand({ filterCriteria: { findingStatus: [{ comparison: 'EQUALS', value: 'ACTIVE' }] } }),
    );
    expect(
      findings.map(({ severity, resources, packageVulnerabilityDetails }) => [
        severity,
        resources?.[0]?.id,
        packageVulnerabilityDetails?.vulnerabilityId,
      ]),
    ).toEqual([
      ['CRITICAL', idOf('plain'), 'CVE-2026-1'],
      ['MEDIUM', idOf('plain'), 'CVE-2026-2'],
    ]);
    const { responses } = await inspector.send(new ListFindingAggregationsCommand({ aggregationType: 'AWS_EC2_INSTANCE' }));
    expect(responses).toMatchObject([
      { ec2InstanceAggregation: { instanceId: idOf('plain'), severityCounts: { all: 2, critical: 1, high: 0, medium: 1 } } },
    ]);
    await expect(inspector.send(new ListFindingsCommand({ sortCriteria: { field: 'SEVERITY', sortOrder: 'DESC' } }))).rejects.toThrow(
      'does not know sortCriteria',
    );
  });

  it('has nothing where it is not switched on', async () => {
    const elsewhere = new Inspector2Client({ ...config, credentials: world.aws.credentials(OTHER) });
    expect((await elsewhere.send(new ListCoverageCommand({}))).coveredResources).toEqual([]);
  });
});
