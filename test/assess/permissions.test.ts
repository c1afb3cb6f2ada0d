import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assess as judge, type Assessment } from '../../lambdas/core/survey/assessment.ts';
import { ASSUME_ROLE, PERMISSIONS, surveyPolicy, type PolicyDocument } from '../../lambdas/core/survey/permissions.ts';
import type { Survey } from '../../lambdas/core/survey/model.ts';
import { assessmentHtml } from '../../cli/assess/html.ts';
import { gather } from '../../cli/assess/gather.ts';
import { assessmentText, blindSentence } from '../../cli/assess/text.ts';
import { start } from '../cli/command.ts';
import type { FleetFile } from '../../local/fleet/types.ts';
import { openAccounts, ROLE, type AccountsWorld } from './world.ts';

const ACCOUNT = '111111111111';
const OTHER = '222222222222';
const inventory = { platform: 'amazon-linux-2023-x86_64', installed: { openssl: '1:3.0.8-1.amzn2023.0.3' }, available: [] };

/** Small, and yet every kind of thing is in it, so that every call is made. */
const file: FleetFile = {
  version: 1,
  locations: [`${ACCOUNT}/eu-central-1`, `${OTHER}/eu-central-1`],
  inventories: { inventory },
  nodes: [
    {
      name: 'web',
      location: `${ACCOUNT}/eu-central-1`,
      inventory: 'inventory',
      targetGroup: 'web',
      inspector: { 'CVE-2026-1111': 'HIGH' },
      tags: { 'Patch Group': 'a' },
    },
    { name: 'grouped', location: `${ACCOUNT}/eu-central-1`, inventory: 'inventory', autoScalingGroup: 'asg' },
    { name: 'plant', location: `${ACCOUNT}/eu-central-1`, inventory: 'inventory', hybrid: true },
    { name: 'lost', location: `${ACCOUNT}/eu-central-1`, inventory: 'inventory', unmanaged: 'no-profile' },
    { name: 'away', location: `${OTHER}/eu-central-1`, inventory: 'inventory' },
  ],
  surroundings: [
    {
      baselines: [{ name: 'a', operatingSystem: 'AMAZON_LINUX_2023', patchGroups: ['a'], approveAfterDays: 3 }],
      maintenanceWindows: [{ name: 'sunday', schedule: 'cron(0 1 ? * SUN *)', hours: 4, document: 'AWS-RunPatchBaseline', operation: 'Install' }],
      associations: [{ name: 'nightly', document: 'AWS-RunPatchBaseline', operation: 'Install' }],
      calendars: [{ name: 'freeze', closed: true }],
    },
  ],
  organization: {},
};

let world: AccountsWorld;
beforeAll(async () => {
  world = await openAccounts(file);
});
afterAll(() => world.close());

const away = `arn:aws:iam::${OTHER}:role/${ROLE}`;

/** A survey of both accounts under roles with this policy, in both. */
async function surveyWith(policy: PolicyDocument): Promise<Survey> {
  world.role(OTHER, { ...policy, Statement: policy.Statement.slice(0, 1) }, ACCOUNT);
  const keys = await world.keys(world.role(ACCOUNT, policy));
  const { survey } = await gather({
    access: { endpoint: world.aws.endpoint, region: 'eu-central-1', credentials: async () => keys },
    accounts: [{ account: ACCOUNT }, { account: OTHER, role: ROLE }],
    regions: ['eu-central-1'],
    max: 100,
    tell: () => undefined,
    now: () => Date.now(),
  });
  return survey;
}

function without(action: string): PolicyDocument {
  const policy = surveyPolicy([away]);
  const statements = policy.Statement.map((statement) => ({ ...statement, Action: statement.Action.filter((other) => other !== action) }));
  return { ...policy, Statement: statements.filter(({ Action }) => Action.length > 0) };
}

/** Everything that the terminal and the report say; neither may break on what is missing. */
function said(survey: Survey): { assessment: Assessment; text: string } {
  const { assessment } = judge(survey, undefined);
  const page = assessmentHtml({
    assessment,
    judged: { exposure: undefined, problems: [] },
    otherRegions: {},
    places: { fleet: 'f', policy: 'p', report: 'r', kept: [] },
    isFleet: true,
    policyText: '',
  });
  expect(page).toContain('</html>');
  return { assessment, text: assessmentText(assessment, { exposure: undefined, problems: [] }).join(' ').replaceAll(/\s+/g, ' ') };
}

describe('the policy that `assess --permissions` prints', () => {
  it('is JSON on standard output that reads and does nothing else, with the roles of the accounts file', async () => {
    const accounts = join(world.folder, 'accounts.yaml');
    writeFileSync(accounts, `- { account: "${OTHER}", role: ${ROLE} }\n`);
    const { status, stdout } = await start(['assess', '--permissions', '--accounts', accounts]).ended;
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(surveyPolicy([away]));
    const actions: string[] = JSON.parse(stdout).Statement[0].Action;
    expect(
      actions.filter((action) => !/^(ec2|ssm|autoscaling|elasticloadbalancing|organizations|inspector2):(Describe|List|Get)[A-Z]\w+$/.test(action)),
    ).toEqual([]);
  });

  it('suffices, every action of it is needed, and nothing else is called', async () => {
    const before = { ...world.aws.usage().calls };
    const survey = await surveyWith(surveyPolicy([away]));
    expect([...survey.blind, ...survey.locations.flatMap(({ blind }) => blind)]).toEqual([]);
    expect(world.aws.unusedStatements().filter(({ role }) => role.includes(ACCOUNT))).toEqual([]);
    const called = Object.entries(world.aws.usage().calls)
      .filter(([name, count]) => count > (before[name] ?? 0))
      .map(([name]) => name);
    const granted = [...PERMISSIONS.map(({ action }) => action), ASSUME_ROLE, 'sts:GetCallerIdentity'];
    expect(called.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(granted.toSorted((a, b) => (a < b ? -1 : 1)));
  });

  it.each([...PERMISSIONS.map(({ action, shows }) => [action, shows] as const), [ASSUME_ROLE, 'this account'] as const])(
    'without %s: says that it could not see %s, and goes on',
    async (action, shows) => {
      const { assessment, text } = said(await surveyWith(without(action)));
      expect(new Set(assessment.blind.map((line) => line.action))).toEqual(new Set([action]));
      const sentence = (where: string): string =>
        action === ASSUME_ROLE
          ? `I could not look into account ${where} because AccessDenied on ${action}: does the role`
          : `I could not see ${shows} in ${where} because AccessDenied on ${action}`;
      for (const line of assessment.blind) expect(blindSentence(line)).toMatch(sentence(line.where));
      expect(text).toContain(`because AccessDenied on ${action}`);
    },
  );

  it('never takes what it could not see for nothing', async () => {
    const lists = async (action: string) => said(await surveyWith(without(action))).assessment;
    expect((await lists('ec2:DescribeInstances')).lists.unmanaged).toBeUndefined();
    expect((await lists('ec2:DescribeInstances')).coverage.running).toBeUndefined();
    expect((await lists('ssm:DescribeInstanceInformation')).coverage.managed).toBeUndefined();
    expect((await lists('ssm:DescribeInstanceInformation')).lists.selfUpdating).toBeUndefined();
    expect((await lists('ssm:DescribeInstancePatchStates')).lists.neverScanned).toBeUndefined();
    expect((await lists('ssm:GetInventory')).lists.noInventory).toBeUndefined();
    expect((await lists('ssm:DescribePatchBaselines')).lists.baselineRefuses).toBeUndefined();
    const silent = await lists('ssm:DescribeAssociation');
    expect(silent.lists.selfUpdating?.[0]?.why).toMatch(/association nightly \([0-9a-f-]+\) runs AWS-RunPatchBaseline, which may install/);
  });

  it('needs Auto Scaling only where the tags of EC2 do not tell', async () => {
    const { assessment } = said(await surveyWith(without('autoscaling:DescribeAutoScalingGroups')));
    expect(assessment.lists.owned?.map(({ name }) => name)).toEqual(['asg']);
  });
});
