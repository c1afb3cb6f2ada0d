import { describe, expect, it } from 'vitest';
import { createView } from '../../cli/ui/terminal.ts';
import { fakeRun } from './ui-run.ts';
import { fakeStream, screen } from './ui-screen.ts';
import type { FakeRun } from './ui-run.ts';

const BEGUN = Date.UTC(2026, 11, 21, 14, 6);
const MINUTE = 60_000;
const LISTED = 'CISA lists CVE-2026-31337 (openssl) as exploited in the wild';
const STORY: { at: number; text: string }[] = [
  { at: BEGUN, text: LISTED },
  { at: BEGUN + 24 * MINUTE, text: 'ticket oi-0123456789ab is opened' },
  { at: BEGUN + 25 * MINUTE, text: 'plan is ready: operations and security hear the same message at once, and are asked' },
  { at: BEGUN + 65 * MINUTE, text: 'ana@example.com approves: "plan read\u001b[31m"' },
  { at: BEGUN + 192 * MINUTE, text: `no node is exposed any more: ticket oi-0123456789ab is resolved, and ${'everybody '.repeat(20)}hears it` },
];

/** A run that an advisory has started: two moments before the plan, the others after. */
function story(resolvedAt = '2026-12-21T17:18:00.000Z'): FakeRun {
  const run = fakeRun('succeeded');
  const plan = run.messages.findIndex(({ type }) => type === 'plan');
  const moments = STORY.map((moment) => ({ type: 'moment' as const, ...moment }));
  run.messages.splice(plan, 0, ...moments.slice(0, 2));
  run.messages.splice(plan + 3, 0, ...moments.slice(2));
  run.ended.document.timeline = STORY.map(({ at, text }) => ({ at: new Date(at).toISOString(), what: text }));
  run.ended.document.tickets = [{ subject: 'CVE-2026-31337', item: 'oi-0123456789ab', openedAt: '2026-12-21T14:30:00.000Z', resolvedAt }];
  return run;
}

async function shown(run: FakeRun): Promise<string[]> {
  const { stream, text } = fakeStream();
  const view = createView({ stream, tty: false, color: false });
  for (const message of run.messages) view.show(message);
  await view.close();
  expect(text()).not.toContain('\u001b');
  return screen(text());
}

describe('a run that an advisory has started', () => {
  it('tells what led to the plan as it happens, and waves from then on', async () => {
    const lines = await shown(story());
    const [title, plan] = [lines.findIndex((line) => line.startsWith('  STORY')), lines.findIndex((line) => line.startsWith('  PLAN'))];
    expect(lines[title + 1]).toBe(`  Mon 21 Dec 14:06  ${LISTED}`);
    expect(lines[title + 2]).toBe('  Mon 21 Dec 14:30  ticket oi-0123456789ab is opened');
    expect(plan).toBeGreaterThan(title);
    expect(lines.slice(plan).filter((line) => line.includes('is ready: operations'))).toHaveLength(1);
  });

  it('tells all of it at the end, each step with the time since the first, within the width', async () => {
    const lines = await shown(story());
    const timeline = lines.slice(lines.findIndex((line) => line.startsWith('  TIMELINE')));
    expect(timeline[1]).toMatch(/^ {2}Mon 21 Dec 14:06 +\+0 /);
    expect(timeline.find((line) => line.includes('ana@example.com approves'))).toMatch(/^ {2}Mon 21 Dec 15:11 +\+1 h 05 /);
    expect(timeline.find((line) => line.includes('from the first word to the last node'))).toContain('3 h 12; every ticket is resolved');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });

  it('does not say that a ticket is resolved that is not', async () => {
    const lines = await shown(story(''));
    expect(lines.find((line) => line.includes('from the first word'))).toContain('open: oi-0123456789ab (CVE-2026-31337)');
  });

  it('is the only one with a story', async () => {
    const lines = await shown(fakeRun('succeeded'));
    expect(lines.filter((line) => /STORY|TIMELINE/.test(line))).toEqual([]);
  });
});
