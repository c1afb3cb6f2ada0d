import { describe, expect, it } from 'vitest';
import { fleetExposure, judgeLists } from '../../lambdas/core/survey/exposure.ts';
import { advisory } from './match-world.ts';
import type { Machine } from '../../lambdas/core/survey/machines.ts';

const TODAY = '2026-11-23';
const KEV = { cve: 'CVE-2026-0001', added: '2026-11-18', due: '2026-12-09', ransomware: false, product: 'OpenSSL' };

/** A managed machine on which one version of OpenSSL is listed; `platform` left out: a system that nobody here knows. */
function machine(id: string, release: string, platform?: string): Machine {
  const Entries = [{ Name: 'openssl', Version: '3.0.8', Release: release, Epoch: '1', Architecture: 'x86_64', PackageId: '' }];
  return {
    id,
    location: { account: '111111111111', region: 'eu-central-1' },
    name: id,
    os: 'linux',
    hybrid: false,
    running: true,
    tags: {},
    ...(platform === undefined ? {} : { platform }),
    node: { id, name: id, online: true, agentVersion: '3.3.0.0', platformType: 'Linux', platformName: 'Linux', platformVersion: '1' },
    software: { captured: '2026-11-23T00:00:00Z', list: `${platform} ${release}`, parts: [{ TypeName: 'AWS:Application', Entries }] },
  };
}

function exposureOf(machines: Machine[]) {
  const advisories = [
    advisory({
      on: 'rhel-9',
      rows: [
        { package: 'openssl', fixedVersion: '1:3.0.8-5.el9' },
        // Nobody has a fix there: a rollout could not close it.
        { package: 'openssl', fixedVersion: null, os: 'rocky' },
      ],
    }),
    advisory({ id: 'ADV-2', on: 'sles-15.5', rows: [{ package: 'openssl', fixedVersion: '1:3.0.8-5' }], withdrawn: '2026-11-01T00:00:00.000Z' }),
  ];
  const knowledge = { advisories, exploited: new Map([[KEV.cve, KEV]]), scores: new Map(), lifecycles: [] };
  return fleetExposure(machines, judgeLists(machines, advisories), knowledge, TODAY);
}

describe('the exposure of a surveyed fleet', () => {
  it('tells products of one platform apart that have updates of their own', () => {
    const called = (id: string, platformName: string): Machine => {
      const plain = machine(id, '1', 'sles-15.4-x86_64');
      return { ...plain, ...(plain.node && { node: { ...plain.node, platformName } }) };
    };
    const fix = advisory({ on: 'sles-15.4', rows: [{ package: 'openssl', fixedVersion: '1:3.0.8-2', channel: 'sap' }] });
    const lists = judgeLists([called('i-1', 'SLES'), called('i-2', 'SLES_SAP')], [fix]);
    expect(lists.map(({ nodes, matches }) => [nodes, matches.map(({ state }) => state)])).toEqual([
      [['i-1'], ['needs-entitlement']],
      [['i-2'], ['exposed']],
    ]);
  });

  const rhel = machine('i-1', '1.el9', 'rhel-9-x86_64');

  it('counts as exploited only what is counted as exposed', () => {
    const { exposed, exploited } = exposureOf([rhel, machine('i-2', '1.el9', 'rocky-9-x86_64')]);
    expect(exposed).toEqual(['i-1']);
    expect(exploited).toEqual(['i-1']);
  });

  it('has judged nobody of whose system no advisory speaks, and names them', () => {
    const found = exposureOf([rhel, machine('i-3', '1', 'sles-15.5-x86_64'), machine('i-4', '1', 'debian-12-x86_64'), machine('i-5', '1')]);
    expect(found.judged).toBe(1);
    expect(found.unspoken).toEqual([
      { release: '', nodes: ['i-5'] },
      { release: 'debian-12', nodes: ['i-4'] },
      { release: 'sles-15.5', nodes: ['i-3'] },
    ]);
    expect(found.unknown).toEqual([]);
  });

  it('names the nodes of which only a part can be told: their lists name no sources, and advisories nothing else', () => {
    const debian = (id: string, Name: string, more: object = {}): Machine => {
      const one = machine(id, '1', 'debian-12-x86_64');
      const Entries = [{ Name, Version: '3.0.8-1', Architecture: 'amd64', PackageId: `${Name}_3.0.8-1_amd64.deb` }];
      return { ...one, software: { captured: '2026-11-23T00:00:00Z', list: Name, parts: [{ TypeName: 'AWS:Application', Entries }], ...more } };
    };
    const own = { package: 'libssl3', version: '3.0.8-1', arch: 'amd64', status: 'installed', source: 'openssl', sourceVersion: '3.0.8-1' };
    const scanned = debian('i-9', 'own', { parts: [{ TypeName: 'Custom:DpkgSource', Entries: [own] }] });
    const advisories = [advisory({ on: 'debian-12', rows: [{ package: 'openssl', kind: 'source', fixedVersion: '3.0.8-5' }] })];
    const machines = [rhel, debian('i-6', 'libssl3'), debian('i-7', 'libssl3'), debian('i-8', 'openssl'), scanned];
    const knowledge = { advisories, exploited: new Map(), scores: new Map(), lifecycles: [] };
    const found = fleetExposure(machines, judgeLists(machines, advisories), knowledge, TODAY);
    expect(found.exposed).toEqual(['i-8', 'i-9']);
    expect(found.partly).toEqual([{ release: 'debian-12', advisories: 1, nodes: ['i-6', 'i-7'] }]);
  });
});
