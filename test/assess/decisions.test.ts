import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exposureSection } from '../../cli/assess/html-exposure.ts';
import { assessmentText } from '../../cli/assess/text.ts';
import { map, scalar } from '../../cli/assess/yaml-text.ts';
import { refusals } from '../../lambdas/core/survey/baselines.ts';
import { mayPatch, whatItDoes } from '../../lambdas/core/survey/documents.ts';
import { environmentsOf } from '../../lambdas/core/survey/environments.ts';
import { assess } from '../../lambdas/core/survey/assessment.ts';
import { ownerOf } from '../../lambdas/core/survey/owners.ts';
import { resolve } from '../../lambdas/core/survey/updaters.ts';
import { slugOf, translateWindow } from '../../lambdas/core/survey/windows.ts';
import type { FleetExposure } from '../../lambdas/core/survey/exposure.ts';
import type { Machine } from '../../lambdas/core/survey/machines.ts';
import type { SeenBaseline, SeenInstance, SeenWindow, Survey } from '../../lambdas/core/survey/model.ts';

const baseline = (rules: SeenBaseline['rules'], more: Partial<SeenBaseline> = {}): SeenBaseline => ({
  id: 'pb-1',
  name: 'b',
  operatingSystem: 'AMAZON_LINUX_2023',
  isDefault: false,
  rules,
  approved: [],
  rejected: [],
  rejectedAction: '',
  ...more,
});
const SECURITY = { CLASSIFICATION: ['Security'], SEVERITY: ['*'] };

describe('a baseline refuses', () => {
  it.each<[string, SeenBaseline, string[]]>([
    [
      'nothing where one rule approves security updates at once',
      baseline([
        { filters: SECURITY, approveAfterDays: 7 },
        { filters: SECURITY, approveAfterDays: 0 },
      ]),
      [],
    ],
    [
      'for as long as its shortest rule waits',
      baseline([
        { filters: SECURITY, approveAfterDays: 7 },
        { filters: SECURITY, approveAfterDays: 3 },
      ]),
      ['approves security updates 3 days after they came out'],
    ],
    [
      'what came out after its date',
      baseline([{ filters: SECURITY, approveUntil: '2026-06-30' }]),
      ['approves nothing that came out after 2026-06-30'],
    ],
    ['nothing yet, where its date is to come', baseline([{ filters: SECURITY, approveUntil: '2027-06-30' }]), []],
    [
      'everything that is not listed, without a rule',
      baseline([], { approved: ['openssl*'] }),
      ['has no rule for security updates: approves only what it lists (1)'],
    ],
    ['security updates, where its rules are about others', baseline([{ filters: { CLASSIFICATION: ['Bugfix'] } }]), ['approves no security updates']],
    [
      'grades that no rule takes',
      baseline([{ filters: { CLASSIFICATION: ['Security'], SEVERITY: ['Critical'] } }]),
      ['leaves out security updates graded Important'],
    ],
    [
      'nothing by grades that two rules take together',
      baseline([{ filters: { ...SECURITY, SEVERITY: ['Critical'] } }, { filters: { ...SECURITY, SEVERITY: ['Important'] } }]),
      [],
    ],
    [
      'nothing by a delay on Debian, whose archives carry no dates',
      baseline([{ filters: { PRIORITY: ['*'] }, approveAfterDays: 7 }], { operatingSystem: 'DEBIAN' }),
      [],
    ],
    [
      'what its list rejects, whatever its rules could not be read',
      baseline(undefined, { rejected: ['kernel*', 'glibc'] }),
      ['rejects kernel*, glibc'],
    ],
  ])('%s', (_what, given, expected) => {
    expect(refusals(given, '2026-11-23')).toEqual(expected);
  });
});

describe('documents', () => {
  it.each([
    ['AWS-RunPatchBaseline', true],
    ['AWS-PatchAsgInstance', true],
    ['arn:aws:ssm:eu-central-1:1:document/Corp-PatchLinux', true],
    ['yum-update-all', true],
    ['AWS-UpdateSSMAgent', false],
    ['AWS-GatherSoftwareInventory', false],
    ['Wavelock-Scan-Linux', false],
    ['Corp-DrainNode', false],
  ])('%s may install: %s', (name, expected) => expect(mayPatch(name)).toBe(expected));

  it('say by their operation what they do; without one nobody knows', () => {
    expect(whatItDoes('AWS-RunPatchBaseline', 'Install')).toBe('installs');
    expect(whatItDoes('AWS-RunPatchBaseline', 'Scan')).toBe('scans');
    expect(whatItDoes('AWS-RunPatchBaseline', undefined)).toBe('perhaps');
    expect(whatItDoes('AWS-PatchInstanceWithRollback', undefined)).toBe('installs');
  });
});

describe('environments', () => {
  const tagged = (key: string, ...values: string[]) => values.map((value) => ({ tags: { [key]: value } }));

  it("are ranked from the least important on, in everybody's spelling", () => {
    const found = environmentsOf(tagged('Env', 'PROD', 'UAT', 'Dev', 'qa', 'sandbox', 'live', 'Blue', 'qa'));
    expect(found?.before.map(({ value }) => value)).toEqual(['sandbox', 'Dev', 'qa', 'UAT']);
    expect(found?.production).toEqual([
      { value: 'Blue', nodes: 1, recognised: false },
      { value: 'PROD', nodes: 1, recognised: true },
      { value: 'live', nodes: 1, recognised: true },
    ]);
  });

  it('come from the key that most machines have', () => {
    expect(environmentsOf([...tagged('Stage', 'test'), ...tagged('environment', 'test', 'prod')])).toMatchObject({ key: 'environment', untagged: 1 });
    expect(environmentsOf(tagged('Owner', 'test'))).toBeUndefined();
  });
});

describe('a maintenance window', () => {
  const window = (more: Partial<SeenWindow>): SeenWindow => ({
    id: 'mw-1',
    name: 'w',
    enabled: true,
    schedule: 'cron(0 1 ? * SUN *)',
    duration: 4,
    cutoff: 1,
    ...more,
  });

  const place = { name: 'w', location: '111111111111/eu-central-1', now: Date.parse('2026-11-23T12:00:00Z') };

  it('is proposed by its id and its location, as a rollout would read it', () => {
    expect(translateWindow(window({ timezone: 'Europe/Berlin' }), place)).toMatchObject({
      window: {
        name: 'w',
        ssm: 'mw-1',
        location: '111111111111/eu-central-1',
        read: { says: 'cron(0 1 ? * SUN *), Europe/Berlin, 4 h, no start in the last 1 h' },
      },
    });
  });

  it.each<[string, Partial<SeenWindow>]>([
    ['days that are waited', { offset: 2 }],
    ['a field for seconds', { schedule: 'cron(0 30 23 ? * TUE#3 *)' }],
    ['a single date', { schedule: 'at(2026-12-24T01:00:00)' }],
    ['dates', { startDate: '2026-12-01', endDate: '2027-12-01' }],
  ])('with %s can be followed', (_what, more) => {
    expect(translateWindow(window(more), place)).toHaveProperty('window');
  });

  it.each<[string, Partial<SeenWindow>, RegExp]>([
    ['a rate', { schedule: 'rate(7 days)' }, /^it has the schedule rate\(7 days\): its openings count from/],
    ['a day that no cron of ours knows', { schedule: 'cron(0 1 ? * SUNDAY *)' }, /cron/],
    ['no time to start', { duration: 1, cutoff: 1 }, /nothing ever starts in it/],
    ['longer than the time to the next', { schedule: 'cron(0 * ? * * *)' }, /fires again after 1 h/],
    ['a time zone that does not exist', { timezone: 'Mars/Olympus' }, /Mars\/Olympus/],
    ['an end that is past', { endDate: '2026-01-01' }, /^it ended on 2026-01-01$/],
    ['another announcement', { next: '2026-11-28T01:00Z' }, /is not followed$/],
  ])('with %s is left out, with why', (_what, more, why) => {
    const result = translateWindow(window(more), place);
    expect('why' in result ? result.why : result).toMatch(why);
  });
});

describe('names', () => {
  it('fit the policy file and are there once', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 60 }), { maxLength: 20 }), (texts) => {
        const taken = new Set<string>();
        for (const text of texts) taken.add(slugOf(text, 20, taken));
        expect(taken.size).toBe(texts.length);
        for (const name of taken) expect(name).toMatch(/^[a-z][a-z0-9-]{0,19}$/);
      }),
    );
  });

  it('and values come back from YAML as they were, whatever stands in them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom('no', 'Off', '1e3', '0x1f', '2026-01-01', '1.10', '~', 'null', '', ' a', '- b', '#c', 'a: b', '"', "'", '1_000', '12:30'),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(parse(`k: ${scalar(value)}`)).toEqual({ k: value });
        expect(parse(`k: ${scalar(value)}`, { version: '1.1' })).toEqual({ k: value });
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(
          text.filter((key) => key !== '__proto__'),
          text,
        ),
        (value) => {
          expect(parse(map(value))).toEqual({ ...value });
        },
      ),
    );
  });
});

describe('owners', () => {
  const instance = (tags: Record<string, string>): SeenInstance => ({
    id: 'i',
    state: 'running',
    imageId: 'ami',
    architecture: 'x86_64',
    launched: '',
    zone: '',
    os: 'linux',
    tags,
  });

  it.each([
    ['EKS before its Auto Scaling group', { 'aws:autoscaling:groupName': 'ng', 'eks:cluster-name': 'shop' }, { by: 'eks', name: 'shop' }],
    ["EKS with nodes of one's own", { 'kubernetes.io/cluster/mine': 'owned' }, { by: 'eks', name: 'mine' }],
    ['ECS', { 'aws:autoscaling:groupName': 'cap', AmazonECSManaged: '' }, { by: 'ecs', name: 'cap' }],
    ['Auto Scaling', { 'aws:autoscaling:groupName': 'web' }, { by: 'auto-scaling', name: 'web' }],
    ['nobody', { Name: 'db' }, undefined],
  ] as const)('%s', (_what, tags, expected) => expect(ownerOf(instance(tags), undefined)).toEqual(expected));

  it('are known by their group where tags tell nothing', () => {
    expect(ownerOf(instance({}), { name: 'web', instances: ['i'], tags: {} })).toEqual({ by: 'auto-scaling', name: 'web' });
  });
});

describe('targets', () => {
  const machine = (id: string, tags: Record<string, string>) => ({ id, tags }) as unknown as Machine;
  const machines = [machine('i-1', { App: 'web', Tier: 'front' }), machine('i-2', { App: 'web' }), machine('i-3', {})];
  const ids = (targets: Parameters<typeof resolve>[0]) => {
    const found = resolve(targets, machines);
    return found === 'unknown' ? found : found.map(({ id }) => id);
  };

  it('are joined by and, their values by or', () => {
    expect(ids([{ key: 'InstanceIds', values: ['*'] }])).toEqual(['i-1', 'i-2', 'i-3']);
    expect(ids([{ key: 'tag:App', values: ['api', 'web'] }])).toEqual(['i-1', 'i-2']);
    expect(
      ids([
        { key: 'tag:App', values: ['web'] },
        { key: 'tag-key', values: ['Tier'] },
      ]),
    ).toEqual(['i-1']);
    expect(ids([])).toEqual([]);
  });

  it('that only AWS resolves are unknown, never nobody', () => {
    expect(ids([{ key: 'resource-groups:Name', values: ['prod'] }])).toBe('unknown');
  });
});

describe('an assessment', () => {
  const survey: Survey = {
    at: '2026-11-23T00:00:00.000Z',
    caller: 'me',
    blind: [],
    locations: [{ location: { account: '111111111111', region: 'eu-central-1' }, instances: [], nodes: [], blind: [] }],
  };

  it('of nothing at all is all zeros, and has a policy to propose to nobody', () => {
    const { assessment } = assess(survey, undefined);
    expect(assessment.coverage).toEqual({ running: 0, ec2: 0, hybrid: 0, managed: 0, reporting: 0, inPolicy: 0, inProposal: 0 });
    expect(assessment.lists.unmanaged).toEqual([]);
    expect(assessment.obstacles).toEqual([]);
  });

  it('says of whom nobody spoke: that nothing was found there means nothing', () => {
    const { assessment } = assess(survey, undefined);
    const exposure: FleetExposure = {
      advisories: 40,
      judged: 0,
      unknown: [],
      partly: [],
      exposed: [],
      exploited: [],
      endOfLife: [],
      by: [],
      unspoken: [
        { release: '', nodes: ['i-3'] },
        { release: 'debian-12', nodes: ['i-1', 'i-2'] },
      ],
    };
    const judged = { exposure, problems: [] };
    const text = assessmentText(assessment, judged).join('\n').replaceAll(/\s+/g, ' ');
    const page = exposureSection(judged).text.replaceAll(/\s+/g, ' ');
    for (const said of [text, page]) {
      expect(said).toContain('No advisory that was read speaks of debian-12, which 2 nodes have: whether they are exposed, nobody knows');
      expect(said).toContain('The system of 1 node is not known here: whether it is exposed, nobody knows');
      for (const id of ['i-1', 'i-2', 'i-3']) expect(said).toContain(id);
    }
  });

  it('says that Systems Manager is not set up where no node of a Region is registered', () => {
    const instance: SeenInstance = {
      id: 'i-0123456789abcdef0',
      state: 'running',
      imageId: 'ami',
      architecture: 'x86_64',
      launched: '2026-01-01T00:00:00Z',
      zone: 'eu-central-1a',
      os: 'linux',
      profile: 'p',
      tags: {},
    };
    const lonely = {
      ...survey,
      locations: survey.locations.map((location) => ({
        ...location,
        instances: [instance, { ...instance, id: 'i-2', launched: '2026-11-22T23:55:00Z' }],
      })),
    };
    const { unmanaged } = assess(lonely, undefined).assessment.lists;
    expect(unmanaged?.map(({ why }) => why)).toEqual([
      expect.stringContaining('Systems Manager is not set up here'),
      expect.stringContaining('may still register'),
    ]);
  });
});
