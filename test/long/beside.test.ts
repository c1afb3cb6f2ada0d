import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readInput } from '../../cli/run/input.ts';
import { synthesise } from '../../cli/run/synth.ts';
import { openScene } from '../scenarios/stage.ts';
import type { Scene, Told } from '../scenarios/stage.ts';

const FEED = 'amazon-linux-2023.xml';
const POLICY = `version: 1
mode: auto
people: { ops: { email: [ops@example.com] }, desk: { email: [desk@example.com] } }
policies:
  first:
    nodes: { tags: { Wavelock: enabled } }
    plan: { every: day, at: "09:00", timezone: UTC }
    patches: { kinds: [security] }
    waves:
      - { name: one, nodes: { atMost: 1 }, soak: 6h, promoteWhen: { provenOn: 1 } }
      - { name: rest, nodes: everything-else }
    tell: { ops: everything }
  second:
    nodes: { tags: { Wavelock: enabled } }
    plan: { every: day, at: "10:00", timezone: UTC }
    patches: { kinds: [security] }
    waves: [ { name: rest, nodes: everything-else } ]
    tell: { desk: [done, failed] }
`;

const folder = mkdtempSync(join(tmpdir(), 'wavelock-beside-'));
let scene: Scene;
let told: Told;

beforeAll(async () => {
  const [policy, feeds, assembly] = ['policy.yaml', 'feeds', 'assembly'].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(policy, POLICY);
  cpSync('demo/feeds', feeds, { recursive: true });
  writeFileSync(join(feeds, FEED), readFileSync(join('demo/feeds', FEED)).subarray(0, 4_000));
  rmSync(join(feeds, 'epss.csv'));
  const only = 'web-t1,web-a1,web-b1';
  const input = readInput({ fleet: 'demo/fleet.yaml', policy, feeds, only, at: '2026-12-01', seed: '1', out: 'out' });
  await synthesise({ locations: input.fleet.locations, policy, directory: assembly });
  const { fleet, plannedFor, start, seed } = input;
  scene = await openScene({ assembly, fleet, people: input.policyFile.people, policy: 'first', others: ['second'], plannedFor, start, feeds, seed });
  told = await scene.run();
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true });
});

describe('a policy that another of its file runs beside', () => {
  it('names the other, its rollouts, and everything that it sent and told', () => {
    const { others = [], aws, notices, policy, rollout } = told.document;
    expect(policy).toBe('first');
    expect(others.map((one) => one.policy)).toEqual(['second']);
    const [theirs] = others[0]?.rollouts ?? [];
    expect(theirs).toMatch(/^second-20261201-/);
    const patches = aws.commands.filter(({ document }) => document.includes('-Patch-'));
    expect(new Set(patches.map((command) => `${command.wave} ${command.rollout ?? rollout}`))).toEqual(
      new Set([`one ${rollout}`, `rest ${rollout}`, ` ${theirs}`]),
    );
    expect(notices.filter(({ audience }) => audience === 'desk').map((notice) => notice.rollout)).toEqual([theirs]);
    expect(new Set(notices.filter(({ audience }) => audience === 'ops').map((notice) => notice.rollout))).toEqual(new Set([undefined]));
  });
});

describe('a feed that is cut off', () => {
  it('is told with why, at once and in the document, and so is one that the folder does not have', () => {
    const { unread } = told.document.advisories;
    expect(unread.filter(({ absent }) => !absent)).toEqual([
      { feed: 'amazon-linux-2023', why: expect.stringContaining('is not well-formed') as string, absent: false },
    ]);
    expect(unread.find(({ feed }) => feed === 'epss')).toMatchObject({ absent: true });
    expect(scene.messages.find(({ type }) => type === 'feeds')).toMatchObject({ unread });
  });
});
