import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsText, fingerprintText, parseFacts } from '../../lambdas/core/facts.ts';
import type { FleetFacts } from '../../lambdas/core/model.ts';

const TEXT = [
  'A\tcurl\tx86_64\t8.5.0-1.amzn2023.0.4\tsecurity\tcritical\tALAS2023-2026-927,ALAS2023-2026-932',
  'C\tlivepatch',
  'D\tlibfoo\tx86_64\t1.2-3',
  'I\tcurl\tx86_64\t8.3.0-1.amzn2023.0.2\t-',
  'I\tperl-Errno\tx86_64\t1.30-477.amzn2023\tperl\t5.32.1-477.amzn2023',
  'I\tpython3-libs\tx86_64\t3.9.16-1.amzn2023.0.8\tpython3.9',
  'K\t6.1.94-99.176.amzn2023.x86_64',
  'L\t2023.5.20240903',
  'M\truby:3.1',
  'P\tamazon-linux-2023-x86_64',
  'R\t2023.6.20241010',
  '',
].join('\n');

describe('the list of a scan', () => {
  it('says what runs, what the node is held to, and where it gets fixes from', () => {
    expect(parseFacts(TEXT)).toMatchObject({
      platform: 'amazon-linux-2023-x86_64',
      kernel: '6.1.94-99.176.amzn2023.x86_64',
      releasever: '2023.6.20241010',
      held: '2023.5.20240903',
      channels: ['livepatch'],
      modules: ['ruby:3.1'],
      installed: [
        { name: 'curl', arch: 'x86_64', version: '8.3.0-1.amzn2023.0.2' },
        { name: 'perl-Errno', source: 'perl', sourceVersion: '5.32.1-477.amzn2023' },
        { name: 'python3-libs', source: 'python3.9' },
      ],
    });
  });

  it('is written again as it was read, byte by byte: its hash is the fingerprint', () => {
    expect(factsText(parseFacts(TEXT) as FleetFacts)).toBe(TEXT);
  });

  it('without its snapshot is what the fingerprint hashes: a scan an hour later finds the same node', () => {
    const later = parseFacts(`${TEXT}S\t20261209T050000Z\n`) as FleetFacts;
    expect(later.snapshot).toBe('20261209T050000Z');
    expect(fingerprintText(later)).toBe(TEXT);
  });

  it('may have a source version beside the package’s own name', () => {
    const text = 'I\tbash\tamd64\t5.2-2+b7\t-\t5.2-2\nP\tdebian-12-x86_64\n';
    expect(parseFacts(text)?.installed).toEqual([{ name: 'bash', arch: 'amd64', version: '5.2-2+b7', sourceVersion: '5.2-2' }]);
    expect(factsText(parseFacts(text) as FleetFacts)).toBe(text);
  });

  it('on Windows has KBs and the build', () => {
    const text = 'A\tKB5071234\t-\t-\tsecurity\tcritical\tKB5071234\nI\tKB5070000\t-\t-\t-\nK\t10.0.20348.2762\nP\twindows-2022-x86_64\n';
    expect(parseFacts(text)).toMatchObject({ kernel: '10.0.20348.2762', installed: [{ name: 'KB5070000', arch: '', version: '' }] });
    expect(factsText(parseFacts(text) as FleetFacts)).toBe(text);
  });

  it.each(['X\tsomething', 'I\tcurl\tx86_64', 'I\tcurl\tx86_64\t1\t-\t1\t2', 'K\ta\tb', 'A\tcurl\tx86_64\t1\tnonsense\tlow\t-', 'C', 'hello'])(
    'with a line of unknown form (%j) is of no use',
    (line) => {
      expect(parseFacts(`${TEXT}${line}\n`)).toBeUndefined();
    },
  );

  it('is the same whatever the order in which facts were found', () => {
    const facts = parseFacts(TEXT) as FleetFacts;
    fc.assert(
      fc.property(fc.shuffledSubarray(facts.installed, { minLength: facts.installed.length }), (installed) => {
        expect(factsText({ ...facts, installed })).toBe(TEXT);
      }),
    );
  });
});
