import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { createView } from '../../cli/ui/terminal.ts';
import { COUNTS } from '../core/exposures-past.ts';
import { fakePlan } from './ui-plan.ts';
import { fakeRun } from './ui-run.ts';
import { fakeStream, screen } from './ui-screen.ts';
import { faster, silent } from './ui-surprises.ts';
import type { FakeRun } from './ui-run.ts';
import type { ViewOptions } from '../../cli/ui/terminal.ts';

type Options = Partial<Omit<ViewOptions, 'stream'>> & { columns?: number };

/** What stands there after a run was shown. */
async function shown(run: FakeRun, { columns, ...options }: Options = {}): Promise<{ raw: string; lines: string[] }> {
  const { stream, text } = fakeStream(columns);
  const view = createView({ stream, tty: false, color: false, ...options });
  view.synth({ state: 'start' });
  view.synth({ state: 'done', milliseconds: 2_100 });
  for (const message of run.messages) view.show(message);
  await view.close();
  return { raw: text(), lines: screen(text()) };
}

function lineWith(lines: string[], text: string): string {
  return lines.find((line) => line.includes(text)) ?? '';
}

describe('a run on a pipe', () => {
  it('fits into 100 columns and 45 lines, and needs no colour', async () => {
    const { raw, lines } = await shown(fakeRun('succeeded'));
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(46);
    expect(raw).not.toContain('\u001b');
  });

  it('says which policy of several it is about, and at the end what the others did', async () => {
    const run = fakeRun('succeeded');
    const theirs = { document: 'Wavelock-Patch-Linux', wave: '', rollout: 'weekly-win-20261212-aaaaaa', nodes: 3 };
    run.ended.document.others = [
      { policy: 'weekly-win', rollouts: ['weekly-win-20261212-aaaaaa'] },
      { policy: 'yearly', rollouts: [] },
    ];
    run.ended.document.aws.commands.push(theirs);
    const { lines } = await shown(run, { policy: 'linux-monthly', others: ['weekly-win', 'yearly'] });
    const text = lines.join(' ').replaceAll(/ +/g, ' ');
    expect(text).toContain('This run is about linux-monthly, the first policy of its file; weekly-win, yearly run beside it');
    expect(text).toContain(
      'beside weekly-win, of the same file, has sent 1 command in this time, which are not shown here: weekly-win-20261212-aaaaaa',
    );
    expect(text).toContain('beside yearly, of the same file, has planned nothing in this time');
  });

  it('says at once and at the end which feeds could not be read, and at once for which the folder has nothing', async () => {
    const run = fakeRun('succeeded');
    const unread = [
      { feed: 'amazon-linux-2023', why: 'updateinfo.xml.gz is not well-formed', absent: false },
      { feed: 'epss', why: 'https://epss.example answers 404', absent: true },
    ];
    run.messages = run.messages.map((message) => (message.type === 'feeds' ? { ...message, unread } : message));
    run.ended.document.advisories.unread = unread;
    const { lines } = await shown(run);
    const broken = '! Amazon Linux 2023 (amazon-linux-2023) could not be read, its advisories are missing: updateinfo.xml.gz is not well-formed';
    expect(lines.join(' ').replaceAll(/ +/g, ' ').split(broken)).toHaveLength(3);
    expect(lines.filter((line) => line.includes('the folder has nothing for epss'))).toHaveLength(1);
  });

  it('says first what it is and that nothing leaves the machine', async () => {
    const { lines } = await shown(fakeRun('succeeded'));
    expect(lines[0]).toContain('the CloudFormation template that `cdk deploy` ships, run in virtual time');
    expect(lines[1]).toContain('No AWS account, no credentials, nothing leaves this machine.');
    expect(lineWith(lines, '  synth')).toMatch(/WavelockHub\.template\.json {2}sha256 3f9c\.\.e1 {2}96 resources, 4 locations +2\.1 s$/);
  });

  it('shows the plan before the run: windows, what is left out and why, what is promoted, the worst case', async () => {
    const { lines } = await shown(fakeRun('succeeded'));
    const plan = lines.findIndex((line) => line.startsWith('  PLAN'));
    expect(plan).toBeGreaterThan(0);
    expect(lines.findIndex((line) => line.startsWith('  RUN'))).toBeGreaterThan(plan);
    expect(lineWith(lines, '  canary  ')).toMatch(/4 +4 +4 {2}Sat 12 Dec 01:00-07:00 +45 min of 6 h$/);
    expect(lines).toContain('  left out  db-04: not tagged Wavelock=enabled: IAM lets nothing be sent to it');
    expect(lines).toContain('            kernel* on some nodes: certified kernel (dba@example.com, until 2027-03-31)');
    expect(lineWith(lines, 'promotes')).toContain('24 exact versions, 6 dependencies, 3 KBs on 4 platforms, after proof on 2 test nodes');
    expect(lineWith(lines, 'at worst')).toContain('5 of 42 (production) fail before it stops');
  });

  it('says when a wave does not fit into its window', async () => {
    const { lines } = await shown(fakeRun('succeeded'));
    expect(lineWith(lines, '! production')).toContain('does not fit into one window');
    expect(lines.join('\n')).not.toContain('! test');
  });

  it('names platforms that the first wave cannot prove', async () => {
    const plan = fakePlan([3, 4, 42]);
    const { lines } = await shown(fakeRun('succeeded', plan));
    expect(lineWith(lines, '! windows-2022-x86_64')).toContain('has no test node: nothing can be proven for 11 nodes');
    expect(lineWith(lines, '! rhel-9-x86_64')).toContain('has 1 test node of 2 needed');
  });

  it('names hooks and the closing scan, and a platform whose archive cannot be held where it is', async () => {
    const plan = fakePlan();
    plan.policy.hooks = { before: { document: 'Corp-Drain', version: '7' }, after: { document: 'Corp-Failback', version: '3' }, within: 1_800 };
    plan.policy.awsCompliance = 'scan';
    const quiet = await shown(fakeRun('succeeded', plan));
    expect(lineWith(quiet.lines, 'runs too')).toBe('  runs too  Corp-Drain:7 before, Corp-Failback:3 after, AWS-RunPatchBaseline Scan at the end');
    expect(quiet.lines.join('\n')).not.toContain('snapshots');
    for (const section of plan.candidate) delete section.snapshot;
    expect(lineWith((await shown(fakeRun('succeeded', plan))).lines, '! ubuntu-24.04')).toContain('its repositories have no snapshots');
  });

  it('has a line with the counts and a line with the verdict for each wave, notes under theirs', async () => {
    const { lines } = await shown(fakeRun('succeeded'));
    const production = lines.findIndex((line) => line.startsWith('  production  █'));
    expect(lines[production]).toMatch(/█{20} {2}42\/42 {2}patched 40, already-proven 1, unreachable 1$/);
    expect(lines[production + 1]?.trim()).toBe('Sun 13 Dec 01:00-03:58');
    expect(lines[production + 2]).toBe('    ! an EventBridge event got lost (batch p2-0-1): reconciled after 5 min, nothing was sent twice');
    expect(lines[production + 3]).toMatch(/^ {4}failed 0 of 0, unreachable 1 of 2 allowed +Sun 13 Dec 03:58 +PASS$/);
    expect(lineWith(lines, 'soak 24 h')).toMatch(/judged again: failed 0 of 0, unreachable 0 of 0 allowed +Thu 10 Dec 22:34 +PASS$/);
  });

  it('keeps a space between the bar and counts of hundreds', async () => {
    const { lines } = await shown(fakeRun('succeeded', fakePlan([12, 40, 440])));
    expect(lineWith(lines, '440/440')).toMatch(/^ {2}production {2}█{20} {2}440\/440 {2}patched/);
    expect(lineWith(lines, '12/12')).toMatch(/^ {2}test +█{20} {4}12\/12 {2}patched/);
  });

  it('knows when a wave was in work that was over before anybody looked', async () => {
    const run = fakeRun('succeeded');
    const opens = Date.parse('2026-12-09T21:00:00Z');
    run.messages = run.messages
      .filter((message) => message.type !== 'wave' || message.state === 'ended')
      .map((message) =>
        message.type === 'wave' && message.wave === 'test' ? { ...message, work: { from: opens, to: opens + 34 * 60_000 } } : message,
      );
    expect(lineWith((await shown(run)).lines, '  test        █')).toMatch(/patched 12 +Wed 9 Dec 22:00-22:34$/);
  });

  it('ends with proof, exposure, safety, cost and what was told', async () => {
    const { lines } = await shown(fakeRun('succeeded'));
    expect(lineWith(lines, '  DONE')).toBe('  DONE   3 d 19 h of virtual time in 11.4 s');
    expect(lineWith(lines, '  proof')).toContain('27 of 27 items on canary and production proven on 2 test nodes first; anything else: 0');
    expect(lineWith(lines, '  open     ')).toContain('what the policy wants: 55 nodes before, 1 after: db-42');
    // Exposures were not reckoned in this run.
    expect(lines.filter((line) => line.startsWith('  exposed  '))).toEqual([]);
    expect(lineWith(lines, '  safety')).toContain('test 12 of 12, canary 4 of 4, production 4 of 4; starts outside a window 0');
    expect(lineWith(lines, '  cost')).toContain('0.005 USD');
    expect(lineWith(lines, '  told')).toContain('1 e-mail, 1 Slack message');
  });

  it('says of whom nobody knows, and what the fleet is exposed to by whatever the policy does not want', async () => {
    const run = silent();
    const counts = { ...COUNTS, nodes: 61, exposed: 33, unknown: 2 };
    run.ended.extra.history = { before: { ...counts, exposed: 60 }, after: counts, line: [], times: [], deadlines: [], cves: [], otherwise: 0 };
    const { lines } = await shown(run);
    expect(lineWith(lines, '  open     ')).toContain('54 nodes before, 0 after; of 1 node nobody knows: db-42');
    expect(lineWith(lines, '  exposed  ')).toContain('to any advisory: 60 nodes of the fleet before, 33 after; of 2 nobody knows');
  });

  it('names the nodes on which something else has installed what nobody has proven', async () => {
    const { lines } = await shown(faster());
    const text = lines.join(' ').replaceAll(/ +/g, ' ');
    expect(text).toContain('anything else: 0; not by Wavelock: newer on 1 node');
    expect(text).toMatch(/! \S+ runs what nobody has proven: find out what updated it/);
  });

  it('names what was not proven', async () => {
    const run = fakeRun('succeeded');
    const result = run.ended.result;
    result?.proof.unproven.push('rhel-9-x86_64 openssl x86_64 3.0.9-1');
    const { lines } = await shown(run);
    expect(lineWith(lines, '  proof')).toContain('anything else: 1');
    expect(lineWith(lines, '! not proven')).toContain('rhel-9-x86_64 openssl x86_64 3.0.9-1');
  });
});

describe('a run that does not succeed', () => {
  it('stops with the reasons and says that no command went to the later waves', async () => {
    const { lines } = await shown(fakeRun('failed'), { scenario: 'bad-patch' });
    expect(lines).toContain('Something goes wrong on purpose: --scenario bad-patch');
    expect(lineWith(lines, '3 of 12 nodes failed, 0 allowed')).toMatch(/FAIL$/);
    expect(lines).toContain('    web-t01, app-t02, db-t03: nginx did not come back after openssl-3.0.8-1.amzn2023.0.5');
    expect(lines).toContain('  canary      not run   no command was sent to any of its 4 nodes');
    expect(lines).toContain('  production  not run   no command was sent to any of its 42 nodes');
    expect(lineWith(lines, '  STOPPED')).toContain('exit status 1');
    expect(lineWith(lines, '  Look')).toContain('npx wavelock why web-t01');
  });

  it('says why it ended where no wave has said it', async () => {
    const run = fakeRun('failed');
    run.ended.extra.reason = 'aborted by arn:aws:iam::111111111111:role/Ops: wrong month';
    expect((await shown(run)).lines).toContain('    aborted by arn:aws:iam::111111111111:role/Ops: wrong month');
    run.ended.extra.reason = 'wave test: 3 of 12 nodes failed, 0 allowed';
    expect((await shown(run)).lines).not.toContain('    wave test: 3 of 12 nodes failed, 0 allowed');
  });

  it('claims proof only for waves that were run', async () => {
    const run = fakeRun('succeeded');
    const last = run.ended.document.waves.at(-1);
    if (last) last.verdict = 'not-run';
    expect(lineWith((await shown(run)).lines, '  proof')).toContain('27 of 27 items on canary proven on 2 test nodes first');
  });

  it('does not promise that no command was sent where one was', async () => {
    const run = fakeRun('failed');
    run.ended.document.aws.commands.push({ document: 'Wavelock-Verify-Linux', wave: 'canary', nodes: 4 });
    const { lines } = await shown(run);
    expect(lineWith(lines, '  canary      not run')).not.toContain('no command was sent');
    expect(lineWith(lines, '  production  not run')).toContain('no command was sent');
  });

  it('is held when it cannot tell', async () => {
    const { lines } = await shown(fakeRun('held'));
    expect(lineWith(lines, '2 of 12 nodes ended without telling how')).toMatch(/HELD$/);
    expect(lines.find((line) => line.startsWith('  HELD'))).toContain('exit status 3');
  });

  it('says that a broken world is no verdict', async () => {
    const { stream, text } = fakeStream();
    const view = createView({ stream, tty: false, color: false });
    view.show({ type: 'broken', message: 'SendCommand is not implemented' });
    await view.close();
    expect(text()).toContain('ERROR');
    expect(text().replaceAll(/\s+/g, ' ')).toContain('this is no verdict on any patch. SendCommand is not implemented');
  });

  it('keeps the lines of what is wrong with a file', async () => {
    const { stream, text } = fakeStream();
    const view = createView({ stream, tty: false, color: false });
    view.fail('policy.yaml has 1 problem\n  4:3  unknown key');
    await view.close();
    expect(text()).toContain('\n  policy.yaml has 1 problem\n    4:3  unknown key\n');
  });
});

describe('a run on a terminal', () => {
  it('leaves the same on the screen as on a pipe', async () => {
    const columns = process.stdout.columns;
    process.stdout.columns = 102;
    try {
      const [live, plain] = [await shown(fakeRun('succeeded'), { tty: true, columns: 102 }), await shown(fakeRun('succeeded'))];
      // A terminal has places for feeds and fleet, a pipe takes them as they come.
      expect(live.lines.toSorted()).toEqual(plain.lines.toSorted());
      const [liveRest, plainRest] = [live.lines, plain.lines].map((lines) => lines.slice(lines.findIndex((line) => line.startsWith('  scan'))));
      expect(liveRest).toEqual(plainRest);
    } finally {
      process.stdout.columns = columns;
    }
  });

  it('shows while it runs what a wave waits for', async () => {
    const run = fakeRun('succeeded');
    const { stream, text } = fakeStream();
    const view = createView({ stream, tty: true, color: false });
    for (const message of run.messages.slice(0, 6)) view.show(message);
    await view.close();
    const lines = screen(text());
    expect(lineWith(lines, 'waits for its window')).toMatch(/^ {2}test +░{10} {3}0\/12 {2}waits for its window/);
    expect(lineWith(lines, '  production  42 nodes')).not.toBe('');
  });

  it('never draws a full bar before the last node is done', async () => {
    const run = fakeRun('succeeded');
    const { stream, text } = fakeStream();
    const view = createView({ stream, tty: true, color: false });
    for (const message of run.messages.slice(0, 5)) view.show(message);
    view.show({
      type: 'wave',
      wave: 'production',
      at: run.ended.extra.endedAt,
      state: 'running',
      total: 1_000,
      outcomes: { patched: 999 },
    });
    await view.close();
    expect(lineWith(screen(text()), '999/1,000')).toContain(`${'█'.repeat(9)}░ 999`);
  });

  it('fits a terminal of 80 columns', async () => {
    const { lines } = await shown(fakeRun('failed'), { tty: true, columns: 80 });
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lineWith(lines, 'patched 9, failed 3')).not.toBe('');
  });

  it('of 80 columns has the time beside the bar, and no command that is broken in two', async () => {
    const { lines } = await shown(fakeRun('succeeded'), { tty: true, columns: 80 });
    expect(lineWith(lines, '  test        █')).toMatch(/^ {2}test +█{10} {2}12\/12 {2}patched 12 +Wed 9 Dec 22:00-22:34$/);
    const offered = lines.slice(lines.findIndex((line) => line.startsWith('  Break it')));
    expect(offered).toEqual(
      expect.arrayContaining([
        '  Break it  npm start -- --scenario bad-patch',
        '              stops at test, production untouched, exit status 1',
        '            npm start -- --fleet fleet.yaml --policy wavelock.yaml',
      ]),
    );
  });
});

describe('colour', () => {
  it('only repeats what the words say', async () => {
    // Whoever runs the tests may want none.
    vi.stubEnv('NO_COLOR', '');
    const [coloured, plain] = [await shown(fakeRun('failed'), { color: true }), await shown(fakeRun('failed'))];
    vi.unstubAllEnvs();
    expect(coloured.raw).toContain('\u001b[31mFAIL');
    expect(coloured.lines).toEqual(plain.lines);
  });

  it('is off with NO_COLOR', async () => {
    vi.stubEnv('NO_COLOR', '1');
    try {
      expect((await shown(fakeRun('failed'), { color: true })).raw).not.toContain('\u001b');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('what comes from outside', () => {
  it('cannot drive the terminal', async () => {
    const run = fakeRun('failed');
    const [node] = run.ended.result?.nodes ?? [];
    if (!node) throw new Error('the run has nodes');
    node.name = 'web\u001b[2J\u202egnp';
    run.messages.splice(-1, 0, {
      type: 'note',
      at: run.ended.extra.endedAt,
      wave: 'test',
      text: 'bell \u0007 and\nnewline \u001b]0;title\u0007',
    });
    const { raw, lines } = await shown(run);
    for (const character of ['\u001b', '\u0007', '\u202e']) expect(raw).not.toContain(character);
    expect(lineWith(lines, '! bell')).toContain('and newline');
  });

  it('is quoted in a command to copy', async () => {
    const run = fakeRun('failed');
    const [node] = run.ended.result?.nodes ?? [];
    if (!node) throw new Error('the run has nodes');
    node.name = "x'; rm -rf ~ #";
    const { lines } = await shown(run);
    expect(lineWith(lines, '  Look')).toContain(`npx wavelock why 'x'\\''; rm -rf ~ #'`);
  });
});

describe('messages', () => {
  it('about waves before any plan are refused', async () => {
    const { stream } = fakeStream();
    const view = createView({ stream, tty: false, color: false });
    view.show({ type: 'wave', wave: 'test', at: 0, state: 'running', total: 1, outcomes: {} });
    await expect(view.close()).rejects.toThrow('before the plan');
  });

  it('that come as notes before the plan stand above the waves', async () => {
    const run = fakeRun('succeeded');
    run.messages.splice(4, 0, { type: 'note', at: 0, wave: '', text: 'the feed of kev was empty' });
    const { lines } = await shown(run);
    const title = lines.findIndex((line) => line.startsWith('  RUN'));
    expect(lines[title + 1]).toBe('    ! the feed of kev was empty');
  });
});

it('offers only commands and scenarios that exist', async () => {
  const { raw } = await shown(fakeRun('succeeded'));
  const main = readFileSync(new URL('../../cli/main.ts', import.meta.url), 'utf8');
  for (const [, command] of raw.matchAll(/npx wavelock (\w+)/g)) expect(main).toContain(`.command('${command}`);
  const scenarios = [...raw.matchAll(/--scenario ([a-z-]+(?: \| [a-z-]+)*)/g)].flatMap(([, names = '']) => names.split(' | '));
  expect(scenarios).toHaveLength(6);
  for (const scenario of scenarios) expect(main).toContain(scenario);
  for (const [, option] of raw.matchAll(/ (--[a-z]+) [A-Z]+/g)) expect(main).toContain(`'${option} <`);
});
