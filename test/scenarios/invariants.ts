/** What must hold after every run, whatever went wrong in it. */
import { expect } from 'vitest';
import { NEEDED } from './notices.ts';
import { changesOf, commandsSent, readable, reservations, snapshot } from './truth.ts';
import { found } from './stage.ts';
import type { RunDocument } from '../../cli/run/messages.ts';
import type { Plan } from '../../lambdas/core/plan.ts';
import type { Scene, Told } from './stage.ts';
import type { Sent } from './truth.ts';

/** Which machines somebody else changes in this scenario, by name: what they hold is not Wavelock's doing. */
export async function checkInvariants(scene: Scene, told: Told, changedByOthers: string[] = []): Promise<void> {
  const plan = found(told.extra.plan, 'plan');
  const sent = await commandsSent(scene.cloud, told.document.rollout);
  expectEveryNodeOnce(told.document, plan);
  expectOrder(told.document, sent, plan);
  expectLimits(told, sent, plan);
  expectNotices(told.document);
  expectProven(scene, told.document, plan, changedByOthers);
  expect(scene.cloud.deniedCalls()).toEqual([]);
  expect(told.result?.proof.unproven).toEqual([]);
  // A held rollout keeps nothing reserved either: its batches have settled.
  expect(await reservations(scene.cloud, scene.record)).toEqual([]);
  // The path of the webhook is the secret: whoever knows it can post.
  expect(await readable(scene.cloud)).not.toMatch(/services\/T000|hooks\.slack\.com/);
}

function expectEveryNodeOnce({ nodes, waves }: RunDocument, plan: Plan): void {
  const planned = plan.waves.flatMap((wave) => wave.nodes.map(({ id }) => `${wave.name} ${id}`));
  expect(nodes.map(({ wave, id }) => `${wave} ${id}`).toSorted()).toEqual(planned.toSorted());
  expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
  for (const wave of waves) {
    const counts: Record<string, number> = {};
    for (const { outcome } of nodes.filter((node) => node.wave === wave.name)) counts[outcome] = (counts[outcome] ?? 0) + 1;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    expect({ wave: wave.name, nodes: wave.nodes, outcomes: wave.outcomes }).toEqual({ wave: wave.name, nodes: total, outcomes: counts });
  }
}

/** A wave gets its first command only after the one before has passed. */
function expectOrder({ waves }: RunDocument, sent: Sent[], plan: Plan): void {
  expect(waves.map(({ name }) => name)).toEqual(plan.waves.map(({ name }) => name));
  waves.forEach((wave, index) => {
    const first = sent.find((command) => command.wave === wave.name);
    const before = waves[index - 1];
    if (!first || !before) return;
    expect(before).toMatchObject({ name: before.name, verdict: 'pass' });
    expect(first.at).toBeGreaterThanOrEqual(Date.parse(before.endedAt));
  });
}

/** Nodes at once as the run tells it, and starts by Systems Manager's own clock against the windows as a calendar on the wall has them. */
function expectLimits({ extra, document }: Told, sent: Sent[], plan: Plan): void {
  expect(extra.inWork.filter(({ most, allowed }) => most > allowed)).toEqual([]);
  expect(extra.outsideWindow).toBe(0);
  const patches = sent.filter(({ document: name }) => name.includes('-Patch-'));
  const allowed = new Map(extra.inWork.map((wave) => [wave.wave, wave.allowed]));
  expect(patches.filter(({ wave, nodes }) => nodes.length > (allowed.get(wave) ?? 0))).toEqual([]);
  const anyTime = new Set(plan.policy.waves.filter(({ window }) => window === undefined).map(({ name }) => name));
  expect(patches.filter(({ wave, at }) => !anyTime.has(wave) && !isOpen(wave, at))).toEqual([]);
  expect(document.aws.commands).toHaveLength(sent.length);
}

const BERLIN = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Berlin',
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** The windows of demo/policy.yaml, written a second time. */
function isOpen(wave: string, at: number): boolean {
  const parts = new Map(BERLIN.formatToParts(at).map(({ type, value }) => [type, value]));
  const minutes = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
  const day = parts.get('weekday') ?? '';
  if (wave === 'test') return minutes >= 22 * 60 ? !['Sat', 'Sun'].includes(day) : minutes <= 2 * 60 && !['Sun', 'Mon'].includes(day);
  return day === (wave === 'canary' ? 'Sat' : 'Sun') && minutes >= 60 && minutes <= 6 * 60;
}

/** Every message names what it is about, says whether production is affected where something stopped, and what is needed. */
function expectNotices({ notices, rollout, policy }: RunDocument): void {
  for (const { channel, event, wave, subject, body } of notices) {
    expect(body).toContain(policy);
    expect(body).toMatch(NEEDED);
    if (event === 'failed' || event === 'held' || event === 'passed') expect(body).toContain(`wave "${wave}"`);
    if (event === 'failed' || event === 'held') expect(body).toMatch(/Production was not touched|Production is affected: \d+ of \d+ nodes/);
    if (channel !== 'email') continue;
    expect(subject).toMatch(/^\[Wavelock\] [\x20-\x7e]{1,80}$/);
    expect(body).toContain(`Rollout: ${rollout}`);
  }
}

/** On the machines themselves: nothing new stands on a node after the first wave that two nodes of its platform in the first don't hold. */
function expectProven(scene: Scene, { nodes, waves }: RunDocument, plan: Plan, changedByOthers: string[]): void {
  const after = snapshot(scene.cloud);
  const names = new Map(plan.waves.flatMap((wave) => wave.nodes.map(({ id, name }) => [id, name])));
  const test = nodes.filter(({ wave }) => wave === waves[0]?.name);
  const holders = (platform: string, name: string, version: string): number =>
    test.filter((node) => node.platform === platform && after.get(node.id)?.get(name) === version).length;
  const later = nodes.filter(({ id, wave }) => wave !== waves[0]?.name && !changedByOthers.includes(names.get(id) ?? ''));
  const unproven = later.flatMap(({ id, platform }) => {
    const changes = changesOf(id, scene.before, after).filter(([name, version]) => holders(platform, name, version) < 2);
    return changes.map((change) => `${names.get(id)}: ${change.join(' ')}`);
  });
  expect(unproven).toEqual([]);
}
