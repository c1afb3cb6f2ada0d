import { describe, expect, it } from 'vitest';
import { streamsInTitle } from '../../lambdas/core/match/modules.ts';
import { advisory, matchAll, node, only, states } from './match-world.ts';

const ALMA = 'almalinux-8';

describe('modular packages', () => {
  const modular = advisory({
    on: ALMA,
    title: 'Moderate: update',
    rows: [{ package: 'nginx', fixedVersion: '1:1.16.1-2.module_el8.6.0+2900+aa11bb22' }],
  });
  const plain = advisory({ on: ALMA, rows: [{ package: 'nginx', fixedVersion: '1:1.20.1-1.el8' }] });

  it('never match plain ones, nor the reverse', () => {
    expect(matchAll(node(ALMA, ['nginx 1:1.16.1-1.el8']), modular)).toEqual([]);
    expect(matchAll(node(ALMA, ['nginx 1:1.16.1-1.module_el8.5.0+2800+cc33dd44']), plain)).toEqual([]);
    const samePlain = advisory({ on: ALMA, rows: [{ package: 'nginx', fixedVersion: '1:1.16.1-9.el8' }] });
    expect(matchAll(node(ALMA, ['nginx 1:1.16.1-1.module_el8.5.0+2800+cc33dd44']), samePlain)).toEqual([]);
    expect(states(node(ALMA, ['nginx 1:1.16.1-1.module_el8.5.0+2800+cc33dd44']), modular)).toEqual([['nginx', 'exposed']]);
  });

  it('without a stream are compared within the same upstream major.minor', () => {
    expect(matchAll(node(ALMA, ['nginx 1:1.14.1-9.module_el8.5.0+2800+cc33dd44']), modular)).toEqual([]);
    expect(matchAll(node(ALMA, ['nginx 1:1.18.0-3.module_el8.5.0+2800+cc33dd44']), modular)).toEqual([]);
  });

  it('are compared with the build of their own family, where there is one', () => {
    const builds = advisory({
      on: ALMA,
      rows: ['3.15-1.module_el8.4.0+2100+0', '3.15-3.module_el8.5.0+2613+1', '3.15-4.module_el8.6.0+2877+8'].map((fixedVersion) => ({
        package: 'criu',
        fixedVersion,
      })),
    });
    expect(only(node(ALMA, ['criu 3.15-1.module_el8.5.0+100+0']), builds)).toMatchObject({ state: 'exposed', fixed: '3.15-3.module_el8.5.0+2613+1' });
    expect(only(node(ALMA, ['criu 3.15-3.module_el8.5.0+2613+1']), builds).state).toBe('fixed');
    expect(only(node(ALMA, ['criu 3.15-1.module_el8.3.0+90+0']), builds)).toMatchObject({ state: 'exposed', fixed: '3.15-4.module_el8.6.0+2877+8' });
  });

  it('are fixed where the advisory lists the very build', () => {
    const builds = advisory({
      on: ALMA,
      rows: ['3.15-3.module_el8.6.0+2877+8e437bf5', '3.15-3.module_el8.6.0+3137+d33c3efb'].map((fixedVersion) => ({ package: 'criu', fixedVersion })),
    });
    expect(only(node(ALMA, ['criu 3.15-3.module_el8.6.0+2877+8e437bf5']), builds).state).toBe('fixed');
    expect(only(node(ALMA, ['criu 3.15-2.module_el8.6.0+2700+00000000']), builds).state).toBe('exposed');
  });
});

describe('the stream of a module', () => {
  const fixedVersion = '1:14.18.2-2.module_el8.5.0+2618+8d46dafd';
  const titled = advisory({
    on: ALMA,
    title: 'Moderate: nodejs:14 security, bug fix, and enhancement update',
    rows: [
      { package: 'nodejs', fixedVersion },
      { package: 'npm', fixedVersion: '1:6.14.15-1.14.18.2.2.module_el8.5.0+2618+8d46dafd' },
    ],
  });
  const old14 = 'nodejs 1:14.17.3-2.module_el8.4.0+2522+3bd42762';

  it('is read from a title', () => {
    expect(streamsInTitle('Moderate: virt:rhel and virt-devel:rhel security update')).toEqual(['virt:rhel', 'virt-devel:rhel']);
    expect(streamsInTitle('Important: idm:DL1 security update')).toEqual(['idm:DL1']);
    expect(streamsInTitle('Moderate: mod_auth_openidc:2.3, 389-ds:1.4 update')).toEqual(['mod_auth_openidc:2.3', '389-ds:1.4']);
    expect(streamsInTitle('Important: httpd:2.4/mod_http2 security update')).toEqual(['httpd:2.4']);
    expect(streamsInTitle('Moderate: container-tools security update')).toEqual(['container-tools:']);
    expect(streamsInTitle('Important: update')).toEqual([]);
  });

  it('is told by the package that the module is named after', () => {
    expect(states(node(ALMA, [old14, 'npm 1:6.14.13-1.14.17.3.2.module_el8.4.0+2522+3bd42762']), titled)).toEqual([
      ['nodejs', 'exposed'],
      ['npm', 'exposed'],
    ]);
    expect(matchAll(node(ALMA, ['nodejs 1:12.22.5-1.module_el8.4.0+2521+c668cc9f']), titled)).toEqual([]);
    expect(matchAll(node(ALMA, ['nodejs 1:140.0.0-1.module_el8.4.0+2521+c668cc9f']), titled)).toEqual([]);
    expect(states(node(ALMA, ['nodejs 1:14~rc1-1.module_el8.4.0+2521+c668cc9f']), titled)).toEqual([['nodejs', 'exposed']]);
  });

  it('is told by the modules that the node has enabled, where they are known', () => {
    expect(states(node(ALMA, [old14], { modules: ['nodejs:14'] }), titled)).toEqual([['nodejs', 'exposed']]);
    expect(matchAll(node(ALMA, [old14], { modules: ['nodejs:16'] }), titled)).toEqual([]);
  });

  it('is told by the advisory itself where that names it, and then versions of other streams are no matter', () => {
    const rows = [
      { package: 'runc', fixedVersion: '1.0.0-73.module_el8.6.0+1+a', module: 'container-tools:4.0' },
      { package: 'runc', fixedVersion: '1.1.12-1.module_el8.9.0+1+b', module: 'container-tools:rhel8' },
    ];
    const both = advisory({ on: ALMA, rows });
    expect(only(node(ALMA, ['runc 1.0.0-70.module_el8.5.0+1+c'], { modules: ['container-tools:rhel8'] }), both)).toMatchObject({
      fixed: rows[1]?.fixedVersion,
      state: 'exposed',
    });
    expect(only(node(ALMA, ['runc 1.0.0-73.module_el8.6.0+1+a'], { modules: ['container-tools:4.0'] }), both).state).toBe('fixed');
  });

  it('may be called by another version than it carries: then the advisory’s own version of the package tells it', () => {
    const openidc = (fix: string) =>
      advisory({ on: ALMA, title: 'Moderate: mod_auth_openidc:2.3 security update', rows: [{ package: 'mod_auth_openidc', fixedVersion: fix }] });
    const newer = openidc('2.4.9.4-5.module_el8.9.0+3631+0ced13d7');
    const installed = 'mod_auth_openidc 2.4.9.4-1.module_el8.7.0+3305+9a59f0c3';
    expect(only(node(ALMA, [installed]), newer)).toMatchObject({ state: 'exposed' });
    expect(only(node(ALMA, ['mod_auth_openidc 2.4.9.4-6.module_el8.10.0+3881+234adf82']), newer)).toMatchObject({ state: 'fixed' });
    expect(only(node(ALMA, ['mod_auth_openidc 2.5.0-1.module_el8.10.0+1+a']), openidc('2.6.0-1.module_el8.10.0+2+b'))).toMatchObject({
      state: 'unknown',
    });
    expect(matchAll(node(ALMA, [installed]), openidc('2.3.7-11.module_el8.6.0+2868+44838709'))).toEqual([]);
  });

  it('that a title leaves out is told by the package that it names, and is unknown where that is none', () => {
    const rubies = ['ruby 2.5.9-111.module_el8.10.0+3851+04345edc', 'rubygem-json 2.1.0-111.module_el8.10.0+3851+04345edc'].map((text) =>
      text.split(' '),
    );
    const ruby = advisory({
      on: ALMA,
      title: 'Moderate: ruby security update',
      rows: rubies.map(([name, version]) => ({ package: name ?? '', fixedVersion: version ?? '' })),
    });
    const gem = (version: string) => `rubygem-json ${version}-108.module_el8.5.0+250+ba22dbf7`;
    expect(states(node(ALMA, ['ruby 2.5.9-108.module_el8.5.0+250+ba22dbf7', gem('2.0.9')]), ruby)).toEqual([
      ['ruby', 'exposed'],
      ['rubygem-json', 'exposed'],
    ]);
    expect(matchAll(node(ALMA, ['ruby 2.4.1-1.module_el8.3.0+1+a', gem('2.0.9')]), ruby)).toEqual([]);
    const tools = advisory({
      on: ALMA,
      title: 'Moderate: container-tools security update',
      rows: [{ package: 'runc', fixedVersion: '1:1.1.12-1.module_el8.10.0+3858+6ad51f9f' }],
    });
    expect(only(node(ALMA, ['runc 1.0.0-70.module_el8.5.0+1+c']), tools)).toMatchObject({ state: 'unknown' });
    expect(only(node(ALMA, ['runc 1:1.1.4-1.module_el8.7.0+3344+484dae7b']), tools)).toMatchObject({ state: 'exposed' });
  });

  it('that cannot be told leaves an older build of another version unknown, never fixed', () => {
    const rolling = advisory({
      on: ALMA,
      title: 'Important: container-tools:rhel8 security update',
      rows: [{ package: 'podman', fixedVersion: '3:4.6.1-8.module_el8.9.0+3627+db8ec155' }],
    });
    const older = only(node(ALMA, ['podman 2:4.0.2-6.module_el8.6.0+2878+e681bc44']), rolling);
    expect(older).toMatchObject({ state: 'unknown' });
    expect(older.why).toContain('which stream this node follows is not known');
    expect(matchAll(node(ALMA, ['podman 4:4.9.4-1.module_el8.9.0+1+a']), rolling)).toEqual([]);
  });
});

describe('builds for other releases in one record', () => {
  const java = advisory({
    on: ALMA,
    rows: ['1:21.0.5.0.10-3.el8.alma.1', '1:21.0.5.0.10-3.el9.alma.1'].map((fixedVersion) => ({ package: 'java-21-openjdk', fixedVersion })),
  });

  it('are passed over: on release 8 the build of 9 can never be installed', () => {
    expect(only(node(ALMA, ['java-21-openjdk 1:21.0.5.0.10-3.el8.alma.1']), java)).toMatchObject({
      state: 'fixed',
      fixed: '1:21.0.5.0.10-3.el8.alma.1',
    });
    expect(only(node(ALMA, ['java-21-openjdk 1:21.0.4.0.7-1.el8']), java)).toMatchObject({ state: 'exposed', fixed: '1:21.0.5.0.10-3.el8.alma.1' });
  });
});
