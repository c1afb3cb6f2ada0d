import { describe, expect, it } from 'vitest';
import { kbAdvisory, matchAll, node, only } from './match-world.ts';
import type { NodeFacts } from '../../lambdas/core/match/types.ts';

const NOVEMBER = 'KB5031361';
const DECEMBER = 'KB5033371';
const december = kbAdvisory(DECEMBER, { fixedBuild: '10.0.17763.5206', supersedes: [NOVEMBER] });
const windows = (kbs: string[], more: Partial<NodeFacts> = {}): NodeFacts =>
  node(
    'windows-2019',
    kbs.map((name) => ({ name, arch: '', version: '' })),
    { certainty: 'probable', ...more },
  );

describe('an update of Windows', () => {
  it('is there when it is listed, or when one that replaces it is, however many lie between them', () => {
    const january = kbAdvisory('KB5034127', { supersedes: [DECEMBER] });
    const february = kbAdvisory('KB5034768', { supersedes: ['KB5034127', 'KB5034768'] });
    const answers = (kb: string) => matchAll(windows([kb]), december, january, february).find((match) => match.package === DECEMBER);
    expect(answers(DECEMBER)).toMatchObject({ state: 'fixed', why: 'KB5033371 is installed' });
    expect(answers('KB5034768')).toMatchObject({ state: 'fixed', why: 'KB5034768 is installed, which replaces KB5033371' });
    expect(answers(NOVEMBER)).toMatchObject({ state: 'probable' });
  });

  it('is judged by the build where its revision is known, whatever is listed', () => {
    expect(only(windows([], { build: '10.0.17763.5206' }), december)).toMatchObject({ state: 'fixed', installed: '10.0.17763.5206' });
    expect(only(windows([NOVEMBER], { build: '10.0.17763.4974' }), december)).toMatchObject({
      state: 'exposed',
      installed: '10.0.17763.4974',
      fixed: '10.0.17763.5206',
      why: 'build 10.0.17763.4974 is older than 10.0.17763.5206, which KB5033371 brings',
    });
  });

  it('that waits for its reboot is neither fixed nor missing, unless what runs has the fix', () => {
    const waiting = windows([DECEMBER, NOVEMBER], { pending: [DECEMBER] });
    expect(only(waiting, december)).toMatchObject({ state: 'reboot-pending', why: 'KB5033371 is installed and takes effect with the next reboot' });
    expect(only({ ...waiting, build: '10.0.17763.5206' }, december).state).toBe('fixed');
    expect(only(windows([DECEMBER], { build: '10.0.17763.4974' }), december)).toMatchObject({
      state: 'reboot-pending',
      why: 'KB5033371 is installed, but the node still runs build 10.0.17763.4974',
    });
    const january = kbAdvisory('KB5034127', { supersedes: [DECEMBER] });
    const both = matchAll(windows([DECEMBER, 'KB5034127'], { pending: ['KB5034127'] }), december, january).map((match) => [
      match.package,
      match.state,
    ]);
    expect(both).toEqual([
      [DECEMBER, 'fixed'],
      ['KB5034127', 'reboot-pending'],
    ]);
  });

  it('that is only absent from a list is probable, and unknown where the list is empty: absence proves nothing', () => {
    expect(only(windows([NOVEMBER]), december)).toMatchObject({ state: 'probable', installed: '' });
    expect(only(windows([]), december).state).toBe('unknown');
    const noBuild = kbAdvisory(DECEMBER);
    expect(only(windows([NOVEMBER], { build: '10.0.17763.4974' }), noBuild).why).toContain('Microsoft does not say which build has the fix');
  });

  it('that the node’s own source offers, or a replacement of it, is missing', () => {
    const other = kbAdvisory('KB5030000');
    const newer = kbAdvisory('KB5040000', { supersedes: ['KB5030000'] });
    const scanned = windows([NOVEMBER], { certainty: 'exact', offered: ['KB5040000'] });
    expect(matchAll(scanned, other, newer).map((match) => [match.package, match.state])).toEqual([
      ['KB5030000', 'exposed'],
      ['KB5040000', 'exposed'],
    ]);
    expect(only({ ...scanned, offered: [] }, other)).toMatchObject({ state: 'unknown' });
  });

  it('does not compare with builds of something else', () => {
    const net = kbAdvisory('KB5033911', { fixedBuild: '4.8.4690.2' });
    expect(only(windows([NOVEMBER], { build: '10.0.17763.9999' }), net).state).toBe('probable');
  });

  it('is satisfied by the Monthly Rollup or the Security Only update for the same product and CVEs', () => {
    const cves = ['CVE-2026-0001', 'CVE-2026-0002'];
    const rollup = kbAdvisory('KB5000001', { product: 'Windows Server 2019  (Server Core installation)' }, cves);
    const securityOnly = kbAdvisory('KB5000002', {}, cves.slice(0, 1));
    const other = kbAdvisory('KB5000003', { product: 'Internet Explorer 11 on Windows Server 2019' }, cves.slice(0, 1));
    const found = matchAll(windows(['KB5000001']), rollup, securityOnly, other).map((match) => [match.package, match.state]);
    expect(found).toEqual([
      ['KB5000001', 'fixed'],
      ['KB5000002', 'fixed'],
      ['KB5000003', 'probable'],
    ]);
    expect(matchAll(windows(['KB5000002']), rollup, securityOnly)[0]).toMatchObject({ package: 'KB5000001', state: 'probable' });
  });

  it('of a product that may not be there counts only where it is offered or installed', () => {
    const sql = kbAdvisory('KB5029378', { product: 'Microsoft SQL Server 2019', release: undefined });
    expect(matchAll(windows([NOVEMBER], { build: '10.0.17763.5206' }), sql)).toEqual([]);
    expect(only(windows([NOVEMBER], { offered: ['KB5029378'] }), sql).state).toBe('exposed');
    expect(only(windows(['KB5029378']), sql).state).toBe('fixed');
  });

  it('of another release is nothing to the node, and server core takes the same', () => {
    expect(matchAll(windows([]), kbAdvisory('KB5033118', { release: '2022' }))).toEqual([]);
    const both = kbAdvisory(DECEMBER);
    const core = { kb: DECEMBER, product: 'Windows Server 2019 (Server Core installation)', release: '2019' };
    expect(matchAll(windows([]), { ...both, kbs: [...(both.kbs ?? []), core] })).toHaveLength(1);
  });
});
