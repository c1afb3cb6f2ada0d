/** What a deployer's own choices make of an intake: exceptions and deadlines of a policy file, and Amazon Inspector asked as well. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { synthesise } from '../../cli/run/synth.ts';
import { readOpenExposures } from '../../lambdas/aws/exposures.ts';
import { readInspectorView, writeInspectorView } from '../../lambdas/aws/inspector.ts';
import { FLEET, HERE, ID, THERE } from './fleet.ts';
import { alas, seedKnowledge } from './knowledge.ts';
import { FACTS, seedFacts } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { ExposureSummary } from '../../lambdas/core/exposures/types.ts';
import type { World } from './world.ts';

const POLICY = `
version: 1
deadlines:
  - { when: { knownExploited: true }, kevDueDate: obey }
  - { preset: essential-eight }
exceptions:
  - { cve: CVE-2026-1001, nodes: { tags: { Environment: production } }, owner: ann@example.com, why: filtered at the proxy, until: 2027-01-31 }
policies:
  monthly:
    nodes: { tags: { Wavelock: enabled } }
    plan: { every: day, at: "09:00", timezone: UTC }
    patches: { kinds: [security] }
    waves: [ { name: test, nodes: { tags: { Environment: test } } } ]
`;

let world: World;
const directory = mkdtempSync(join(tmpdir(), 'wavelock-exposures-'));

beforeAll(async () => {
  const policy = join(directory, 'wavelock.yaml');
  writeFileSync(policy, POLICY);
  const assembly = join(directory, 'assembly');
  await synthesise({ locations: FLEET.locations, policy, directory: assembly, inspector: true });
  const inspected = FLEET.nodes.map((entry) => {
    if (entry.name === 'test-{n}') return { ...entry, inspector: { 'CVE-2026-1001': 'HIGH' as const } };
    return entry.name === 'shop-{n}' ? { ...entry, inspector: { 'CVE-2026-5555': 'LOW' as const } } : entry;
  });
  world = await createWorld({ assembly, fleet: { file: { ...FLEET, nodes: inspected } } });
  await seedFacts(world, { ...FACTS, available: [] });
});
afterAll(async () => {
  await world.stop();
  rmSync(directory, { recursive: true });
});

async function close(scan: string): Promise<ExposureSummary> {
  await world.answer('CloseIntake', { scan });
  return found(await readOpenExposures(world.store), 'summary');
}

/** As if Inspector had been asked a day ago. */
async function yesterday(): Promise<void> {
  for (const location of FLEET.locations) {
    const view = found(await readInspectorView(world.store, location), 'what Inspector says');
    await writeInspectorView(world.store, { ...view, at: new Date(Date.parse(view.at) - 86_400_000).toISOString() });
  }
}

const LISTED = { cve: 'CVE-2026-1001', added: '2026-11-08', due: '2026-11-29', ransomware: false, product: 'OpenSSL OpenSSL' };

describe('CloseIntake', () => {
  it('leaves excepted nodes out until the exception ends by itself, and then for good', async () => {
    const advisories = [alas('ALAS2023-2026-901', { severity: 'critical' })];
    await seedKnowledge(world, { advisories });
    const calm = await close('calm');
    expect(calm.exposures).toMatchObject([
      { nodes: 2, excepted: expect.objectContaining({ length: 6 }), deadline: 'essential-eight: severity critical: within 48 h of being published' },
    ]);
    expect(calm.exposures[0]?.excepted[0]).toEqual({
      node: expect.stringContaining('/'),
      why: 'filtered at the proxy (ann@example.com, until 2027-01-31)',
    });
    expect(calm.counts).toMatchObject({ exposures: 2, excepted: 6, exposed: 2 });
    expect(calm.exceptions).toMatchObject([{ knownExploited: false }]);

    await seedKnowledge(world, { advisories, exploited: [LISTED] });
    const urgent = await close('urgent');
    expect(urgent.exposures).toMatchObject([{ nodes: 8, excepted: [], due: '2026-11-29T23:59:59.000Z' }]);
    expect(urgent.exceptions).toMatchObject([{ knownExploited: false, ended: { why: 'CISA lists it as exploited since' } }]);

    await seedKnowledge(world, { advisories });
    expect(await close('calm again')).toMatchObject({ exposures: [{ nodes: 8 }], exceptions: [{ since: calm.exceptions[0]?.since, ended: {} }] });
  });

  it('asks Inspector once a day where it is switched on, and keeps what it says apart', async () => {
    const view = found(await readInspectorView(world.store, HERE), 'what Inspector says');
    expect(view.complete).toBe(true);
    expect(view.nodes[ID.test1]).toEqual({ active: true, reason: 'SUCCESSFUL', cves: ['CVE-2026-1001'] });
    expect(view.nodes[ID.shop1]?.cves).toEqual(['CVE-2026-5555']);
    expect(view.nodes[ID.stranger]).toMatchObject({ active: false });
    expect(await readInspectorView(world.store, THERE)).toMatchObject({ nodes: {} });
    const asked = world.calls('inspector2:ListFindings');
    await close('the same day');
    expect(world.calls('inspector2:ListFindings')).toBe(asked);
    await yesterday();
    await close('the next day');
    expect(world.calls('inspector2:ListFindings')).toBeGreaterThan(asked);
  });

  it("goes on without Inspector where that can't be asked", async () => {
    await yesterday();
    world.fail({ call: 'inspector2:ListCoverage', when: 'before', code: 'AccessDeniedException', status: 403 });
    const before = await readInspectorView(world.store, HERE);
    expect((await close('without')).counts.nodes).toBe(9);
    expect(await readInspectorView(world.store, HERE)).toEqual(before);
    expect(world.log('CloseIntake').some((line) => line.includes('Amazon Inspector could not be asked'))).toBe(true);
    world.mend();
  });
});
