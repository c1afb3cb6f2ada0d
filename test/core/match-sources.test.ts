import { describe, expect, it } from 'vitest';
import { createUntold } from '../../lambdas/core/match/sources.ts';
import { advisory, matchAll, node, only, states } from './match-world.ts';

describe('sources of Debian', () => {
  const dsa = advisory({ on: 'debian-12', rows: [{ package: 'openssl', kind: 'source', fixedVersion: '3.0.11-1~deb12u2' }] });
  const library = { name: 'libssl3', arch: 'amd64', source: 'openssl' };

  it('stand for every binary that was built from them', () => {
    expect(states(node('debian-12', [{ ...library, version: '3.0.9-1' }, 'openssl 3.0.11-1~deb12u2', 'curl 7.88.1-10']), dsa)).toEqual([
      ['libssl3', 'exposed'],
      ['openssl', 'fixed'],
    ]);
    expect(only(node('debian-12', [{ ...library, version: '3.0.9-1' }]), dsa).why).toBe(
      'libssl3 3.0.9-1 is installed, the fix is 3.0.11-1~deb12u2 of source openssl',
    );
  });

  it('have a version of their own: a rebuilt binary is not newer, a binary with its own version is not compared', () => {
    const rebuilt = { ...library, version: '3.0.11-1~deb12u1+b1', sourceVersion: '3.0.11-1~deb12u1' };
    expect(only(node('debian-12', [rebuilt]), dsa).state).toBe('exposed');
    const lvm = advisory({ on: 'debian-12', rows: [{ package: 'lvm2', kind: 'source', fixedVersion: '2.03.16-3' }] });
    const dmsetup = { name: 'dmsetup', arch: 'amd64', version: '2:1.02.185-2', source: 'lvm2', sourceVersion: '2.03.16-2' };
    expect(only(node('debian-12', [dmsetup]), lvm)).toMatchObject({ installed: '2:1.02.185-2', fixed: '2.03.16-3', state: 'exposed' });
  });

  it('with an epoch are compared with it', () => {
    const bind = advisory({ on: 'debian-12', rows: [{ package: 'bind9', kind: 'source', fixedVersion: '1:9.18.24-1' }] });
    expect(only(node('debian-12', ['bind9 1:9.18.19-1~deb12u1']), bind).state).toBe('exposed');
    expect(only(node('debian-12', ['bind9 1:9.18.24-1']), bind).state).toBe('fixed');
  });

  it('are only guessed from the package’s own name where stock inventory is all there is', () => {
    const facts = node('debian-12', ['openssl 3.0.9-1+b2', 'libssl3 3.0.9-1'], { certainty: 'probable' });
    expect(states(facts, dsa)).toEqual([['openssl', 'probable']]);
    expect(only(facts, dsa).why).toContain('the package is taken for its own source');
    const rebuilt = advisory({ on: 'debian-12', rows: [{ package: 'openssl', kind: 'source', fixedVersion: '3.0.9-1+b1' }] });
    expect(only(node('debian-12', ['openssl 3.0.9-1+b2'], { certainty: 'probable' }), rebuilt).state).toBe('probable');
  });
});

describe('binaries of Ubuntu', () => {
  const usn = advisory({
    on: 'ubuntu-24.04',
    rows: [
      { package: 'libssl3t64', fixedVersion: '3.0.13-0ubuntu3.5' },
      { package: 'openssl', fixedVersion: '3.0.13-0ubuntu3.5' },
    ],
  });

  it('are named by the notice, so that stock inventory is enough to call them probable', () => {
    const facts = node('ubuntu-24.04', ['libssl3t64 3.0.13-0ubuntu3.4', 'openssl.amd64 3.0.13-0ubuntu3.5'], { certainty: 'probable' });
    expect(states(facts, usn)).toEqual([
      ['libssl3t64', 'probable'],
      ['openssl', 'fixed'],
    ]);
    expect(matchAll(facts, usn)[0]?.why).toContain('does not tell removed packages from installed ones');
  });

  it('count before their source where both are named', () => {
    const both = advisory({
      on: 'ubuntu-24.04',
      rows: [
        { package: 'openssl', kind: 'source', fixedVersion: '9' },
        { package: 'openssl', fixedVersion: '3.0.13-0ubuntu3.5' },
      ],
    });
    expect(only(node('ubuntu-24.04', ['openssl 3.0.13-0ubuntu3.5']), both)).toMatchObject({ state: 'fixed', fixed: '3.0.13-0ubuntu3.5' });
  });
});

describe('sources of rpms', () => {
  it('tell the stream of a module by their own version, not by that of a subpackage', () => {
    const title = 'Moderate: mod_auth_openidc:2.3 and nodejs security update';
    const rows = ['mod_auth_openidc 2.4.9.4-5.module+el8.9.0+1+a', 'nodejs 1:14.18.2-2.module+el8.5.0+2+b'].map((text) => text.split(' '));
    const rlsa = (index: number) =>
      advisory({
        on: 'rocky-8',
        title: index === 0 ? title : 'Moderate: an update',
        rows: rows.slice(index, index + 1).map(([name = '', version = '']) => ({ package: name, kind: 'source', fixedVersion: version })),
      });
    expect(only(node('rocky-8', ['mod_auth_openidc 2.4.9.4-1.module+el8.7.0+1+a']), rlsa(0)).state).toBe('exposed');
    const npm = {
      name: 'npm',
      arch: 'x86_64',
      version: '1:6.14.15-1.14.18.1.2.module+el8.4.0+1+c',
      source: 'nodejs',
      sourceVersion: '14.18.1-2.module+el8.4.0+1+c',
    };
    expect(only(node('rocky-8', [npm]), rlsa(1))).toMatchObject({ state: 'exposed', fixed: '1:14.18.2-2.module+el8.5.0+2+b' });
  });

  it('have the epoch of a binary of the same version', () => {
    const rlsa = advisory({ on: 'rocky-8', rows: [{ package: 'perl', kind: 'source', fixedVersion: '4:5.26.3-419.el8' }] });
    const libs = (version: string, sourceVersion?: string) => ({
      name: 'perl-libs',
      arch: 'x86_64',
      version,
      source: 'perl',
      ...(sourceVersion === undefined ? {} : { sourceVersion }),
    });
    expect(only(node('rocky-8', [libs('3:5.28.0-1.el8')]), rlsa).state).toBe('exposed');
    expect(only(node('rocky-8', [libs('5.28.0-1.el8', '5.28.0-1.el8')]), rlsa).state).toBe('exposed');
    expect(only(node('rocky-8', [libs('4:5.28.0-1.el8', '5.28.0-1.el8')]), rlsa).state).toBe('fixed');
  });

  it('of another version are compared without epoch, since the file name of a source package has none', () => {
    const rlsa = advisory({ on: 'rocky-8', rows: [{ package: 'perl', kind: 'source', fixedVersion: '4:5.26.3-419.el8' }] });
    const errno = { name: 'perl-Errno', arch: 'x86_64', version: '1.28-416.el8', source: 'perl', sourceVersion: '5.26.3-416.el8' };
    expect(only(node('rocky-8', [errno]), rlsa)).toMatchObject({ installed: '1.28-416.el8', state: 'exposed' });
    expect(only(node('rocky-8', [{ ...errno, sourceVersion: '5.26.3-419.el8' }]), rlsa).state).toBe('fixed');
    expect(only(node('rocky-8', ['perl 4:5.26.3-419.el8']), rlsa).state).toBe('fixed');
  });
});

describe('a list without sources', () => {
  const stock = { certainty: 'probable' as const };
  const of = (name: string, id = name, on = 'debian-12') =>
    advisory({ id, on, rows: [{ package: name, kind: 'source' as const, fixedVersion: '9' }] });

  it('leaves untold whatever names sources only, but those that are called like one of its packages', () => {
    const untold = createUntold([of('openssl'), of('glibc'), of('sudo'), of('linux')]);
    const installed = ['libssl3 3.0.11-1', 'libc6 2.36-9', 'sudo 1.9.13', 'linux-image-6.1.0-20-amd64 6.1.85-1'];
    expect(untold(node('debian-12', installed, stock))).toBe(2);
    expect(untold(node('debian-12', installed))).toBe(0);
    expect(untold(node('debian-11', installed, stock))).toBe(0);
  });

  it('leaves untold neither what names binaries, nor what was withdrawn, nor anything of rpm', () => {
    const usn = advisory({
      on: 'ubuntu-24.04',
      rows: [
        { package: 'libssl3t64', fixedVersion: '9' },
        { package: 'openssl', kind: 'source', fixedVersion: '9' },
      ],
    });
    const untold = createUntold([
      usn,
      of('expat', 'USN-2', 'ubuntu-24.04'),
      { ...of('openssl'), withdrawn: '2026-11-01T00:00:00.000Z' },
      of('vim', 'RLSA-1', 'rocky-9'),
    ]);
    expect(untold(node('ubuntu-24.04', ['libc6 1'], stock))).toBe(1);
    expect(untold(node('debian-12', ['libssl3 1'], stock))).toBe(0);
    expect(untold(node('rocky-9', ['vim-minimal 1'], stock))).toBe(0);
  });
});
