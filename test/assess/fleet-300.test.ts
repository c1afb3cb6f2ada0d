import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { surveyPolicy } from '../../lambdas/core/survey/permissions.ts';
import type { Assessment } from '../../lambdas/core/survey/assessment.ts';
import { readFleetFile } from '../../cli/files/fleet.ts';
import { nodesOf } from '../../cli/files/fleet-nodes.ts';
import { checkSelections, readPolicyFile } from '../../cli/files/policy.ts';
import { checkMaintenanceWindows } from '../../cli/files/windows.ts';
import { start, type Ended } from '../cli/command.ts';
import { ACCOUNT, LOCATIONS, OTHER, plantedFleet } from './planted.ts';
import { openAccounts, ROLE, type AccountsWorld } from './world.ts';

const { file, planted } = plantedFleet();
let world: AccountsWorld;
let ended: Ended;
let out: string;
let seen: Assessment & { files: { fleet: string; policy: string; report: string }; otherRegions: Record<string, string[]> };

/** Ids in a stable order: lists are compared as sets. */
function ids(list: readonly (string | { id: string })[] | undefined): string[] {
  return (list ?? []).map((entry) => (typeof entry === 'string' ? entry : entry.id)).toSorted((a, b) => (a < b ? -1 : 1));
}

function updatedBy(pattern: RegExp): string[] {
  return ids(seen.lists.selfUpdating?.filter(({ by }) => by.some((updater) => pattern.test(updater.by))));
}

beforeAll(async () => {
  world = await openAccounts(file);
  const away = world.role(OTHER, surveyPolicy(), ACCOUNT);
  const keys = await world.keys(world.role(ACCOUNT, surveyPolicy([away])));
  out = join(world.folder, 'survey');
  mkdirSync(out);
  const accounts = join(world.folder, 'accounts.yaml');
  writeFileSync(
    accounts,
    `- { account: "${ACCOUNT}", regions: [eu-central-1, eu-west-1] }\n- { account: "${OTHER}", role: ${ROLE}, regions: [eu-central-1, eu-west-1] }\n`,
  );
  ended = await start(['assess', '--accounts', accounts, '--out', out, '--json', '--no-feeds'], world.environment(keys)).ended;
  seen = ended.stdout === '' ? seen : JSON.parse(ended.stdout);
});
afterAll(() => world.close());

describe('a fleet of 300 machines in two accounts and two Regions', () => {
  it('is looked at by a role that has the printed policy and nothing else', () => {
    expect(ended.stderr).not.toMatch(/Error|AccessDenied/);
    expect(ended.status).toBe(0);
    expect(seen.blind).toEqual([]);
    expect(world.aws.deniedCalls()).toEqual([]);
    expect(seen.locations).toEqual(LOCATIONS);
  });

  it('is counted: running, managed, reporting, in a policy', () => {
    const { coverage } = seen;
    expect(file.nodes).toHaveLength(300);
    expect(coverage.running).toBe(300 - planted.stopped.length);
    expect(coverage.managed).toBe(300 - planted.stopped.length - planted.unmanaged.length);
    expect(coverage.reporting).toBe((coverage.managed ?? 0) - planted.silent.length);
    expect(coverage.inPolicy).toBe(0);
    expect(coverage.inProposal).toBe((coverage.managed ?? 0) - planted.autoScaling.length - planted.eks.length);
  });

  it.each(['unmanaged', 'stopped', 'silent', 'neverScanned', 'stale', 'noInventory', 'agentTooOld'] as const)(
    '%s: every planted one by id, and nothing else',
    (what) => {
      expect(ids(seen.lists[what])).toEqual(ids(planted[what]));
    },
  );

  it('says why machines are not managed, as far as EC2 shows it', () => {
    const why = (name: string) => seen.lists.unmanaged?.find((node) => node.name === name)?.why;
    expect(why('unmanaged-2')).toMatch(/no instance profile/);
    expect(why('unmanaged-1')).toMatch(/never registered.*InstanceNodeRole lacks AmazonSSMManagedInstanceCore/);
  });

  it('groups what Auto Scaling and EKS replace by image', () => {
    const groups = seen.lists.owned?.map(({ by, name, image, nodes }) => [by, name, image, nodes.length]);
    expect(groups).toEqual([
      ['auto-scaling', 'web-asg', 'ami-0aaaaaaaaaaaaaaaa', 12],
      ['eks', 'shop', 'ami-0bbbbbbbbbbbbbbbb', 9],
      ['auto-scaling', 'api-asg', 'ami-0bbbbbbbbbbbbbbbb', 8],
      ['eks', 'data', 'ami-0bbbbbbbbbbbbbbbb', 6],
    ]);
    const by = (owner: string) => ids(seen.lists.owned?.filter((group) => group.by === owner).flatMap(({ nodes }) => nodes));
    expect(by('auto-scaling')).toEqual(ids(planted.autoScaling));
    expect(by('eks')).toEqual(ids(planted.eks));
  });

  it.each([
    ['unattended', /^unattended-upgrades$/],
    ['dnfAutomatic', /^dnf-automatic$/],
    ['windowsUpdate', /^Windows Update$/],
    ['association', /^association patch-policy \([0-9a-f-]{36}\)$/],
    ['window', /^maintenance window ERP Sunday \(mw-[0-9a-f]{17}\)$/],
  ] as const)('self-updating, %s: every planted one by id, and nothing else', (what, pattern) => {
    expect(updatedBy(pattern)).toEqual(ids(planted[what]));
  });

  it('lists nobody as self-updating for another reason', () => {
    const { unattended, dnfAutomatic, windowsUpdate, association, window } = planted;
    expect(ids(seen.lists.selfUpdating)).toEqual(ids([...new Set([...unattended, ...dnfAutomatic, ...windowsUpdate, ...association, ...window])]));
  });

  it.each([
    ['delayed', 'slow', /14 days after/],
    ['rejecting', 'pinned', /rejects kernel\*/],
    ['frozen', 'frozen', /nothing that came out after 2026-01-31/],
    ['withoutRule', 'nothing', /approves no security updates/],
  ] as const)('baselines that refuse, %s: every planted node by id, with its patch group and why', (what, group, why) => {
    const refusing = (seen.lists.baselineRefuses ?? []).filter(({ patchGroups }) => patchGroups.includes(group));
    expect(ids(refusing.flatMap(({ nodes }) => nodes))).toEqual(ids(planted[what]));
    for (const baseline of refusing) expect(baseline.why.join()).toMatch(why);
  });

  it('lists no other node as refused: not those of Ubuntu, nor of a group whose baseline is for another operating system', () => {
    const { delayed, rejecting, frozen, withoutRule } = planted;
    expect(ids(seen.lists.baselineRefuses?.flatMap(({ nodes }) => nodes))).toEqual(ids([...delayed, ...rejecting, ...frozen, ...withoutRule]));
  });

  it('says what would stop a rollout', () => {
    const said = seen.obstacles.map(({ what }) => what).join('\n');
    expect(said).toContain('Change Calendar year-end-freeze in 111111111111/eu-central-1 allows no changes now, until ');
    expect(said).not.toContain('open-season');
    expect(said).toMatch(/\d+ of \d+ nodes that the proposed policy names are not tagged Wavelock=enabled/);
    expect(said).toMatch(/is the only healthy target of target group single/);
    expect(said).not.toContain('target group pair');
    expect(said).toMatch(/amazon-linux-2023-aarch64: 1 node, and none in the first wave/);
    expect(said).toMatch(/nodes do not answer/);
    expect(said).toMatch(/nodes are updated by somebody else/);
    expect(said).toMatch(/disk space/);
  });

  it('knows what it did not look at: accounts of the organization, and Regions', () => {
    expect(seen.otherAccounts).toEqual([
      { id: '333333333333', name: 'sandbox' },
      { id: '444444444444', name: 'archive' },
    ]);
    expect(seen.otherRegions[OTHER]).toContain('us-east-1');
    expect(seen.otherRegions[OTHER]).not.toContain('eu-west-1');
  });

  it('proposes a policy that validates, observes, and names the existing maintenance window by its id', () => {
    const read = readPolicyFile(seen.files.policy);
    expect(read.policy.mode).toBe('observe');
    expect(read.policy.policies.map(({ name, waves }) => [name, waves.map((wave) => wave.name)])).toEqual([
      ['linux-monthly', ['dev', 'test', 'staging', 'canary', 'production']],
      ['windows-monthly', ['dev', 'test', 'staging', 'canary', 'production']],
    ]);
    expect(Object.values(read.policy.windows)).toContainEqual({
      ssm: expect.stringMatching(/^mw-[0-9a-f]{17}$/),
      location: { account: ACCOUNT, region: 'eu-central-1' },
      lastStart: 0,
    });
    expect(read.text).toContain('cron(0 3 ? * SUN *), Europe/Berlin, 4 h, no start in the last 1 h');
    expect(read.text).toMatch(/SSM maintenance window mw-[0-9a-f]{17} "ERP Sunday"/);
    expect(read.text).not.toContain('switched off');
    for (const words of ['patch group slow', 'patch group pinned', 'approves security updates 14 days after']) expect(read.text).toContain(words);
  });

  it('writes a fleet file whose nodes fit that policy', () => {
    const fleet = readFleetFile(seen.files.fleet).fleet;
    expect(fleet.nodes).toHaveLength(300);
    expect(ids(fleet.nodes.map(({ id = '' }) => id))).toEqual(ids([...new Set(readFleetIds())]));
    const nodes = nodesOf(fleet);
    expect(() => checkSelections(readPolicyFile(seen.files.policy), nodes)).not.toThrow();
    expect(() => checkMaintenanceWindows(readPolicyFile(seen.files.policy), fleet)).not.toThrow();
    expect(nodes.filter(({ tags }) => tags.Wavelock === 'enabled')).toHaveLength(seen.coverage.inProposal);
  });

  function readFleetIds(): string[] {
    return world.aws.fleet.hosts.map(({ id }) => id);
  }

  it('writes a page that has every id of every list', () => {
    const page = readFileSync(seen.files.report, 'utf8');
    const { untagged, ...listed } = planted;
    expect(untagged).toHaveLength(5);
    for (const id of Object.values(listed).flat()) expect(page).toContain(id);
  });
});
