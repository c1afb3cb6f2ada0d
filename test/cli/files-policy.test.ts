import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkSelections, readPolicyFile } from '../../cli/files/policy.ts';
import { InputErrors } from '../../cli/files/problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const GOOD = `version: 1
policies:
  monthly:
    nodes: { os: linux }
    plan: { every: day, at: "09:00", timezone: UTC }
    patches: { kinds: [security] }
    waves:
      - name: test
        nodes: everything-else
`;

function write(text: string): string {
  const file = join(folder, 'wavelock.yaml');
  writeFileSync(file, text);
  return file;
}

function refusal(read: () => unknown): InputErrors | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof InputErrors) return error;
    throw error;
  }
}

describe('the demo policy', () => {
  it('is right, and what it says in words is what the model holds', () => {
    const { policy, text, sha256 } = readPolicyFile('demo/policy.yaml', '2026-12-01');
    const bytes = readFileSync('demo/policy.yaml');
    expect(text).toBe(bytes.toString('utf8'));
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    const [monthly] = policy.policies;
    expect(monthly).toMatchObject({ name: 'monthly', mode: 'auto', plan: { every: 'month', patchTuesdayPlusDays: 1, at: '09:00' } });
    expect(monthly?.waves.map(({ name, window, soak }) => [name, window, soak])).toEqual([
      ['test', 'weeknights', 86_400],
      ['canary', 'saturday', 43_200],
      ['production', 'sunday', 0],
    ]);
    expect(monthly?.tell).toEqual({
      'linux-ops': ['exposed', 'approval', 'passed', 'held', 'failed', 'done', 'closed'],
      security: ['held', 'failed', 'done'],
    });
  });

  it('says so on the day after its exception ends', () => {
    expect(readPolicyFile('demo/policy.yaml', '2030-12-31').policy.version).toBe(1);
    expect(refusal(() => readPolicyFile('demo/policy.yaml', '2031-01-01'))?.message).toMatch(
      /^demo\/policy\.yaml:\d+:18 policies\.monthly\.patches\.leaveOut\[0\]\.until: 2030-12-31 is past/,
    );
  });
});

describe('a policy file with mistakes', () => {
  it('shows all of them at once, each with its place, from top to bottom', () => {
    const file = write(`version: 1
policies:
  monthly:
    nodes: { os: linux }
    plan: { every: day, at: "09:00", timezone: Europe/Berln }
    patches: { kinds: [security] }
    waves:
      - name: test
        nodes: everything-else
        atonce: 10%
        window: nights
      - nodes: { os: linux }
        soak: 2 dayz
  monthly: {}
`);
    // YAML's last one counts, and what is wrong in the first is told all the same.
    expect(refusal(() => readPolicyFile(file))?.problems.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
      '5:48 policies.monthly.plan.timezone',
      '9:16 policies.monthly.waves[0].nodes',
      '10:9 policies.monthly.waves[0].atonce',
      '11:17 policies.monthly.waves[0].window',
      '12:9 policies.monthly.waves[1].name',
      '13:15 policies.monthly.waves[1].soak',
      '14:3 policies.monthly',
      '14:3 policies.monthly.nodes',
      '14:3 policies.monthly.patches',
      '14:3 policies.monthly.waves',
      '14:3 policies.monthly.plan',
    ]);
    writeFileSync(file, readFileSync(file, 'utf8').replace('  monthly: {}\n', ''));
    expect(
      refusal(() => readPolicyFile(file))
        ?.message.replaceAll(`${folder}/`, '')
        .split('\n'),
    ).toEqual([
      'wavelock.yaml:5:48 policies.monthly.plan.timezone: "Europe/Berln" is not a time zone (did you mean `Europe/Berlin`?)',
      'wavelock.yaml:9:16 policies.monthly.waves[0].nodes: everything-else is for the last wave: the waves after it would have no nodes',
      'wavelock.yaml:10:9 policies.monthly.waves[0].atonce: unknown key (did you mean `atOnce`?)',
      'wavelock.yaml:11:17 policies.monthly.waves[0].window: "nights" is not defined (there is nothing in `windows`)',
      'wavelock.yaml:12:9 policies.monthly.waves[1].name: is missing',
      'wavelock.yaml:13:15 policies.monthly.waves[1].soak: expected a duration such as 90s, 30m, 12h or 3d',
    ]);
  });

  it('is refused for a duplicate even when the rest is right', () => {
    const file = write(GOOD.replace('version: 1\n', 'version: 1\nversion: 1\n'));
    expect(refusal(() => readPolicyFile(file))?.message).toContain('wavelock.yaml:2:1 version: is there twice, first in line 1');
  });

  it('may be no map at all', () => {
    expect(refusal(() => readPolicyFile(write('- 1\n')))?.message).toContain('wavelock.yaml:1:1 expected keys and values, not a list');
  });
});

describe('a policy held against a fleet', () => {
  it('names the place of what reaches no node', () => {
    const read = readPolicyFile(write(GOOD));
    const message = 'wavelock.yaml:4:5 policies.monthly.nodes: fits none of the 0 nodes';
    expect(refusal(() => checkSelections(read, []))?.message).toContain(message);
  });
});
