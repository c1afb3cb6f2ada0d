import { describe, expect, it } from 'vitest';
import { writeNotice } from '../../lambdas/core/notices.ts';
import type { NoticeFacts } from '../../lambdas/core/notices.ts';

function facts(more: Partial<NoticeFacts> = {}): NoticeFacts {
  return {
    event: 'failed',
    policy: 'monthly',
    rollout: 'monthly-20261209-3f9ca1',
    wave: 'test',
    reasons: ['3 of 12 nodes failed, 0 allowed', 'web-t1, web-t2, web-t4: nginx.service did not come back'],
    waves: [
      { name: 'test', nodes: 12, sent: 12 },
      { name: 'production', nodes: 42, sent: 0 },
    ],
    outcomes: { patched: 9, failed: 3 },
    lock: '7c1e7c1e7c1e',
    needPerson: [],
    ahead: [],
    cvesClosed: 0,
    now: Date.UTC(2026, 11, 9, 21, 41),
    timezone: 'Europe/Berlin',
    ...more,
  };
}

describe('writeNotice', () => {
  it('says first whether production is affected and whether it spreads', () => {
    const notice = writeNotice(facts());
    expect(notice.text.split('\n').slice(0, 2)).toEqual([
      'monthly stopped at wave "test". Production was not touched; nothing more will be sent.',
      'Wed 9 Dec 22:41 (Europe/Berlin)',
    ]);
    expect(notice.subject).toBe('[Wavelock] FAILED at test: monthly stopped, production not touched');
    const worse = writeNotice(
      facts({
        wave: 'production',
        waves: [
          { name: 'test', nodes: 12, sent: 12 },
          { name: 'production', nodes: 42, sent: 10 },
        ],
      }),
    );
    expect(worse.text).toContain('Production is affected: 10 of 42 nodes got a command');
    expect(worse.subject).toContain('PRODUCTION AFFECTED');
  });

  it.each(['failed', 'held', 'approval', 'passed', 'done'] as const)('%s always says what is needed, in mail and in Slack', (event) => {
    const notice = writeNotice(facts({ event }));
    expect(notice.text).toContain('Needed from you: ');
    expect(notice.slack.blocks.map((block) => block.text.text).join('')).toContain('*Needed from you:*');
  });

  it('keeps reasons word for word and names five nodes at most', () => {
    const needPerson = Array.from({ length: 7 }, (_unused, index) => ({ name: `db-${index}`, reason: 'disk full' }));
    const notice = writeNotice(facts({ needPerson }));
    for (const reason of facts().reasons) expect(notice.text).toContain(reason);
    expect(notice.text).toContain('db-4: disk full');
    expect(notice.text).not.toContain('db-5');
    expect(notice.text).toContain('and 2 more');
  });

  it('names the waves that nothing was sent to', () => {
    expect(writeNotice(facts()).text).toContain('production: no command was sent to any of its 42 nodes');
  });

  it('gives commands that exist for a decision', () => {
    expect(writeNotice(facts({ event: 'held' })).text).toContain('npx wavelock resume monthly-20261209-3f9ca1 --why "..."');
    expect(writeNotice(facts({ event: 'approval' })).text).toContain('npx wavelock approve monthly-20261209-3f9ca1 --why "..."');
  });

  it('names the nodes that something else has updated beyond what was proven, and asks to find out what', () => {
    const ahead = Array.from({ length: 7 }, (_unused, index) => `db-${index}`);
    const needPerson = ahead.map((name) => ({ name, reason: 'something else updated it beyond what was proven: openssl 3.0.9' }));
    const done = writeNotice(facts({ event: 'done', outcomes: { patched: 47, ahead: 7 }, needPerson, ahead }));
    expect(done.text.split('\n')[0]).toBe(
      'monthly done: 54 nodes, production got only what was proven; 7 nodes of it run newer versions that something else installed and nobody proved.',
    );
    expect(done.text).toContain(
      'Needed from you: look at 7 nodes that need a person; find out what updated db-0, db-1, db-2, db-3, db-4 and 2 more beyond what was proven.',
    );
    expect(done.subject).toContain('7 need a person');
    const passed = writeNotice(facts({ event: 'passed', wave: 'canary', ahead: ['db-0'] }));
    expect(passed.text).toContain('Needed from you: find out what updated db-0 beyond what was proven.');
    for (const { slack } of [done, passed]) expect(slack.blocks.map((block) => block.text.text).join('')).toContain('find out what updated db-0');
  });

  it('fits what SNS and Slack take', () => {
    const notice = writeNotice(
      facts({
        policy: 'p'.repeat(30),
        wave: 'ü'.repeat(20),
        reasons: Array.from({ length: 200 }, (_unused, index) => `reason number ${index} with words`),
      }),
    );
    expect(notice.subject.length).toBeLessThan(100);
    expect(notice.subject).toMatch(/^[\x20-\x7e]+$/);
    for (const block of notice.slack.blocks) expect(block.text.text.length).toBeLessThanOrEqual(3000);
  });

  it('lets no markup from a node through to Slack', () => {
    const notice = writeNotice(facts({ reasons: ['a: <!channel> & <https://evil.example|click>'] }));
    expect(notice.slack.blocks.map((block) => block.text.text).join('')).toContain('&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;');
  });
});
