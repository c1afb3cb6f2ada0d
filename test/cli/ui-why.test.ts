import { describe, expect, it } from 'vitest';
import { noticeLines } from '../../cli/ui/notices.ts';
import { changeWords, knowsNode, whyNode } from '../../cli/ui/why.ts';
import { fakeRun } from './ui-run.ts';
import { silent } from './ui-surprises.ts';
import type { Kind } from './ui-run.ts';

function why(kind: Kind, name: string): string {
  const { document, result, extra } = fakeRun(kind).ended;
  return whyNode(name, document, result, extra).join('\n');
}

describe('the story of a node', () => {
  it('tells when it was in work, what changed and what was closed', () => {
    const story = why('succeeded', 'web-t01');
    expect(story).toContain('web-t01  i-00000000000000000  111111111111/eu-central-1, amazon-linux-2023-x86_64');
    expect(story).toContain('wave test, may start Wed 9 Dec 22:00-02:00 (Europe/Berlin); 9 wanted updates open');
    expect(story).toContain('from Wed 9 Dec 22:00 (Europe/Berlin), over Wed 9 Dec 22:09 after 9 min');
    expect(story).toContain('patched: every item is at its proven version, services are up; it was rebooted');
    expect(story).toContain('  openssl 3.0.7-1.amzn2023.0.5 → 3.0.8-1.amzn2023.0.5');
    expect(story).toContain('Closed    CVE-2026-31337');
    expect(story).toContain('Now       nothing that the policy wants is open');
  });

  it('is found by id too', () => {
    expect(why('succeeded', 'i-00000000000000000')).toBe(why('succeeded', 'web-t01'));
  });

  it('tells why it failed, what its wave came to and what to do', () => {
    const story = why('failed', 'app-t02');
    expect(story).toContain('failed: nginx did not come back after openssl-3.0.8-1.amzn2023.0.5');
    expect(story).toContain('Its wave  fail: 3 of 12 nodes failed, 0 allowed');
    expect(story).toContain('something that the policy wants is still open: find out what broke');
  });

  it('says of a node that got no command that nothing was changed', () => {
    const story = why('failed', 'db-03');
    expect(story).toContain('skipped: its wave was not run: no command was sent');
    expect(story).toContain('Changed   nothing');
    expect(story).not.toContain('In work');
  });

  it('tells of a node that was left out why', () => {
    expect(why('succeeded', 'db-04')).toContain('not tagged Wavelock=enabled: IAM lets nothing be sent to it');
  });

  it('tells of every node that has the name', () => {
    const { document, result, extra } = fakeRun('succeeded').ended;
    const [first, second] = result?.nodes ?? [];
    if (!first || !second) throw new Error('the run has nodes');
    second.name = first.name;
    const story = whyNode(first.name, document, result, extra).join('\n');
    expect(story).toContain('2 nodes of this run are called web-t01');
    expect(story).toContain(first.id);
    expect(story).toContain(second.id);
  });

  it('knows names and ids, and suggests what is similar to an unknown one', () => {
    const { document, result, extra } = fakeRun('succeeded').ended;
    expect(knowsNode('db-04', document, result, extra)).toBe(true);
    expect(knowsNode('wev-t01', document, result, extra)).toBe(false);
    expect(whyNode('wev-t01', document, result, extra).join(' ')).toContain('did you mean web-t01');
  });

  it('is told without a result as well, from the document and the plan', () => {
    const { document, extra } = fakeRun('failed').ended;
    expect(whyNode('web-t01', document, undefined, extra).join('\n')).toContain('is still open');
  });

  it('is not told without a result that all is closed where the plan had no item for it', () => {
    const { document, extra } = fakeRun('succeeded').ended;
    const planned = extra.plan?.waves[0]?.nodes[0];
    if (!planned) throw new Error('the plan has nodes');
    planned.open = ['postgresql15 x86_64 15.8-1.amzn2023.0.1'];
    expect(whyNode(planned.name, document, undefined, extra).join('\n')).toContain('is still open: see what was not promoted');
    planned.open = [];
    expect(whyNode(planned.name, document, undefined, extra).join('\n')).toContain('nothing that the policy wants is open');
  });

  it('says of a node that has never told anything that nobody knows', () => {
    const { document, result, extra } = silent().ended;
    expect(whyNode('db-42', document, result, extra).join('\n')).toContain('nobody knows what is open on it: bring its SSM agent back');
    expect(whyNode('db-42', document, undefined, extra).join('\n')).toContain('nobody knows what is open on it');
  });

  it.each([
    [{ name: 'openssl', from: '3.0.7', to: '3.0.8' }, 'openssl 3.0.7 → 3.0.8'],
    [{ name: 'libfoo', from: '', to: '1.0' }, 'libfoo 1.0 (new)'],
    [{ name: 'KB5071234', from: '', to: 'KB5071234' }, 'KB5071234 installed'],
  ])('writes the change %j', (change, words) => {
    expect(changeWords(change)).toBe(words);
  });
});

describe('the messages of a run', () => {
  it('are told with audience, channel, subject and text', () => {
    const lines = noticeLines(fakeRun('failed').ended.document.notices);
    expect(lines[0]).toBe('2 messages went out.');
    expect(lines).toContain('== failed, e-mail to linux-ops, about wave test');
    expect(lines).toContain('    Subject: [Wavelock] FAILED: linux-monthly');
    expect(lines).toContain('    Needed from you: nothing.');
  });

  it('are told once where several audiences got the same', () => {
    const [notice] = fakeRun('failed').ended.document.notices;
    if (!notice) throw new Error('the run has notices');
    const lines = noticeLines([notice, { ...notice, audience: 'security' }]);
    expect(lines.filter((line) => line.startsWith('=='))).toEqual(['== failed, e-mail to linux-ops, security, about wave test']);
  });

  it('are none', () => {
    expect(noticeLines([])).toEqual(['No message went out.']);
  });
});
