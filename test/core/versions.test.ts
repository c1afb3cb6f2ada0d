import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compareVersions } from '../../lambdas/core/versions/compare.ts';
import type { VersionKind } from '../../lambdas/core/versions/compare.ts';

/** Older, newer. Each pair is also compared the other way round. */
const older: Record<VersionKind, [string, string][]> = {
  rpm: [
    ['1:3.0.8-1.amzn2023.0.3', '1:3.0.8-1.amzn2023.0.5'],
    ['2.34-52.amzn2023.0.8', '2.34-52.amzn2023.0.11'],
    ['6.1.94-99.176.amzn2023', '6.1.112-122.189.amzn2023'],
    ['1.9.14-1.p3.amzn2023.0.1', '1.9.15-1.p5.amzn2023.0.1'],
    ['252.16-1.amzn2023.0.2', '252.23-2.amzn2023'],
    ['9.1.404', '1:1'], // an epoch beats everything
    ['1.0~rc1', '1.0'], // ~ before the end
    ['1.0', '1.0^git1'], // ^ after it
    ['1.0^git1', '1.0.1'], // but before anything else
    ['1', '1-0'], // no release before any release
    ['1.0a', '1.0.1'], // letters before numbers
    ['xyz.4', '8'],
    ['9', '10'],
    ['99999999999999999998', '99999999999999999999'], // beyond the integers of a double
    ['a:1', 'b:1'], // letters are no epoch
    ['1.0', '1.0-'], // an empty release is one
    ['1.0~', '1.0'],
    ['1.0~~', '1.0~'],
    ['1.0^^', '1.0.0'],
    ['1.0^', '1.0a'],
    ['1.0~^', '1.0^~'],
    [`1.${'8'.repeat(600)}`, `1.${'9'.repeat(600)}`],
  ],
  deb: [
    ['2:2.3.2-2', '2:2.3.2-2+lenny2'],
    ['1.2.3-1~deb12u1', '1.2.3-1'],
    ['3.0.11-1~deb12u2', '3.0.13-1~deb12u1'],
    ['1.0', '1.0-1'],
    ['1~~', '1~'],
    ['0foo', '0foo+'], // letters before everything else
    ['0foobar', '0foo.bar'],
    ['1.9', '1.10'],
    ['9.9', '1:0.1'],
    ['1.0a', '1.0é'], // dpkg only warns: behind letters,
    ['1.0é', '1.0.'], // before everything else
    ['9', '+1:0'], // an epoch may have a sign
    [`1.${'8'.repeat(600)}`, `1.${'9'.repeat(600)}`],
    ['1.99999999999999999998', '1.99999999999999999999'],
    ['1.0-1', '1.0-1\n'], // only blanks go; a line break is an odd character, and dpkg only warns
    ['2', '\n1:1'], // and nothing before an epoch
  ],
};

const equal: Record<VersionKind, [string, string][]> = {
  rpm: [
    ['0:1.0-1', '1.0-1'],
    ['2.0', '2_0'], // separators are all alike
    ['10.0001', '10.1'],
    ['1.1.α', '1.1.β'], // letters beyond ASCII are separators
    ['1.0.', '1.0'],
    ['1.0-.', '1.0-'],
    ['007:1', '7:1'],
    [':1', '1'],
    [`1.${'0'.repeat(600)}7`, '1.7'],
  ],
  deb: [
    ['0:1', '1'],
    ['1.0-0', '1.0'],
    ['1.09', '1.9'],
    ['0-00', '00-0'],
    ['  1.0-1\t', '1.0-1'],
    [`1.${'0'.repeat(600)}7`, '1.7'],
    ['000001:1', '1:1'],
    ['-0:1', '1'],
  ],
};

const unreadable: Record<VersionKind, string[]> = {
  rpm: ['', '1:', '-1', '1.0 beta', '1.0\n', '1.0\u0000', '1'.repeat(5_000)],
  deb: ['', '  ', '1.0\t\n', '0:', ':1.0', '1.0-', '1 2', 'a:1', '-1:0', '2147483648:1', '-0', '1.0\u0000', '1'.repeat(5_000)],
};

const kinds: VersionKind[] = ['rpm', 'deb'];

describe.each(kinds)('order of %s versions', (kind) => {
  it.each(older[kind])('%.40s is older than %.40s', (a, b) => {
    expect(compareVersions(kind, a, b)).toBe(-1);
    expect(compareVersions(kind, b, a)).toBe(1);
  });

  it.each(equal[kind])('%.40s equals %.40s', (a, b) => {
    expect(compareVersions(kind, a, b)).toBe(0);
  });

  it.each(unreadable[kind])('%.40j is unknown beside any other version', (text) => {
    expect(compareVersions(kind, text, '1.0-1')).toBeUndefined();
    expect(compareVersions(kind, '1.0-1', text)).toBeUndefined();
  });

  // Few characters, so that equal beginnings, separators and signs meet often.
  const version = fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', 'Z', '.', '-', ':', '~', '^', '+'), maxLength: 8 });

  it('is antisymmetric, and equal to itself', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const sign = compareVersions(kind, a, b);
        expect(compareVersions(kind, b, a)).toBe(sign === undefined || sign === 0 ? sign : -sign);
        expect(compareVersions(kind, a, a)).toBe(compareVersions(kind, a, '1') === undefined ? undefined : 0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const sign = compareVersions(kind, a, b);
        if (sign === undefined || sign === 1 || (compareVersions(kind, b, c) ?? 1) === 1) return;
        expect([-1, 0]).toContain(compareVersions(kind, a, c));
      }),
      { numRuns: 5_000 },
    );
  });

  it('reads any text without throwing', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect([-1, 0, 1, undefined]).toContain(compareVersions(kind, a, b));
      }),
    );
  });
});

/** How this machine's own package manager sees pairs of versions, where it is there to be asked. */
const here = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

describe.skipIf(!here('dpkg'))('beside the dpkg of this machine', () => {
  const text = fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', 'Z', '.', '-', ':', '~', '+', '_', 'é', '00'), minLength: 1, maxLength: 9 });
  const asks = (a: string, relation: string, b: string): boolean => spawnSync('dpkg', ['--compare-versions', a, relation, b]).status === 0;

  it('compares alike, and refuses alike', () => {
    // Without one the command line takes what starts with `-` for an option; a leading space is dropped by both.
    const version = text.map((one) => ` ${one}`);
    fc.assert(
      fc.property(version, version, (a, b) => {
        const sign = compareVersions('deb', a, b);
        const found = asks(a, 'lt', b) ? -1 : asks(a, 'gt', b) ? 1 : asks(a, 'eq', b) ? 0 : undefined;
        expect([a, b, sign]).toEqual([a, b, found]);
      }),
      { numRuns: 150 },
    );
  });
});

describe.skipIf(!here('rpm'))('beside the rpm of this machine', () => {
  it('compares alike', () => {
    const text = fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', 'Z', '.', '-', ':', '~', '^', '+', '00'), minLength: 1, maxLength: 9 });
    const pairs = fc.sample(fc.tuple(text, text), { numRuns: 2_000 }).filter(([a, b]) => compareVersions('rpm', a, b) !== undefined);
    const script = pairs.map(([a, b]) => `print(rpm.vercmp("${a}", "${b}") .. "\\n")`).join(' ');
    const answers = spawnSync('rpm', ['--eval', `%{lua:${script}}`], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n')
      .map(Number);
    expect(pairs.map(([a, b]) => [a, b, compareVersions('rpm', a, b)])).toEqual(pairs.map(([a, b], index) => [a, b, answers[index]]));
  });
});

/** Facts collected from rpm's, dpkg's and their peers' test suites. They are not part of this repository. */
const samples = join(process.env['WAVELOCK_SAMPLES'] ?? '', 'vercmp');
const Cases = z.object({ cases: z.array(z.tuple([z.string(), z.string(), z.number()], z.string())) });
const Validity = z.object({ valid: z.array(z.string()), tolerated: z.array(z.string()), invalid: z.array(z.string()) });

describe.skipIf(!process.env['WAVELOCK_SAMPLES'] || !existsSync(samples))('against rpm 4.18 and dpkg 1.21', () => {
  it.each([
    ['rpm', 'rpm-evr.json'],
    ['deb', 'deb-version.json'],
  ] as const)('%s compares every vector alike', (kind, file) => {
    const { cases } = Cases.parse(JSON.parse(readFileSync(join(samples, file), 'utf8')));
    const differs = ([a, b, sign]: [string, string, number]) =>
      compareVersions(kind, a, b) !== sign || compareVersions(kind, b, a) !== (sign === 0 ? 0 : -sign);
    const wrong = cases.map(([a, b, sign]): [string, string, number] => [a, b, sign]).filter(differs);
    expect(cases.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  it('reads what dpkg reads, and refuses what dpkg refuses', () => {
    const facts = Validity.parse(JSON.parse(readFileSync(join(samples, 'deb-version-validity.json'), 'utf8')));
    expect(facts.invalid.filter((text) => compareVersions('deb', text, text) !== undefined)).toEqual([]);
    expect([...facts.valid, ...facts.tolerated].filter((text) => compareVersions('deb', text, text) !== 0)).toEqual([]);
  });
});
