import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, start } from '../cli/command.ts';
import type { RunDocument } from '../../cli/run/messages.ts';
import type { Ended } from '../cli/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PLANTS = 'api-t1,api-t2,plant-berlin-1,plant-berlin-2,plant-graz-1';
const WEB = 'web-t1,web-t2,web-a1,web-a2,web-b1';

/** Exactly one JSON document and nothing else. */
function documentOf({ stdout }: Ended): RunDocument {
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as RunDocument;
}

describe('wavelock run', () => {
  let good: Ended;
  let bad: Ended;
  let silent: Ended;

  // A few nodes each: that all of them are right is the matter of the scenarios.
  beforeAll(async () => {
    [good, bad] = await Promise.all([
      command('run', '--json', '--scenario', 'none', '--only', WEB, '--out', join(folder, 'good')),
      command('run', '--scenario', 'bad-patch', '--only', WEB, '--out', join(folder, 'bad')),
    ]);
    // From another folder than its own: what ships with it is found all the same.
    silent = await start(['run', '--json', '--scenario', 'unreachable', '--only', PLANTS, '--out', 'silent'], {}, folder).ended;
  });

  it('ends with 0 when the rollout succeeded, 1 when it failed, 3 when it is held', () => {
    expect([good.status, bad.status, silent.status], `${good.stderr}\n${bad.stdout}\n${silent.stderr}`).toEqual([0, 1, 3]);
    expect(documentOf(good).status).toBe('succeeded');
    expect(documentOf(silent).status).toBe('held');
    expect(existsSync(join(folder, 'silent', 'report.html'))).toBe(true);
  });

  it('prints one JSON document on standard output and everything else on standard error', () => {
    const document = documentOf(good);
    expect(Object.keys(document).toSorted()).toEqual([
      'advisories',
      'aws',
      'exposure',
      'lock',
      'nodes',
      'notices',
      'policy',
      'rollout',
      'status',
      'virtualSeconds',
      'wallMs',
      'waves',
    ]);
    expect(Object.keys(document.nodes[0] ?? {}).toSorted()).toEqual([
      'cvesClosed',
      'endedAt',
      'id',
      'location',
      'outcome',
      'packages',
      'platform',
      'reason',
      'rebooted',
      'startedAt',
      'wave',
    ]);
    expect(Object.keys(document.waves[0] ?? {}).toSorted()).toEqual(['endedAt', 'name', 'nodes', 'outcomes', 'reasons', 'startedAt', 'verdict']);
    expect(Object.keys(document.aws).toSorted()).toEqual(['calls', 'commands', 'costUsd', 'lambdaInvocations', 'stateTransitions']);
    expect(Object.keys(document.exposure ?? {})).toEqual(expect.arrayContaining(['before', 'after', 'closed', 'timeToPatch', 'deadlines']));
    expect(document.wallMs).toBeGreaterThan(0);
    expect(good.stderr).toContain('PLAN');
    expect(good.stderr).toContain('DONE');
  });

  it('prints for people without --json, in plain lines where there is no terminal', () => {
    expect(bad.stdout).toContain('STOPPED');
    expect(bad.stdout).toContain('nginx.service did not come back');
    // oxlint-disable-next-line no-control-regex
    expect(bad.stdout).not.toMatch(/\u001b\[/);
    expect(bad.stderr).toBe('');
  });

  it('leaves a report of one file, and the run for why and notices', async () => {
    const report = readFileSync(join(folder, 'bad', 'report.html'), 'utf8');
    expect(report).toMatch(/^<!doctype html>/i);
    expect(report).not.toMatch(/(src|href)="https?:/);
    const [why, told] = await Promise.all([command('why', 'web-t1', '--out', join(folder, 'bad')), command('notices', '--out', join(folder, 'bad'))]);
    expect(why).toMatchObject({ status: 0, stdout: expect.stringContaining('web-t1') });
    expect(told).toMatchObject({ status: 0, stdout: expect.stringContaining('[Wavelock] FAILED at test') });
    expect((await command('why', 'web-t99', '--out', join(folder, 'bad'))).status).toBe(2);
  });
});

describe('bad input', () => {
  it('is status 2 with every problem on standard error, and starts nothing', async () => {
    const out = join(folder, 'never');
    const { status, stdout, stderr } = await command(
      'run',
      '--json',
      '--fleet',
      join(folder, 'no.yaml'),
      '--policy',
      join(folder, 'no-policy.yaml'),
      '--out',
      out,
    );
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('no.yaml');
    expect(stderr).toContain('no-policy.yaml');
    expect(existsSync(out)).toBe(false);
  });
});
