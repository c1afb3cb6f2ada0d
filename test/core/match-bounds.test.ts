import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Advisory, substance } from '../../lambdas/core/advisory.ts';
import { advisoryOf, fixedIn, osv } from '../feeds/osv-records.ts';
import { advisory, matchAll, node, states } from './match-world.ts';

const between = advisory({
  on: 'rhel-9',
  rows: [
    { package: 'a', fixedVersion: '1.0-2' },
    { package: 'a', fixedVersion: '2.0-5', introducedVersion: '2.0-1' },
  ],
});

describe('stretches of affected versions', () => {
  it.each([
    ['1.0-1', 'exposed'],
    ['1.0-2', 'fixed'],
    ['1.5-1', 'fixed'],
    ['2.0-1', 'exposed'],
    ['2.0-5', 'fixed'],
  ])('%s is %s', (version, state) => {
    expect(states(node('rhel-9', [`a ${version}`]), between)).toEqual([['a', state]]);
  });

  it('say the fix of the stretch that the version is in', () => {
    expect(matchAll(node('rhel-9', ['a 1.0-1']), between)[0]).toMatchObject({ fixed: '1.0-2' });
  });

  it('say nothing of versions outside of all of them, and never call those fixed that cannot be compared', () => {
    const later = advisory({ on: 'debian-12', rows: [{ package: 'a', kind: 'source', fixedVersion: '3.0-1', introducedVersion: '2.0-1' }] });
    expect(states(node('debian-12', ['a 1.0-1']), later)).toEqual([]);
    expect(states(node('debian-12', ['a 2.0-1']), later)).toEqual([['a', 'exposed']]);
    expect(states(node('debian-12', [{ name: 'a', arch: 'amd64', version: '1 or so' }]), later)).toEqual([['a', 'unknown']]);
    const strange = advisory({ on: 'debian-12', rows: [{ package: 'a', kind: 'source', fixedVersion: '3.0-1', introducedVersion: 'x:1' }] });
    expect(states(node('debian-12', ['a 1.0-1']), strange)).toEqual([['a', 'exposed']]);
  });

  it('may end without a fix: newer versions are not affected', () => {
    const last = advisory({ on: 'debian-12', rows: [{ package: 'a', kind: 'source', fixedVersion: null, lastAffectedVersion: '1.5' }] });
    expect(states(node('debian-12', ['a 1.5']), last)).toEqual([['a', 'awaiting-vendor']]);
    expect(states(node('debian-12', ['a 2.0']), last)).toEqual([]);
  });

  it('are of the substance of an advisory, whose text without them stays what it was', () => {
    const one = advisory({ on: 'rhel-9', rows: [{ package: 'a', fixedVersion: '3' }] });
    const bounded = advisory({ on: 'rhel-9', rows: [{ package: 'a', fixedVersion: '3', introducedVersion: '2' }] });
    expect(substance(bounded)).not.toBe(substance(one));
    expect(JSON.parse(substance(one))).toMatchObject({ affected: ['rhel 9 a  binary 3   '] });
    expect(Advisory.parse(bounded)).toEqual(bounded);
  });

  it('are judged as OSV evaluates its events, whatever their order', () => {
    const number = fc.integer({ min: 1, max: 9 });
    const rising = fc.uniqueArray(number, { minLength: 1, maxLength: 6 }).map((list) => list.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(rising, fc.boolean(), number, fc.infiniteStream(fc.integer()), (versions, fromStart, installed, order) => {
        const points = fromStart ? [0, ...versions] : versions;
        const events = points.map((version, index) => ({ [index % 2 === 0 ? 'introduced' : 'fixed']: String(version) }));
        const shuffled = events.map((event) => ({ event, at: order.next().value ?? 0 })).toSorted((a, b) => a.at - b.at);
        const range = { type: 'ECOSYSTEM', events: shuffled.map(({ event }) => event) };
        const record = advisoryOf(osv('RLSA-2026:1', [{ ...fixedIn('Rocky Linux:9', 'a', null), ranges: [range] }], { summary: 'Low: a' }));
        const isAffected = points.filter((version) => version <= installed).length % 2 === 1;
        const found = states(node('rocky-9', [{ name: 'a', arch: 'x86_64', version: `${installed}` }]), record);
        expect(found.some(([, state]) => state === 'exposed' || state === 'awaiting-vendor')).toBe(isAffected);
        expect(found.some(([, state]) => state === 'unknown')).toBe(false);
      }),
    );
  });
});
