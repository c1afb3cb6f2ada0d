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
export async function expectInvariants(scene: Scene, told: Told, changedByOthers: string[] = []): Promise<void> {
  const plan = found(told.extra.plan, 'plan');
  const sent = await commandsSent(scene.cloud, told.document.rollout);
  expectEveryNodeOnce(told.document, plan);
  expectOrder(told.document, sent, plan);
  expectLimits(told, sent);
  expectNotices(told.document);
  expectProven(scene, told.document, plan, changedByOthers);
  expect(scene.cloud.deniedCalls(), 'calls that IAM refused').toEqual([]);
  expect(told.result?.proof.unproven, 'unproven items').toEqual([]);
  // A held rollout keeps nothing reserved either: its batches have settled.
  expect(await reservations(scene.cloud, scene.record), 'reservations').toEqual([]);
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
    expect(wave.outcomes, wave.name).toEqual(counts);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0), wave.name).toBe(wave.nodes);
  }
}

/** A wave gets its first command only after the one before has passed. */
function expectOrder({ waves }: RunDocument, sent: Sent[], plan: Plan): void {
  expect(waves.map(({ name }) => name)).toEqual(plan.waves.map(({ name }) => name));
  waves.forEach((wave, index) => {
    const first = sent.find((command) => command.wave === wave.name);
    const before = waves[index - 1];
    if (!first || !before) return;
    expect(before.verdict, `${before.name}, before ${wave.name}`).toBe('pass');
    expect(first.at, wave.name).toBeGreaterThanOrEqual(Date.parse(before.endedAt));
  });
}

/** Nodes at once as the run tells it, and starts by Systems Manager's own clock against the windows as a calendar on the wall has them. */
function expectLimits({ extra, document }: Told, sent: Sent[]): void {
  for (const { wave, most, allowed } of extra.inWork) expect(most, `nodes at once in ${wave}`).toBeLessThanOrEqual(allowed);
  expect(extra.outsideWindow, 'starts outside a window').toBe(0);
  for (const command of sent.filter(({ document: name }) => name.includes('-Patch-'))) {
    const allowed = extra.inWork.find(({ wave }) => wave === command.wave)?.allowed ?? 0;
    expect(command.nodes.length, `nodes of one command in ${command.wave}`).toBeLessThanOrEqual(allowed);
    expect(isOpen(command.wave, command.at), `${command.wave} at ${new Date(command.at).toISOString()}`).toBe(true);
  }
  expect(document.aws.commands).toHaveLength(sent.length);
}

const BERLIN = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

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
    expect(body, subject).toContain(policy);
    expect(body, subject).toMatch(NEEDED);
    if (event === 'failed' || event === 'held' || event === 'passed') expect(body, subject).toContain(`wave "${wave}"`);
    if (event === 'failed' || event === 'held') expect(body, subject).toMatch(/Production was not touched|Production is affected: \d+ of \d+ nodes/);
    if (channel !== 'email') continue;
    expect(subject).toMatch(/^\[Wavelock\] [\x20-\x7e]{1,80}$/);
    expect(body, subject).toContain(`Rollout: ${rollout}`);
  }
}

/** On the machines themselves: nothing new stands on a node after the first wave that two nodes of its platform in the first don't hold. */
function expectProven(scene: Scene, { nodes, waves }: RunDocument, plan: Plan, changedByOthers: string[]): void {
  const after = snapshot(scene.cloud);
  const names = new Map(plan.waves.flatMap((wave) => wave.nodes.map(({ id, name }) => [id, name])));
  const test = nodes.filter(({ wave }) => wave === waves[0]?.name);
  const holders = (platform: string, name: string, version: string): number =>
    test.filter((node) => node.platform === platform && after.get(node.id)?.get(name) === version).length;
  for (const node of nodes) {
    if (node.wave === waves[0]?.name || changedByOthers.includes(names.get(node.id) ?? '')) continue;
    const unproven = changesOf(node.id, scene.before, after).filter(([name, version]) => holders(node.platform, name, version) < 2);
    expect(unproven, `installed on ${names.get(node.id)} without proof`).toEqual([]);
  }
}
