import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InputErrors } from '../../cli/files/problems.ts';
import { readInput } from '../../cli/run/input.ts';
import type { RunInput, RunOptions } from '../../cli/run/input.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-input-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DEMO = { fleet: 'demo/fleet.yaml', policy: 'demo/policy.yaml', feeds: 'demo/feeds', seed: '1', out: 'out' };

let files = 0;

/** The demo's policy with something replaced. */
function policyWith(...edits: [from: string | RegExp, to: string][]): string {
  const file = join(folder, `policy-${(files += 1)}.yaml`);
  let text = readFileSync(DEMO.policy, 'utf8');
  for (const [from, to] of edits) {
    const after = text.replace(from, to);
    if (after === text) throw new Error(`demo/policy.yaml has no ${from}`);
    text = after;
  }
  writeFileSync(file, text);
  return file;
}

function fleetOf(nodes: string): string {
  const file = join(folder, `fleet-${(files += 1)}.yaml`);
  const text = readFileSync(DEMO.fleet, 'utf8');
  writeFileSync(file, `${text.slice(0, text.indexOf('\nnodes:'))}\nnodes:${nodes}\n`);
  return file;
}

/** What is wrong, a line a problem. */
function problemsOf(options: Partial<RunOptions>): string {
  try {
    readInput({ ...DEMO, ...options });
  } catch (error) {
    if (error instanceof InputErrors) return error.message;
    throw error;
  }
  return '';
}

function read(options: Partial<RunOptions>): RunInput {
  return readInput({ ...DEMO, ...options });
}

/** The zero-day policy with this standing in, and a fleet that has a document that can only be applied, a runbook and a function. */
function standingIn(form: string): Partial<RunOptions> {
  const policy = join(folder, `policy-${(files += 1)}.yaml`);
  writeFileSync(
    policy,
    readFileSync('demo/zero-day/policy.yaml', 'utf8').replace('    windows: ignore', `    whileNoFix: { ${form} }\n    windows: ignore`),
  );
  const fleet = join(folder, `fleet-${(files += 1)}.yaml`);
  writeFileSync(join(folder, 'waf.mjs'), 'export const handler = async () => ({ nodes: {} });');
  const more = [
    'documents: { Corp-Mitigate: { parameters: { Action: [apply] } } }',
    'automations: { Corp-Isolate: { role: Corp-Role, parameters: { Action: [apply, withdraw] } } }',
    'functions: { waf-block: { code: ./waf.mjs, versions: 2, aliases: { live: 2 } } }',
  ];
  writeFileSync(fleet, `${readFileSync(DEMO.fleet, 'utf8')}\n${more.join('\n')}\n`);
  return { scenario: 'zero-day', policy, fleet };
}

/** The zero-day policy, which starts nothing by itself any more. */
function observing(): string {
  const file = join(folder, `policy-${(files += 1)}.yaml`);
  writeFileSync(file, readFileSync('demo/zero-day/policy.yaml', 'utf8').replace(/^mode: approve/m, 'mode: observe'));
  return file;
}

function loop(): string {
  const path = join(folder, 'loop');
  symlinkSync('loop', path);
  return path;
}

const MACHINE = '{ name: one, location: 111111111111/eu-central-1, inventory: al2023, tags: { Wavelock: enabled, Environment: test } }';

describe('what stands in for a fix', () => {
  it.each(['lambda: waf-block', 'lambda: "waf-block:2"', 'lambda: waf-block:live', 'automation: { document: Corp-Isolate, role: Corp-Role }'])(
    'may be %s, where the fleet has it',
    (form) => {
      expect(read(standingIn(form)).fleet.functions).toMatchObject({ 'waf-block': { code: join(folder, 'waf.mjs') } });
    },
  );
});

describe('what a run is refused for', () => {
  it.each<[string, Partial<RunOptions>, RegExp]>([
    ['a missing fleet', { fleet: join(folder, 'nowhere.yaml') }, /nowhere\.yaml: .*(not there|no such|does not exist|cannot be read)/i],
    ['a missing policy', { policy: join(folder, 'nothing.yaml') }, /nothing\.yaml: .*(not there|no such|does not exist|cannot be read)/i],
    ['a missing folder of feeds', { feeds: join(folder, 'feeds') }, /feeds/],
    ['an empty fleet', { fleet: fleetOf(' []') }, /^\S+:\d+:\d+ nodes: /m],
    ['two nodes of one id', { fleet: fleetOf(`\n  - ${MACHINE}\n  - ${MACHINE}`) }, /^\S+:\d+:\d+ nodes\[1\]/m],
    [
      'a hook that the fleet does not have',
      { policy: policyWith(['    waves:\n', '    hooks: { before: { document: Corp-Drain, version: "7" } }\n    waves:\n']) },
      /^\S+:\d+:\d+ policies\.monthly\.hooks\.before\.document: Corp-Drain is not among the documents of the fleet file/m,
    ],
    [
      'what stands in for a fix and is not in the fleet',
      standingIn('run: Corp-Mitgate'),
      /^\S+:\d+:\d+ policies\.zero-day\.whileNoFix\.run: Corp-Mitgate is not among the documents of the fleet file \(did you mean `Corp-Mitigate`\?\)/m,
    ],
    [
      'what stands in for a fix and cannot be taken back',
      standingIn('run: Corp-Mitigate'),
      /^\S+:\d+:\d+ policies\.zero-day\.whileNoFix\.run: Corp-Mitigate has no parameter Action with the values apply and withdraw in the fleet file$/m,
    ],
    [
      'a function that the fleet does not have',
      standingIn('lambda: waf-blok'),
      /^\S+:\d+:\d+ policies\.zero-day\.whileNoFix\.lambda: waf-blok is not among the functions of the fleet file \(did you mean `waf-block`\?\)/m,
    ],
    [
      'a version of a function that the fleet does not have',
      standingIn('lambda: "waf-block:3"'),
      /^\S+:\d+:\d+ policies\.zero-day\.whileNoFix\.lambda: waf-block has no version or alias 3 in the fleet file/m,
    ],
    [
      'a runbook that the fleet does not have',
      standingIn('automation: { document: Corp-Mitigate, role: R }'),
      /^\S+:\d+:\d+ policies\.zero-day\.whileNoFix\.automation\.document: Corp-Mitigate is not among the automations of the fleet file/m,
    ],
    [
      'a runbook with another role',
      standingIn('automation: { document: Corp-Isolate, role: R }'),
      /^\S+:\d+:\d+ policies\.zero-day\.whileNoFix\.automation\.role: Corp-Isolate works with the role Corp-Role in the fleet file/m,
    ],
    [
      'a selection that matches no node',
      { policy: policyWith(['Environment: test }', 'Environment: tset }']) },
      /^\S+:\d+:\d+ policies\.monthly\.waves\[0\]\.nodes.*/m,
    ],
    ['an unknown time zone', { policy: policyWith(['Europe/Berlin', 'Europe/Berln']) }, /Europe\/Berln.*/],
    ['a percentage over 100', { policy: policyWith(['atOnce: 25%', 'atOnce: 125%']) }, /^\S+:\d+:\d+ policies\.monthly\.waves\[2\]\.atOnce: .*/m],
    [
      'a window whose cron never opens',
      { policy: policyWith([/sunday: +\{.*\}/, 'sunday: { cron: "0 1 31 2 *", for: 6h, timezone: Europe/Berlin }']) },
      /^\S+:\d+:\d+ windows\.sunday/m,
    ],
    ['two policies of one name', { policy: policyWith([/\npolicies:\n([\s\S]*)$/, '\npolicies:\n$1$1']) }, /monthly/],
    [
      'a policy that only observes and would be started by an advisory',
      { scenario: 'zero-day', policy: observing() },
      /^\S+policy-\d+\.yaml: policies\.zero-day only observes \(mode: observe\): .* start nothing \(mode: approve asks people first, mode: auto does not\)$/m,
    ],
    ['an unknown id in --only', { only: 'web-t1,web-t99' }, /^--only: demo\/fleet\.yaml has no node web-t99 \(ids or names, separated by commas\)$/m],
    ['an empty --only', { only: ' , ' }, /^--only: /m],
    ['a slip in a scenario', { scenario: 'bad-path' }, /^--scenario: there is no scenario "bad-path" \(did you mean `bad-patch`\?\)$/m],
    [
      'an unknown scenario',
      { scenario: 'earthquake' },
      /^--scenario: there is no scenario "earthquake" \(there are bad-patch, demo, .*zero-day and none/m,
    ],
    ['a date that is none', { at: 'tomorrow' }, /^--at: "tomorrow" is no ISO date \(for example 2026-12-01\)$/m],
    ['a date that some would take for one', { at: 'next tuesday 4' }, /^--at: "next tuesday 4" is no ISO date/m],
    ['a day that its month does not have', { at: '2027-02-30' }, /^--at: "2027-02-30" is no ISO date/m],
    ['a number', { at: '5' }, /^--at: "5" is no ISO date/m],
    ['a folder of feeds that leads back to itself', { feeds: loop() }, /^\S+loop: cannot be read \(ELOOP\)$/m],
  ])('%s', (_what, options, message) => {
    expect(problemsOf(options)).toMatch(message);
  });

  it('says everything at once, of all files', () => {
    const policy = policyWith(['atOnce: 25%', 'atOnce: 125%'], ['severity: {', 'severty: {']);
    const said = problemsOf({ policy, fleet: fleetOf(' []'), feeds: join(folder, 'feeds'), at: 'soon', scenario: 'none-such' });
    expect(said).toMatch(/^--at: /m);
    expect(said).toMatch(/^--scenario: /m);
    expect(said).toMatch(/atOnce/);
    expect(said).toMatch(/severty.*severity/);
    expect(said).toMatch(/nodes: /);
    expect(said).toMatch(/feeds/);
  });
});

describe('what a run is given', () => {
  it('takes the demo with its own faults, at its own date', () => {
    const input = read({});
    expect(input.scenarioName).toBe('demo');
    expect(new Date(input.plannedFor ?? 0).toISOString()).toBe('2026-12-09T08:00:00.000Z');
    expect(new Date(input.start).toISOString()).toBe('2026-12-09T04:59:00.000Z');
  });

  it('has nothing go wrong in another fleet or policy unless asked', () => {
    const policy = policyWith(['mode: auto', 'mode: approve']);
    expect(read({ policy, at: '2026-12-01' })).toMatchObject({ scenarioName: 'none', scenario: undefined });
    expect(read({ policy, at: '2026-12-01', scenario: 'lost-event' }).scenario?.faults).toHaveLength(1);
  });

  it('takes a day, or an instant of it, which is in UTC where no zone is said', () => {
    for (const at of ['2027-01-13T07:59', '2027-01-13T08:59+01:00', '2027-01-13T07:59:59.999Z'])
      expect([at, new Date(read({ at }).plannedFor ?? 0).toISOString()]).toEqual([at, '2027-01-13T08:00:00.000Z']);
  });

  it('finds what ships with it from any folder', () => {
    const here = process.cwd();
    process.chdir(folder);
    try {
      expect(read({ scenario: 'zero-day' }).policyPath).toBe(join(here, 'demo/zero-day/policy.yaml'));
    } finally {
      process.chdir(here);
    }
  });

  it('takes a whole number as chance, and no other word', () => {
    expect(read({ at: '2026-12-01', seed: '7' }).seed).toBe(7);
    for (const seed of ['abc', '12abc', '1.5', '0', '']) expect(problemsOf({ seed })).toContain(`--seed: "${seed}" is no whole number from 1 on`);
  });

  it('plans at the first planning time after --at', () => {
    expect(new Date(read({ at: '2027-01-01' }).plannedFor ?? 0).toISOString()).toBe('2027-01-13T08:00:00.000Z');
  });

  it('keeps only the nodes of --only, by id or by name', () => {
    const { fleet } = read({ only: 'web-t1, api-a1,plant-graz-1,mi-0a1b2c3d4e5f60718' });
    expect(fleet.nodes.map(({ name }) => name).toSorted()).toEqual(['api-a1', 'plant-graz-1', 'plant-graz-2', 'web-t1']);
  });

  it('leaves out what would happen to nodes that --only leaves out', () => {
    const nodes = 'web-t1,web-t2,web-a1,web-a2,web-b1';
    const { scenario } = read({ only: nodes });
    expect(read({}).scenario?.faults.some((fault) => 'silent' in fault)).toBe(true);
    expect(scenario?.faults.some((fault) => 'silent' in fault)).toBe(false);
    expect(problemsOf({ only: nodes, scenario: 'unreachable' })).toMatch(/^--only: nothing of the scenario unreachable happens to these nodes/m);
  });

  it('says when --only leaves a wave nobody', () => {
    expect(problemsOf({ only: 'web-t1,api-a1' })).toMatch(/^demo\/policy\.yaml:\d+:\d+ policies\.monthly\.waves\[2\]\.nodes: /m);
  });

  it('reads a scenario of one’s own from a file', () => {
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, 'title: Mine\nfaults:\n  - events: { lose: all }\n');
    expect(read({ scenario: file }).scenario?.title).toBe('Mine');
  });
});

describe('a maintenance window of Systems Manager that a policy names', () => {
  const ERP = '  saturday: { ssm: mw-0123456789abcdef0, location: 111111111111/eu-west-1 }';
  const window = 'name: erp, schedule: "cron(0 1 ? * SAT *)", hours: 4, document: AWS-RunPatchBaseline';

  function fleetWith(entry: string): string {
    const file = join(folder, `fleet-${(files += 1)}.yaml`);
    writeFileSync(file, `${readFileSync(DEMO.fleet, 'utf8')}\nsurroundings:\n  - ${entry}\n`);
    return file;
  }

  it('must be in the fleet file, where the policy says', () => {
    const policy = policyWith([/^ {2}saturday:.*$/m, ERP]);
    expect(problemsOf({ policy })).toMatch(
      /^.*:8:20 windows\.saturday\.ssm: the fleet file has no maintenance window mw-0123456789abcdef0 in 111111111111\/eu-west-1 \(describe it there under `surroundings`, with its `id`\)$/,
    );
    const elsewhere = fleetWith(`{ locations: [111111111111/eu-central-1], maintenanceWindows: [{ id: mw-0123456789abcdef0, ${window} }] }`);
    expect(problemsOf({ policy, fleet: elsewhere })).toContain('the fleet file has no maintenance window');
    const there = fleetWith(`{ locations: [111111111111/eu-west-1], maintenanceWindows: [{ id: mw-0123456789abcdef0, ${window} }] }`);
    expect(problemsOf({ policy, fleet: there })).toBe('');
  });

  it('must be in one of its locations', () => {
    const policy = policyWith([/^ {2}saturday:.*$/m, ERP.replace('eu-west-1', 'eu-west-2')]);
    expect(problemsOf({ policy })).toContain(
      'windows.saturday.location: is not among the locations of the fleet file (did you mean `111111111111/eu-west-1`?)',
    );
  });

  it('has an id in one location only, and dates that are some', () => {
    expect(problemsOf({ fleet: fleetWith(`{ maintenanceWindows: [{ id: mw-0123456789abcdef0, ${window} }] }`) })).toMatch(
      /surroundings\[0\]\.maintenanceWindows\[0\]\.id: an id is in one location only/,
    );
    expect(problemsOf({ fleet: fleetWith(`{ maintenanceWindows: [{ endDate: soon, ${window} }] }`) })).toMatch(
      /endDate: expected an instant such as/,
    );
  });
});
