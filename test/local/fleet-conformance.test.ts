/**
 * Simulated nodes answer like the real scripts: the cases of `test/documents/conformance` run on both. What they say here, the
 * scripts say on a real package manager.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Offer } from '../../local/fleet/types.ts';
import { lockParameters, patchReport, unpacked, wavelockWorld } from './fleet-documents.ts';
import { nodes } from './fleet-world.ts';

interface Case {
  title: string;
  platform?: string;
  lock: string[];
  installed: Record<string, string>;
  repository: Array<Pick<Offer, 'package' | 'version' | 'needs'>>;
  expect: { end: string; why: string; phase: string; n: number; bad: Array<[number, string]>; from: string[] };
  after: Record<string, string>;
}

const folder = new URL('../documents/conformance/', import.meta.url);
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file): [string, Case] => [file, JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case]);

describe('a simulated node answers like the scripts', () => {
  it('to all cases that there are', () => expect(cases.length).toBeGreaterThan(10));

  it.each(cases)('%s', async (_, { platform = 'amazon-linux-2023-x86_64', lock, installed, repository, expect: expected, after }) => {
    const available = repository.map((offer): Offer => ({ ...offer, kind: 'security' }));
    const sim = wavelockWorld({ inventories: { plain: { platform, installed, available } }, nodes: nodes(1) });
    const document = platform.startsWith('windows') ? 'Wavelock-Patch-Windows' : 'Wavelock-Patch-Linux';
    const command = await sim.send(document, [sim.host('n1').id], { Parameters: lockParameters(sim, lock, 'case-0001') });
    await sim.clock.pass(3_600);
    const report = await patchReport(sim, command, 'n1');
    const { end, why, phase, n, bad } = report;
    expect({ end, why, phase, n, bad, from: unpacked(report) }).toEqual(expected);
    expect(
      Object.fromEntries(
        sim
          .host('n1')
          .packages.list()
          .map((item) => [item.name, item.version]),
      ),
    ).toEqual(after);
  });
});
