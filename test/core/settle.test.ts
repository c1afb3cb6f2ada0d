import { describe, expect, it } from 'vitest';
import { DELIVERY_SECONDS, judgeReport, mergeVerify, needsPing, settleInvocation } from '../../lambdas/core/settle.ts';
import { changedItems, provenItems } from '../../lambdas/core/proof.ts';
import { parseReport, REPORT_LIMIT } from '../../lambdas/core/report.ts';
import type { LockItem } from '../../lambdas/core/model.ts';
import type { PatchReport } from '../../lambdas/core/report.ts';

const ITEMS: LockItem[] = [
  { use: 'update', name: 'curl', arch: 'x86_64', version: '8.5.0-1.amzn2023.0.4' },
  { use: 'dependency', name: 'libnew', arch: 'x86_64', version: '1.0-1' },
  { use: 'update', name: 'openssl', arch: 'x86_64', version: '1:3.0.8-1.amzn2023.0.5' },
];

function report(more: Partial<PatchReport> = {}): PatchReport {
  return {
    v: 1,
    do: 'patch',
    batch: 'monthly-test-p1-0-0',
    platform: 'amazon-linux-2023-x86_64',
    phase: 'verify',
    end: 'ok',
    why: '',
    detail: '',
    boot: 'b',
    rebooted: 0,
    pending: '',
    n: 2,
    bad: [],
    down: [],
    from: '',
    ...more,
  };
}

describe('judgeReport', () => {
  it.each([
    ['installed', {}, 'patched', 'installed and verified'],
    ['installed with a reboot', { rebooted: 1 as const }, 'patched', 'installed, rebooted and verified'],
    ['nothing to do', { n: 0 }, 'already-proven', 'had the proven versions before'],
    [
      'a newer version',
      { bad: [[2, '1:3.0.8-1.amzn2023.0.9']] as [number, string][] },
      'ahead',
      'something else updated it beyond what was proven: openssl 1:3.0.8-1.amzn2023.0.9',
    ],
    [
      'an older version',
      { bad: [[2, '1:3.0.8-1.amzn2023.0.3']] as [number, string][] },
      'failed',
      'openssl is 1:3.0.8-1.amzn2023.0.3, not 1:3.0.8-1.amzn2023.0.5',
    ],
    ['a version that cannot be read', { bad: [[2, ':::']] as [number, string][] }, 'failed', 'openssl is :::, not 1:3.0.8-1.amzn2023.0.5'],
    ['an item that the lock does not have', { bad: [[9, '1']] as [number, string][] }, 'unknown', 'its report does not fit the lock'],
    [
      'newer versions, of which some had no room',
      {
        bad: [
          [2, '1:3.0.8-1.amzn2023.0.9'],
          [3, '+57'],
        ] as [number, string][],
      },
      'ahead',
      'something else updated it beyond what was proven: openssl 1:3.0.8-1.amzn2023.0.9 and 57 more',
    ],
    [
      'newer versions that had no room at all',
      { bad: [[3, '+2']] as [number, string][] },
      'ahead',
      'something else updated it beyond what was proven: 2 packages, which its report has no room to name',
    ],
    ['a service down', { down: ['nginx.service'] }, 'failed', 'nginx.service did not come back'],
    [
      'a refusal',
      { end: 'refused' as const, why: 'unproven-dependency' as const, detail: 'libfoo 1.2' },
      'failed',
      'refused: the install would have pulled in something unproven: libfoo 1.2',
    ],
    ['an install that still runs', { end: 'running' as const }, 'unknown', 'the install was still running when it reported'],
    [
      'a pre hook',
      { end: 'failed' as const, phase: 'before' as const, why: 'hook-failed' as const, detail: 'Corp-Drain:7 failed' },
      'failed',
      'pre hook failed, nothing was installed: Corp-Drain:7 failed',
    ],
    [
      'a post hook',
      { end: 'failed' as const, phase: 'after' as const, why: 'hook-failed' as const, detail: 'Corp-Failback:7 failed' },
      'failed',
      'post hook failed, the packages are in: Corp-Failback:7 failed',
    ],
    ['a hook at work', { end: 'running' as const, phase: 'before' as const }, 'unknown', 'a hook was still at work when it reported'],
    [
      'a closing scan that failed',
      { notes: ['aws-scan-failed' as const] },
      'patched',
      "installed and verified; AWS's own compliance scan failed there",
    ],
    ['a reboot to do', { pending: 'reboot' as const }, 'reboot-pending', 'installed, needs a reboot'],
    ['old libraries in use', { pending: 'restart' as const }, 'restart-pending', 'installed, processes still run on the old libraries'],
  ])('%s', (_title, change, outcome, reason) => {
    expect(judgeReport(report(change), ITEMS)).toEqual({ outcome, reason });
  });
});

describe('settleInvocation', () => {
  const sentAt = Date.UTC(2026, 11, 10);
  const times = { sentAt, expiresAt: sentAt + 3_600_000, now: sentAt + 60_000 };
  const late = { ...times, now: times.expiresAt };
  const silent = { ...times, now: sentAt + (DELIVERY_SECONDS + 1) * 1000 };
  const seen = (status: string, more: Partial<Parameters<typeof settleInvocation>[0]> = {}) => ({
    status,
    report: undefined,
    started: false,
    taken: false,
    silentFor: undefined,
    heard: false,
    ...more,
  });

  it.each([
    ['waits for delivery', seen('Pending'), times, { state: 'open' }],
    ['waits for the node', seen('InProgress', { started: true }), times, { state: 'open' }],
    ['cancels what nobody picked up', seen('Delayed'), silent, { state: 'cancel' }],
    ['gives up a node that went silent', seen('InProgress', { started: true, silentFor: 2_000 }), times, { state: 'done', outcome: 'unreachable' }],
    ['does not know at expiry', seen('InProgress', { started: true }), late, { state: 'done', outcome: 'unknown' }],
    ['believes a report before a time-out', seen('Delivery Timed Out', { report: report() }), late, { state: 'done', outcome: 'patched' }],
    [
      'tells delivered from undelivered',
      seen('DeliveryTimedOut'),
      late,
      { state: 'done', outcome: 'unreachable', reason: 'never picked up the command' },
    ],
    [
      'tells a node at work from one that never began',
      seen('DeliveryTimedOut', { started: true }),
      late,
      { state: 'done', outcome: 'unknown', atWork: true },
    ],
    [
      'remembers that a node took it, though no step had told',
      seen('DeliveryTimedOut', { taken: true }),
      late,
      { state: 'done', outcome: 'unknown', atWork: true },
    ],
    [
      'does not call a node unreachable that was there all the time',
      seen('Delivery Timed Out', { heard: true }),
      late,
      { state: 'done', outcome: 'unknown', atWork: true },
    ],
    ['does not know what a cancel met', seen('Cancelled', { taken: true }), times, { state: 'done', outcome: 'unknown', atWork: true }],
    ['takes a cancel in time for what it is', seen('Cancelled', { heard: true }), times, { state: 'done', outcome: 'unreachable' }],
    [
      'keeps a node that went silent at work',
      seen('InProgress', { taken: true, silentFor: 2_000 }),
      times,
      { state: 'done', outcome: 'unreachable', atWork: true },
    ],
    [
      'keeps a node whose install still runs',
      seen('Success', { report: report({ end: 'running' }) }),
      times,
      { state: 'done', outcome: 'unknown', atWork: true },
    ],
    ['success without a report is no success', seen('Success', { started: true }), times, { state: 'done', outcome: 'unknown' }],
    ['failure without a report is not understood', seen('Failed', { started: true }), times, { state: 'done', outcome: 'unknown' }],
    ['undeliverable', seen('Undeliverable'), times, { state: 'done', outcome: 'unreachable' }],
    ['a status that AWS adds one day', seen('Sleeping'), times, { state: 'done', outcome: 'unknown' }],
  ])('%s', (_title, facts, when, expected) => {
    expect(settleInvocation(facts, ITEMS, when)).toMatchObject(expected);
  });

  it('lets a node go that never took the command, or has told how it ended', () => {
    for (const facts of [seen('DeliveryTimedOut'), seen('Undeliverable'), seen('Failed', { report: report() })]) {
      expect(settleInvocation(facts, ITEMS, late)).not.toHaveProperty('atWork');
    }
  });

  it.each([
    ['InProgress', {}, true],
    ['Delivery Timed Out', {}, true],
    ['DeliveryTimedOut', { taken: true }, false],
    ['DeliveryTimedOut', { started: true }, false],
    ['Success', {}, false],
    ['Pending', {}, false],
  ])('%s %j: asks for the heartbeat where only that tells: %s', (status, more, expected) => {
    expect(needsPing({ status, started: false, taken: false, ...more })).toBe(expected);
  });
});

describe('mergeVerify', () => {
  it.each([
    ['healthy stays as it was', 'patched', 'patched', undefined],
    ['no answer changes nothing', 'patched', 'unknown', undefined],
    ['a service that fell over later', 'patched', 'failed', 'failed'],
    ['an answer at last', 'unknown', 'patched', 'patched'],
    ['something else updated it during the soak', 'patched', 'ahead', 'ahead'],
    ['already there stays as it was', 'already-proven', 'patched', undefined],
    ['somebody has rebooted it', 'reboot-pending', 'patched', 'patched'],
    ['what ran on old libraries was restarted', 'restart-pending', 'patched', 'patched'],
    ['a reboot that is still to do', 'reboot-pending', 'reboot-pending', undefined],
    ['no answer of one that waits for its reboot', 'reboot-pending', 'unreachable', undefined],
  ] as const)('%s', (_title, before, seen, expected) => {
    expect(mergeVerify(before, { outcome: seen, reason: 'r' })?.outcome).toBe(expected);
  });
});

describe('proof', () => {
  it('counts what a healthy node holds at the lock’s version', () => {
    const facts = { from: ['8.3.0-1', '+', '='], bad: [[0, '9']] as [number, string][] };
    expect(provenItems('patched', facts, ITEMS).map((item) => item.name)).toEqual(['libnew', 'openssl']);
    expect(provenItems('failed', facts, ITEMS)).toEqual([]);
  });

  it('counts as changed what was older, or new, and is right now', () => {
    const changes = changedItems({ from: ['8.3.0-1', '+', '='], bad: [] }, ITEMS).map(({ change }) => change);
    expect(changes).toEqual([
      { name: 'curl', from: '8.3.0-1', to: '8.5.0-1.amzn2023.0.4' },
      { name: 'libnew', from: '', to: '1.0-1' },
    ]);
  });
});

describe('parseReport', () => {
  const line = JSON.stringify(report());
  it('finds the report behind noise, and takes the last', () => {
    expect(parseReport(`warning: something\n${JSON.stringify(report({ n: 1 }))}\n${line}\n`)).toMatchObject({ n: 2 });
  });

  it.each([
    ['nothing', ''],
    ['a line that was cut off', line.slice(0, -1)],
    ['another version', line.replace('"v":1', '"v":2')],
    ['a reason that nobody defined', line.replace('"why":""', '"why":"magic"')],
  ])('knows nothing from %s', (_title, output) => {
    expect(parseReport(output)).toBeUndefined();
  });

  it('leaves room for the list in what SSM returns', () => {
    expect(line.length).toBeLessThan(REPORT_LIMIT / 4);
  });
});
