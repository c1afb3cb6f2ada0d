import { describe, expect, it } from 'vitest';
import { notesOn, whyIdle } from '../../cli/advisory/reach.ts';
import { reachOf } from '../../lambdas/core/exposures/own-reach.ts';
import { OwnAdvisory } from '../../lambdas/core/exposures/own.ts';
import { node } from './match-world.ts';

const own = (more: Partial<OwnAdvisory> = {}): OwnAdvisory =>
  OwnAdvisory.parse({ cve: 'CVE-2026-31337', packages: ['openssl'], title: 't', severity: 'critical', added: '2026-11-23T06:00:00.000Z', ...more });
const stock = { certainty: 'probable' as const };
const library = { name: 'libssl3', arch: 'amd64', version: '3.0.11-1' };
const blind = [
  { facts: node('debian-12', [library], stock), nodes: 3 },
  { facts: node('ubuntu-24.04', [library], stock), nodes: 2 },
];
const known = [
  { facts: node('debian-12', ['openssl 3.0.11-1'], stock), nodes: 1 },
  { facts: node('debian-12', [{ ...library, source: 'openssl' }]), nodes: 1 },
  { facts: node('rocky-9', ['bash 5.1']), nodes: 4 },
];
const HINT =
  'Lists of 5 nodes on Debian and Ubuntu name no sources: Wavelock-Scan tells, or name the binary packages as well (libssl3 beside openssl).';

describe('the reach of an announcement', () => {
  it('is not known on nodes whose lists name no sources and no package of that very name', () => {
    const reach = reachOf(own(), [...blind, ...known], []);
    expect(reach).toMatchObject({ looked: 6, concerned: 2, counts: 2, untold: 5 });
    expect(reachOf(own({ packages: ['openssl', 'libssl3'] }), [...blind, ...known], [])).toMatchObject({ looked: 11, concerned: 7, untold: 0 });
    expect(reachOf(own({ platforms: ['rocky'] }), [...blind, ...known], [])).toMatchObject({ looked: 4, untold: 0 });
  });

  it('counts them among those of which nothing is known, with what to do', () => {
    const looked = { reach: reachOf(own(), [...blind, ...known], []), known: new Map<string, string>(), unknown: 1 };
    expect(whyIdle(own(), looked)).toBeUndefined();
    expect(notesOn(own(), looked)).toEqual(['It concerns 2 nodes of 6 looked at; nothing is known of 6 more nodes.', HINT]);
  });

  it('is refused no less where nobody else has the package, and says of whom it does not know', () => {
    const looked = { reach: reachOf(own(), [...blind, ...known.slice(2)], []), known: new Map<string, string>(), unknown: 0 };
    expect(whyIdle(own(), looked)).toEqual([
      'no node here is known to have openssl: 4 nodes looked at, and nothing is known of 5 more nodes',
      HINT,
      'If it is meant for nodes to come, repeat this with --anyway.',
    ]);
  });

  it('is not known at all where only such nodes are there', () => {
    const looked = { reach: reachOf(own(), blind, []), known: new Map<string, string>(), unknown: 0 };
    expect(whyIdle(own(), looked)).toBeUndefined();
    expect(notesOn(own(), looked)).toEqual(['Note: nothing is known of any node here yet, so nobody can say whom it concerns.', HINT]);
  });
});
