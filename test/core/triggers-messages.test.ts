import { describe, expect, it } from 'vitest';
import { writeAlert, writeClosed } from '../../lambdas/core/triggers/messages.ts';
import { resolvedText, ticketKey, ticketText } from '../../lambdas/core/triggers/ticket.ts';
import { CVE, NOW } from './triggers-world.ts';
import type { AlertFacts, AlertKind, ClosedFacts } from '../../lambdas/core/triggers/messages.ts';
import type { Alert } from '../../lambdas/core/triggers/types.ts';

const ALERT: Alert = {
  subject: CVE,
  advisories: [{ source: 'usn', advisory: 'USN-8120-1', title: 'OpenSSL vulnerability', cves: [CVE] }],
  packages: ['openssl'],
  reason: `CISA lists ${CVE} as exploited since 2026-12-21`,
  nodes: 212,
  fixable: 140,
  awaiting: 72,
  blocked: 0,
  awaitingOn: ['suse-sles-15.6-x86_64'],
  services: [
    { name: 'order-entry', exposed: 8, of: 8 },
    { name: 'web', exposed: 30, of: 44 },
  ],
  tagged: [{ tag: 'Exposure=internet', nodes: 38 }],
  outside: { nodes: 0, names: [] },
};

const FACTS: AlertFacts = {
  kind: 'plan',
  alert: ALERT,
  policy: 'zero-day',
  rollout: 'zero-day-20261221-1c04aa',
  doing: 'patch',
  document: 'Acme-DisableTls',
  waves: [
    { name: 'test', nodes: 8 },
    { name: 'internet', nodes: 28 },
    { name: 'inside', nodes: 104 },
  ],
  seconds: 4.5 * 3_600,
  leftOut: [],
  warnings: [],
  plan: '8e02',
  finishWithin: 48 * 3_600,
  askedAt: NOW,
  ticket: 'oi-0123456789ab',
  now: NOW,
  timezone: 'Europe/Berlin',
};

const KINDS: AlertKind[] = ['plan', 'reminder', 'runs', 'running', 'observe', 'no-fix'];
const write = (more: Partial<AlertFacts> = {}) => writeAlert({ ...FACTS, ...more });

describe('the message of an alert', () => {
  it('says it all once: what, why, whose, which fix, which plan, and what is needed', () => {
    const { subject, text } = write();
    expect(subject).toBe('[Wavelock] ZERO-DAY CVE-2026-31337 openssl: 212 nodes exposed, plan ready, DECIDE');
    expect(text).toMatchInlineSnapshot(`
      "CVE-2026-31337 (openssl) reaches 212 nodes, 38 with Exposure=internet. zero-day has a plan and asks. Nothing was changed yet.
      Mon 21 Dec 19:00 (Europe/Berlin)

      Why        CISA lists CVE-2026-31337 as exploited since 2026-12-21
      Services   order-entry 8 of 8, web 30 of 44
      Fix        available for 140 nodes; none yet for 72 (suse-sles-15.6-x86_64): Acme-DisableTls stands in
      Advisory   USN-8120-1: OpenSSL vulnerability
      Plan       8e02: test 8 -> internet 28 -> inside 104; done in about 4 h 30
      Clock      within 48 h = Wed 23 Dec 19:00 (Europe/Berlin)
      Ticket     oi-0123456789ab

      Needed from you: now: read the plan, then approve or abort. Without an answer nothing is sent.
        npx wavelock approve zero-day-20261221-1c04aa --why "..."
        npx wavelock abort zero-day-20261221-1c04aa --why "..."
      Policy: zero-day
      Rollout: zero-day-20261221-1c04aa
      Next word: in 30 minutes if nobody answers; after each wave; when no node is left"
    `);
  });

  it.each(KINDS)('%s: fits a subject of SNS, begins with what happened and says what is needed', (kind) => {
    const { subject, text, slack } = write({ kind });
    expect(subject).toMatch(/^[\x20-\x7E]{1,99}$/);
    expect(text.split('\n')[0]).toContain(CVE);
    expect(text.match(/Needed from you: /g)).toHaveLength(1);
    expect(text).toContain(ALERT.reason);
    expect(JSON.stringify(slack)).toContain(CVE);
  });

  it.each(['plan', 'reminder', 'no-fix', 'observe', 'running'] as const)('%s: says that nothing was changed yet', (kind) => {
    expect(write({ kind }).text).toContain('Nothing was changed yet.');
  });

  it('has the commands to decide only where there is something to decide', () => {
    const commands = (kind: AlertKind) => [...write({ kind }).text.matchAll(/npx wavelock (\w+)/g)].map(([, verb]) => verb);
    expect(KINDS.map((kind) => [kind, commands(kind)])).toEqual([
      ['plan', ['approve', 'abort']],
      ['reminder', ['approve', 'abort']],
      ['runs', ['abort']],
      ['running', []],
      ['observe', []],
      ['no-fix', []],
    ]);
  });

  it('is the news that there is a fix where people knew that there was none', () => {
    const news = write({ alert: { ...ALERT, awaitedSince: '2026-12-20T18:00:00Z' } });
    expect(news.text.split('\n')[0]).toContain('A fix is now available for 140 nodes: CVE-2026-31337 (openssl) reaches 212 nodes');
    expect(write().text).not.toContain('now available');
  });

  it('names who cannot have the fix, and who is not reached by the policy', () => {
    const { text } = write({ alert: { ...ALERT, fixable: 130, blocked: 10, outside: { nodes: 7, names: ['a', 'b', 'c', 'd', 'e'] } } });
    expect(text).toMatch(
      /Fix +available for 130 nodes; none yet for 72 \(suse-sles-15\.6-x86_64\): Acme-DisableTls stands in; 10 cannot have it as they are/,
    );
    expect(text).toMatch(/Not here +7 exposed nodes that this policy does not reach: a, b, c, d, e and 2 more/);
  });

  it('says whom the plan leaves out, and why', () => {
    const proof = (platform: string) => `no node of the first wave has ${platform}: nothing is proven for it`;
    const leftOut = ['no vendor has a fix yet', proof('rhel-8-x86_64'), proof('rhel-9-x86_64'), proof('rhel-9-x86_64'), 'one', 'two', 'three'];
    const { text } = write({ leftOut });
    expect(text).toMatch(/Left out +2 nodes: no node of the first wave has rhel-9-x86_64: nothing is proven for it\n +1 node: /);
    expect(text).toContain('and 2 more nodes');
    expect(text.split('Left out')[1]).not.toContain('no vendor has a fix yet');
  });

  it('says what has to be known before anybody decides', () => {
    const { text } = write({
      warnings: ['test: nothing starts. SSM maintenance window mw-0123456789abcdef0 is disabled', 'Corp-Drain could not be looked at'],
    });
    expect(text).toMatch(
      /Mind +test: nothing starts\. SSM maintenance window mw-0123456789abcdef0 is disabled\n +Corp-Drain could not be looked at\n/,
    );
    expect(write().text).not.toContain('Mind');
  });

  it('does not grow with the number of services and advisories', () => {
    const services = Array.from({ length: 90 }, (_, index) => ({ name: `service-${index}`, exposed: 2, of: 3 }));
    const advisories = Array.from({ length: 90 }, (_, index) => ({ source: 'usn', advisory: `USN-${index}`, title: 'x'.repeat(500), cves: [CVE] }));
    const { text } = write({ alert: { ...ALERT, services, advisories } });
    expect(text).toContain('and 86 more');
    expect(text).toContain('and 87 more');
    expect(text.length).toBeLessThan(2_500);
  });

  it.each([
    ['mitigate', '[Wavelock] MITIGATE', 'wants to run Acme-DisableTls there'],
    ['withdraw', '[Wavelock] WITHDRAW', 'takes it back'],
  ] as const)('says when it is about what stands in for a fix: %s', (doing, subject, words) => {
    const notice = write({ doing });
    expect(notice.subject).toContain(subject);
    expect(notice.text).toContain(words);
  });
});

describe('the last message', () => {
  const CLOSED: ClosedFacts = {
    policy: 'zero-day',
    subject: CVE,
    advisories: ['USN-8120-1'],
    rollouts: ['zero-day-20261221-1c04aa'],
    reason: 'no node that the policy names is exposed any more',
    outside: [],
    standIns: 0,
    ticket: 'oi-0123456789ab',
    timeline: [
      { at: NOW, text: 'found on nodes of this fleet' },
      { at: NOW + 40 * 60_000, text: 'approved by m.weber: read it' },
      { at: NOW + 5 * 3_600_000, text: 'no node is exposed any more' },
    ],
    now: NOW + 5 * 3_600_000,
    timezone: 'Europe/Berlin',
  };

  it('says that none is left, that the ticket is closed, and what happened when', () => {
    const { subject, text } = writeClosed(CLOSED);
    expect(subject).toBe('[Wavelock] CLOSED CVE-2026-31337: 0 nodes left, 5 h after it was found');
    expect(text).toMatchInlineSnapshot(`
      "CVE-2026-31337 is closed: 0 nodes left, 5 h after it was found here. zero-day has nothing more to do.
      Tue 22 Dec 00:00 (Europe/Berlin)

      Why        no node that the policy names is exposed any more
      Advisory   USN-8120-1
      Ticket     oi-0123456789ab, resolved
      Timeline   Mon 21 Dec 19:00  found on nodes of this fleet
                 Mon 21 Dec 19:40  approved by m.weber: read it
                 Tue 22 Dec 00:00  no node is exposed any more

      Needed from you: nothing.
      Policy: zero-day
      Rollout: zero-day-20261221-1c04aa"
    `);
  });

  it('does not hide who is still exposed elsewhere', () => {
    const { subject, text } = writeClosed({ ...CLOSED, outside: ['lab-1', 'lab-2'] });
    expect(subject).toBe('[Wavelock] CLOSED CVE-2026-31337: 0 nodes of zero-day left, 2 others still exposed');
    expect(text).toMatch(/Not here +2 exposed nodes that this policy does not reach: lab-1, lab-2/);
    expect(text).toMatch(/Needed from you: decide about the nodes under "Not here".*\n +npx wavelock exposure --advisory USN-8120-1/);
  });

  it('says what is still there that stood in for the fix', () => {
    expect(writeClosed({ ...CLOSED, standIns: 3 }).text).toMatch(/Stands in +what stood in for the fix is still on 3 nodes/);
  });

  it('keeps the newest of a long timeline', () => {
    const timeline = Array.from({ length: 100 }, (_, index) => ({ at: NOW + index * 60_000, text: `moment ${index}.` }));
    const { text } = writeClosed({ ...CLOSED, timeline });
    expect(text).toContain('moment 99.');
    expect(text).not.toContain('moment 50.');
  });
});

describe('the ticket', () => {
  const moments = Array.from({ length: 200 }, (_, index) => ({ at: NOW + index * 60_000, text: `moment ${index}.` }));

  it('is one for each thing with a name', () => {
    expect(ticketKey('zero-day', CVE)).toBe(ticketKey('zero-day', CVE));
    expect(ticketKey('zero-day', CVE)).not.toBe(ticketKey('other', CVE));
    expect(ticketText({ policy: 'zero-day', alert: ALERT, status: 'Open', rollout: '', timeline: [] })).toMatchObject({
      key: ticketKey('zero-day', CVE),
      title: 'CVE-2026-31337 (openssl): 212 nodes exposed',
      status: 'Open',
      data: { policy: 'zero-day', subject: CVE },
    });
  });

  it('fits what Systems Manager takes, the newest kept', () => {
    const advisories = Array.from({ length: 90 }, (_, index) => ({ source: 'usn', advisory: `USN-${index}`, title: '', cves: [] }));
    const packages = Array.from({ length: 5 }, () => 'x'.repeat(120));
    const written = ticketText({
      policy: 'zero-day',
      alert: { ...ALERT, advisories, packages },
      status: 'InProgress',
      rollout: 'zero-day-20261221-1c04aa',
      timeline: moments,
    });
    expect(written.title.length).toBeLessThanOrEqual(1_024);
    expect(written.description.length).toBeLessThanOrEqual(2_048);
    expect(written.key.length).toBeLessThanOrEqual(512);
    expect(written.description).toContain('moment 199.');
    expect(written.description).toContain('Resolved by evidence');
  });

  it('fits whatever tags and conditions are called', () => {
    const services = Array.from({ length: 9 }, (_, index) => ({ name: `${index}${'s'.repeat(255)}`, exposed: 1, of: 2 }));
    const ticketFor = (reason: string) =>
      ticketText({ policy: 'zero-day', alert: { ...ALERT, services, reason }, status: 'Open', rollout: '', timeline: moments });
    const written = ticketFor(ALERT.reason);
    expect(written.description.length).toBeLessThanOrEqual(2_048);
    expect(written.description).toContain(`0${'s'.repeat(58)}… 1 of 2, 1s`);
    expect(written.description).toContain('Resolved by evidence');
    expect(written.description).toContain('moment 199.');
    expect(ticketFor(`tag ${'t'.repeat(3_000)}`).description.length).toBeLessThanOrEqual(2_048);
  });

  it('says at its end who is still exposed out of its reach', () => {
    const names = Array.from({ length: 10 }, (_, index) => `lab-${index + 1}`);
    const { description } = resolvedText('no node that the policy names is exposed any more', names, []);
    expect(description).toMatch(/any more\. Still exposed, out of its reach: lab-1, .*lab-8 and 2 more\./);
  });

  it('says at its end why it is resolved', () => {
    const { status, description, title } = resolvedText('no node is exposed any more', [], moments);
    expect([status, title]).toEqual(['Resolved', undefined]);
    expect(description).toMatch(/^Resolved: no node is exposed any more\./);
    expect(description.length).toBeLessThanOrEqual(2_048);
  });
});
