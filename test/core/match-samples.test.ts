import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readFeedsFolder } from '../../cli/exposure/vendors.ts';
import { Inventory, factsFromInventory } from '../../lambdas/core/match/inventory.ts';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import type { Affected } from '../../lambdas/core/advisory.ts';
import type { MatchState, NodeFacts } from '../../lambdas/core/match/types.ts';
import { advisory, node } from './match-world.ts';

/** Package lists of real systems, as Systems Manager's agent would report them. They are not part of this repository. */
const samples = process.env['WAVELOCK_SAMPLES'] ?? '';
const shapes = join(samples, 'inventory/ssm-shape');
const NOW = Date.parse('2026-11-23T06:00:00Z');

const Sample = z.object({ Entries: Inventory.shape.Entries });

function listOf(file: string, TypeName = 'AWS:Application'): Inventory {
  return { TypeName, ...Sample.parse(JSON.parse(readFileSync(join(shapes, file), 'utf8'))) };
}

/** A fix of one package, and how the node stands to it, found by comparing the two versions by hand. */
type Checked = [name: string, fixed: string, state: MatchState | '', more?: Partial<Affected>];

/** The states that matching finds, each after what it is about; empty for a package that no answer is about. */
function found(facts: NodeFacts, on: string, checked: readonly Checked[]): string[] {
  const advisories = checked.map(([name, fixedVersion, , more], index) =>
    advisory({ on, id: `HAND-${index}`, cves: [`CVE-2026-${1000 + index}`], rows: [{ package: name, fixedVersion, ...more }] }),
  );
  const matches = createMatcher({ advisories })(facts, 'all');
  const states = (index: number) => new Set(matches.filter((match) => match.advisory === `HAND-${index}`).map(({ state }) => state));
  return checked.map(([name, fixed], index) => `${name} ${fixed} ${[...states(index)].join()}`);
}

function wanted(checked: readonly Checked[]): string[] {
  return checked.map(([name, fixed, state]) => `${name} ${fixed} ${state}`);
}

describe.skipIf(samples === '' || !existsSync(shapes))('real inventories, ten packages each checked by hand', () => {
  it('Amazon Linux 2: version, release and epoch from their own fields', () => {
    const checked: Checked[] = [
      ['curl', '7.61.1-11.amzn2.0.2', 'exposed'], // has 7.61.1-9.amzn2.0.1: release 9 before 11
      ['libcurl', '7.61.1-9.amzn2.0.1', 'fixed'], // equal
      ['openssl-libs', '1:1.0.2k-16.amzn2.1.2', 'exposed'], // has 1:1.0.2k-16.amzn2.1.1
      ['openssl-libs', '1.0.2k-19.amzn2', 'fixed'], // has epoch 1, the fix none
      ['vim-minimal', '2:8.1.1602-1.amzn2', 'exposed'], // has 2:7.4.160: 7 before 8
      ['glibc', '2.26-32.amzn2.0.2', 'exposed'], // has 2.26-32.amzn2.0.1
      ['python-libs', '2.7.14-58.amzn2.0.3', 'fixed'], // has 2.7.14-58.amzn2.0.4
      ['libssh2', '1.4.3-12.amzn2.2.1', 'exposed'], // has 1.4.3-12.amzn2.2: the longer one is newer
      ['nss', '3.36.0-7.1.amzn2', 'exposed'], // has 3.36.0-7.amzn2: after 7 a letter comes before a number
      ['ncurses-libs', '6.0-8.20170212.amzn2.1.3', 'exposed'], // has 6.0-8.20170212.amzn2.1.2
    ];
    expect(found(factsFromInventory('amazon-linux-2-x86_64', [listOf('amazon-2.AWS-Application.json')]), 'amazon-linux-2', checked)).toEqual(
      wanted(checked),
    );
  });

  it('Debian 12 with the custom type: sources and their versions', () => {
    const lists = [listOf('debian-12.AWS-Application.json'), listOf('debian-12.Custom-DpkgSource.json', 'Custom:DpkgSource')];
    const source: Partial<Affected> = { kind: 'source' };
    const checked: Checked[] = [
      ['openssl', '3.0.11-1~deb12u2', 'fixed', source], // libssl3 and openssl have 3.0.19-1~deb12u2
      ['openssl', '3.0.20-1~deb12u1', 'exposed', source],
      ['bash', '5.2.15-2', 'fixed', source], // the binary is a rebuild, 5.2.15-2+b8
      ['bash', '5.2.15-2+b1', 'exposed', source], // a source of that name would be newer than 5.2.15-2, whatever the rebuild
      ['libcap2', '1:2.66-4+deb12u3', 'exposed', source], // has 1:2.66-4+deb12u2, rebuilt as +b2
      ['xz-utils', '5.4.1-1', 'fixed', source], // liblzma5 and xz-utils: equal
      ['glibc', '2.36-9+deb12u7', 'fixed', source], // libc6 has +deb12u14: 14 after 7
      ['expat', '2.5.0-1+deb12u2', 'exposed', source], // libexpat1 has +deb12u1
      ['linux', '6.1.190-1', 'exposed', source], // linux-libc-dev is of 6.1.187-1
      ['openssh', '9.2p1-2+deb12u9', 'fixed', source], // has epoch 1, the fix none
    ];
    expect(found(factsFromInventory('debian-12-x86_64', lists), 'debian-12', checked)).toEqual(wanted(checked));
  });

  it('Debian 12 from stock inventory: only packages with the name of their source, and only probable', () => {
    const source: Partial<Affected> = { kind: 'source' };
    const checked: Checked[] = [
      ['openssl', '3.0.20-1~deb12u1', 'probable', source],
      ['bash', '5.2.15-2', 'fixed', source], // +b8 is left out
      ['bash', '5.2.15-3', 'probable', source],
      ['xz-utils', '5.4.1-1', 'fixed', source],
      ['git', '1:2.39.5-0+deb12u4', 'probable', source],
      ['tar', '1.34+dfsg-1.2+deb12u1', 'fixed', source],
      ['systemd', '252.39-1~deb12u1', 'probable', source],
      ['less', '590-2.1~deb12u3', 'probable', source],
      ['wget', '1.21.3-1+deb12u1', 'fixed', source],
      ['glibc', '2.36-9+deb12u99', '', source], // no package is called glibc
    ];
    expect(found(factsFromInventory('debian-12-x86_64', [listOf('debian-12.AWS-Application.json')]), 'debian-12', checked)).toEqual(wanted(checked));
  });

  it('SUSE 15 SP3: releases with and without the service pack’s number', () => {
    const checked: Checked[] = [
      ['libopenssl1_1', '1.1.1d-11.38.1', 'exposed'], // has 1.1.1d-11.30.1
      ['libopenssl1_1', '1.1.1d-150200.11.60.1', 'exposed'], // release 11 before 150200
      ['libcurl4', '7.66.0-4.27.1', 'fixed'],
      ['glibc', '2.31-150300.9.12.1', 'exposed'], // has 2.31-9.3.2
      ['libxml2-2', '2.9.7-3.37.1', 'fixed'],
      ['libz1', '1.2.11-3.24.1', 'exposed'], // has 1.2.11-3.21.1
      ['aaa_base', '84.87+git20180409.04c9dae-3.52.1', 'exposed'], // has the same version, release 3.45.1
      ['ca-certificates', '2+git20210309.21162a6-2.1', 'fixed'],
      ['util-linux', '2.36.2-4.6.1', 'exposed', { kind: 'source' }], // six libraries and the package are of 2.36.2-4.5.1
      ['libgcc_s1', '10.3.0+git1587-1.6.4', 'fixed'],
    ];
    expect(found(factsFromInventory('sles-15.3-x86_64', [listOf('suse-15.3_ndb.AWS-Application.json')]), 'sles-15.3', checked)).toEqual(
      wanted(checked),
    );
  });

  it('UBI 9: minor releases in the release, epochs', () => {
    const checked: Checked[] = [
      ['openssl-libs', '1:3.2.2-6.el9_5.1', 'exposed'], // has 1:3.2.2-6.el9_5
      ['expat', '2.5.0-3.el9_5.3', 'exposed'], // has 2.5.0-3.el9_5.1
      ['httpd', '2.4.62-1.el9', 'fixed'],
      ['httpd', '2.4.62-1.el9_5.2', 'exposed'], // the longer release is newer
      ['bind-libs', '32:9.16.23-24.el9_5.3', 'exposed'], // has 32:9.16.23-24.el9_5
      ['libxml2', '2.9.13-6.el9_4', 'fixed'],
      ['libxml2', '2.9.13-6.el9_5.2', 'exposed'],
      ['tar', '2:1.34-6.el9_1', 'fixed'], // has 2:1.34-7.el9: 7 after 6
      ['systemd-libs', '252-46.el9_5.3', 'exposed'], // has 252-46.el9_5.2
      ['git-lfs', '3.4.1-2.el9_4', ''], // not installed
    ];
    expect(found(factsFromInventory('rhel-9-x86_64', [listOf('ubi9-httpd-24.AWS-Application.json')]), 'rhel-9', checked)).toEqual(wanted(checked));
  });

  it('Ubuntu 18.04: binaries by name, probable, and what only Ubuntu Pro has', () => {
    const checked: Checked[] = [
      ['e2fsprogs', '1.44.1-1ubuntu1.2', 'probable'], // has 1.44.1-1ubuntu1.1
      ['libcom-err2', '1.44.1-1ubuntu1.1', 'fixed'],
      ['libc6', '2.27-3ubuntu1.2', 'probable'], // has 2.27-3ubuntu1
      ['zlib1g', '1:1.2.11.dfsg-0ubuntu2.2', 'probable'], // has 1:1.2.11.dfsg-0ubuntu2
      ['zlib1g', '1.2.13.dfsg-1', 'fixed'], // epoch 1
      ['tar', '1.29b-2ubuntu0.1', 'fixed'],
      ['libsystemd0', '237-3ubuntu10.28', 'probable'], // has 237-3ubuntu10.25
      ['libgcc1', '1:8.4.0-1ubuntu1~18.04', 'probable'], // has 1:8.3.0-6ubuntu1~18.04.1
      ['bash', '4.4.18-2ubuntu1.3+esm1', 'needs-entitlement', { channel: 'pro:esm-infra' }], // has 4.4.18-2ubuntu1.2
      ['libwayland-client0', '1.16.0-1ubuntu1.1~18.04.4', ''], // not installed
    ];
    expect(found(factsFromInventory('ubuntu-18.04-x86_64', [listOf('ubuntu-18.04.AWS-Application.json')]), 'ubuntu-18.04', checked)).toEqual(
      wanted(checked),
    );
  });
});

describe.skipIf(samples === '' || !existsSync(shapes))('real inventories against the real advisories at hand', () => {
  it('are exposed to none of them, as looking through both by hand says', async () => {
    const { advisories } = await readFeedsFolder(join(samples, 'feeds'), NOW);
    const match = createMatcher({ advisories });
    const about = (platform: string, ...lists: Inventory[]) =>
      match(factsFromInventory(platform, lists), 'all').map(({ advisory: id, package: name }) => `${id} ${name}`);
    // The advisories are of kernels (Amazon Linux 2), of sources that no Debian 12 has, of RHEL 8 only, of wayland, of SUSE without packages.
    expect(about('amazon-linux-2-x86_64', listOf('amazon-2.AWS-Application.json'))).toEqual([]);
    expect(about('debian-12-x86_64', listOf('debian-12.Custom-DpkgSource.json', 'Custom:DpkgSource'))).toEqual([]);
    expect(about('rhel-9-x86_64', listOf('ubi9-httpd-24.AWS-Application.json'))).toEqual([]);
    expect(about('ubuntu-18.04-x86_64', listOf('ubuntu-18.04.AWS-Application.json'))).toEqual([]);
    expect(about('sles-15.3-x86_64', listOf('suse-15.3_ndb.AWS-Application.json'))).toEqual([]);
    // What they would say of nodes that have what they speak of.
    const states = (facts: NodeFacts) => match(facts, 'all').map(({ advisory: id, package: name, state }) => [id, name, state]);
    expect(states(node('amazon-linux-2', ['kernel 4.9.75-25.55.amzn2', 'kernel 5.15.25-14.106.amzn2']))).toEqual([
      ['ALAS2-2018-939', 'kernel', 'exposed'],
      ['ALAS2KERNEL-5.15-2022-001', 'kernel', 'exposed'],
    ]);
    expect(states(node('ubuntu-18.04', ['libwayland-client0 1.16.0-1ubuntu1.1~18.04.3'], { certainty: 'probable' }))).toEqual([
      ['USN-5614-1', 'libwayland-client0', 'probable'],
    ]);
    expect(states(node('rhel-8', ['git-lfs 2.13.3-2.el8', 'redhat-release 8.6-0.1.el8'], { channels: ['aus:8.6'] }))).toEqual([
      ['RHSA-2024:4546', 'git-lfs', 'exposed'],
    ]);
    expect(states(node('rhel-8', ['git-lfs 2.13.3-2.el8', 'redhat-release 8.10-0.3.el8'], { channels: [] }))).toEqual([]);
    expect(states(node('rocky-8', ['kernel 4.18.0-425.el8', 'firefox 102.11.0-2.el8_7']))).toEqual([['RLSA-2023:3220', 'firefox', 'fixed']]);
  });

  it('have what a release of Amazon Linux 2023 fixed, when they have all of that release', async () => {
    const Repository = z.object({ rows: z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])) });
    const { rows } = Repository.parse(JSON.parse(readFileSync(join(samples, 'inventory/al2023-2023.1.20230809-repository.json'), 'utf8')));
    const installed = rows.filter(([, arch]) => arch !== 'aarch64').map(([name, arch, source, version]) => ({ name, arch, version, source }));
    const { advisories } = await readFeedsFolder(join(samples, 'feeds'), NOW);
    const matches = createMatcher({ advisories })({ platform: 'amazon-linux-2023-x86_64', certainty: 'exact', installed }, 'all');
    expect(new Set(matches.map(({ advisory: id, state }) => `${id} ${state}`))).toEqual(new Set(['ALAS2023-2023-001 fixed']));
    expect(matches.length).toBeGreaterThan(5);
  });
});
