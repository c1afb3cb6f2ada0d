import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { synthesise } from '../../cli/run/synth.ts';
import { checkInvariants } from '../scenarios/invariants.ts';
import { configOf, found, openScene } from '../scenarios/stage.ts';
import { changesOf, commandsSent, snapshot } from '../scenarios/truth.ts';
import type { NoticeDocument } from '../../cli/run/messages.ts';
import type { Input } from '../../local/types.ts';
import type { Scene, Told } from '../scenarios/stage.ts';
import type { Sent } from '../scenarios/truth.ts';

const LISTED = Date.parse('2026-12-21T14:05:00Z');
const CVE = 'CVE-2025-32463';
const HOUR = 3_600_000;

const assembly = mkdtempSync(join(tmpdir(), 'wavelock-zero-day-'));
let scene: Scene;
let told: Told;
let patches: Sent[];
let opsItems: Input[];

/** The mails of one audience, as event and wave, in the order in which they came. */
function mailsTo(audience: string): NoticeDocument[] {
  return told.document.notices.filter((notice) => notice.channel === 'email' && notice.audience === audience);
}

async function momentOf(what: string): Promise<number> {
  const event = (await scene.record.events(told.document.rollout)).find((one) => one.what === what);
  return Date.parse(found(event, what).at);
}

beforeAll(async () => {
  const config = configOf('zero-day');
  await synthesise({
    locations: config.fleet.locations,
    policy: 'demo/zero-day/policy.yaml',
    directory: assembly,
    feedsSchedule: config.scenario?.feedsSchedule,
  });
  scene = await openScene({ ...config, assembly });
  told = await scene.run();
  patches = (await commandsSent(scene.cloud, told.document.rollout)).filter(({ document }) => document.includes('-Patch-'));
  const administrator = scene.cloud.administrator('111111111111', 'eu-central-1');
  opsItems = (await scene.cloud.call(administrator, 'ssm', 'DescribeOpsItems', {})).OpsItemSummaries;
});
afterAll(async () => {
  await scene.close();
  rmSync(assembly, { recursive: true });
});

describe('a vulnerability that is exploited in the wild', () => {
  it('starts its policy within the hour, and nothing before it is listed', async () => {
    const rows = await scene.record.starts('zero-day');
    expect(rows.map(({ advisory, subject, state }) => [advisory, subject, state])).toEqual(
      ['alas ALAS2023-2026-939', 'rhsa RHSA-2026:9978', 'usn USN-8937-1'].map((advisory) => [advisory, CVE, 'closed']),
    );
    for (const { openedAt } of rows) {
      expect(Date.parse(openedAt)).toBeGreaterThan(LISTED);
      expect(Date.parse(openedAt)).toBeLessThan(LISTED + HOUR);
    }
  });

  it("starts one rollout for three vendors' advisories, by the event of the intake that found it", async () => {
    expect((await scene.record.runs('zero-day')).map(({ rollout }) => rollout)).toEqual([told.document.rollout]);
    const executions = scene.cloud.parts.states.executions().filter(({ machine }) => machine.includes('Rollout'));
    expect(executions.map(({ status }) => status)).toEqual(['SUCCEEDED']);
  });

  it('tells security and operations the same at once, reminds both once, and then only of final transitions', () => {
    const events = (audience: string) => mailsTo(audience).map(({ event, wave }) => `${event} ${wave}`.trim());
    expect(events('security')).toEqual(['approval', 'approval', 'passed test', 'passed web', 'done inside', 'closed']);
    expect(mailsTo('operations').map(({ subject, body }) => ({ subject, body }))).toEqual(
      mailsTo('security').map(({ subject, body }) => ({ subject, body })),
    );
    const [asked, reminded] = mailsTo('security');
    expect(asked?.subject).toBe('[Wavelock] ZERO-DAY CVE-2025-32463 sudo: 45 nodes exposed, plan ready, DECIDE');
    expect(asked?.body).toContain('CVE-2025-32463 (sudo) reaches 45 nodes. zero-day has a plan and asks. Nothing was changed yet.');
    expect(asked?.body).toContain('web 15 of 20, db 8 of 9, edge 8 of 8');
    expect(asked?.body).toContain('available for 45 nodes');
    expect(asked?.body).toContain('2 exposed nodes that this policy does not reach: build-1, store-cork-1');
    expect(asked?.body).toContain(`npx wavelock approve ${told.document.rollout} --why "..."`);
    expect(reminded?.subject).toContain('REMINDER');
    expect(reminded?.body).toContain('Nobody has answered for 30 min');
  });

  it('sends no patch before a person has approved it, with her name', async () => {
    const approved = await momentOf('approve');
    expect(approved - (await momentOf('approval'))).toBeGreaterThanOrEqual(40 * 60_000);
    expect(patches.length).toBeGreaterThan(3);
    expect(patches.every(({ at }) => at >= approved)).toBe(true);
    expect((await scene.record.events(told.document.rollout)).find(({ what }) => what === 'approve')?.who).toBe(
      'arn:aws:sts::111111111111:assumed-role/ChangeManager/ana@example.com',
    );
  });

  it('touches no production node before the test nodes have proven the fix and soaked', () => {
    const test = found(told.document.waves[0], 'wave');
    expect(test).toMatchObject({ name: 'test', verdict: 'pass', outcomes: { patched: 6 } });
    const others = patches.filter(({ wave }) => wave !== 'test');
    expect(others.every(({ at }) => at >= Date.parse(test.endedAt))).toBe(true);
    expect(Date.parse(test.endedAt) - Date.parse(test.startedAt)).toBeGreaterThan(HOUR);
  });

  it('installs only what closes it, on exposed nodes only', () => {
    const after = snapshot(scene.cloud);
    const planned = new Set(told.document.nodes.map(({ id }) => id));
    for (const { id } of scene.cloud.fleet.hosts) {
      const changed = changesOf(id, scene.before, after).map(([name]) => name.split(' ')[0]);
      expect(changed).toEqual(planned.has(id) ? ['sudo'] : []);
    }
    expect(planned.size).toBe(45);
    expect(told.document.nodes.flatMap(({ cvesClosed }) => cvesClosed).filter((cve) => cve === CVE)).toHaveLength(45);
  });

  it('has one ticket, resolved when the last node is closed and not before', () => {
    expect(opsItems.map(({ Status, Title }) => [Status, Title])).toEqual([['Resolved', 'CVE-2025-32463 (sudo): 45 nodes exposed']]);
    const [ticket] = told.document.tickets ?? [];
    const last = Math.max(...told.document.nodes.map(({ endedAt }) => Date.parse(endedAt)));
    expect(Date.parse(found(ticket, 'ticket').resolvedAt)).toBeGreaterThanOrEqual(last);
  });

  it('is over within 48 hours of the listing, and says what happened when', () => {
    const timeline = found(told.document.timeline, 'timeline');
    expect(timeline[0]).toEqual({ at: '2026-12-21T14:05:00.000Z', what: 'CISA lists CVE-2025-32463 (sudo) as exploited in the wild' });
    expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).toSorted());
    expect(Date.parse(timeline.at(-1)?.at ?? '') - LISTED).toBeLessThan(48 * HOUR);
    const story = timeline.map(({ what }) => what).join('\n');
    for (const step of [
      'intake finds CVE',
      'ticket oi-',
      'are asked',
      'nobody has answered',
      'ana@example.com approves',
      'wave test begins',
      'wave test has passed',
      'rollout is done',
      'is resolved',
    ]) {
      expect(story).toContain(step);
    }
    expect(told.document.status).toBe('succeeded');
  });

  it('keeps what must hold after every run', () => expect(checkInvariants(scene, told)).resolves.toBeUndefined());
});

describe('the same news again', () => {
  it('starts, tells and opens nothing more', async () => {
    const before = { notices: told.document.notices.length, runs: (await scene.record.runs('zero-day')).length };
    const until = scene.clock.now() + 14 * HOUR;
    scene.clock.at(until, () => undefined);
    await scene.clock.run(() => scene.clock.now() >= until);
    await scene.observer.look();
    const later = await scene.observer.ended();
    expect({ notices: later.document.notices.length, runs: (await scene.record.runs('zero-day')).length }).toEqual(before);
    const administrator = scene.cloud.administrator('111111111111', 'eu-central-1');
    expect((await scene.cloud.call(administrator, 'ssm', 'DescribeOpsItems', {})).OpsItemSummaries).toHaveLength(1);
  });
});
