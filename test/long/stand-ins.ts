/** Worlds in which a policy has something that stands in for a fix: one that works, one that fails on a test node, and one that is not there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesise } from '../../cli/run/synth.ts';
import { alas, seedKnowledge } from '../handlers/knowledge.ts';
import { FLEET, HERE } from '../handlers/fleet.ts';
import { layOutRound, planNode, planWave, seedFacts, seedRollout } from '../handlers/rollouts.ts';
import { awaiting, createStarts, zeroDay } from '../handlers/starts.ts';
import { createWorld, found } from '../handlers/world.ts';
import type { World } from '../handlers/world.ts';
import type { RolloutRow } from '../../lambdas/aws/record.ts';
import type { Pin } from '../../lambdas/core/pin.ts';
import type { FleetFile } from '../../local/fleet/types.ts';

/** YAML of three `whileNoFix`. */
export interface Forms {
  works: string;
  fails: string;
  missing: string;
}

const policyText = ({ works, fails, missing }: Forms): string => `
version: 1
mode: auto
people:
  linux-ops: { email: [ops@example.com] }
  security: { email: [soc@example.com] }
policies:
  stand-in:
    startWhen: [{ knownExploited: true }]
    nodes: { os: linux, exposed: true, tags: { Wavelock: enabled } }
    patches: only-what-closes-it
    windows: ignore
    whileNoFix: ${works}
    waves:
      - { name: test, nodes: { tags: { Environment: test } }, soak: 10m, promoteWhen: { provenOn: 2, failed: 0, unreachable: 0 } }
      - { name: production, nodes: everything-else, promoteWhen: { failed: 0, unreachable: 0 } }
    tell: { linux-ops: everything, security: everything }
  broken:
    startWhen: [{ epss: "> 0.9" }]
    nodes: { os: linux, exposed: true, tags: { Wavelock: enabled } }
    patches: only-what-closes-it
    whileNoFix: ${fails}
    waves: &waves
      - { name: test, nodes: { tags: { Environment: test } }, promoteWhen: { provenOn: 1, failed: 0, unreachable: 0 } }
      - { name: production, nodes: everything-else, promoteWhen: { failed: 0, unreachable: 0 } }
    tell: { security: everything }
  nowhere:
    startWhen: [{ epss: "> 0.9" }]
    nodes: { os: linux, exposed: true, tags: { Wavelock: enabled } }
    patches: only-what-closes-it
    whileNoFix: ${missing}
    waves: *waves
    tell: { security: everything }
`;

export interface StandInWorld {
  world: World;
  starts: ReturnType<typeof createStarts>;
  /** The rollout of this lane, once it has ended. */
  ended(lane: string): Promise<RolloutRow>;
  /** What starts `broken` and `nowhere`: an advisory without fix for something else. */
  startOthers(): Promise<void>;
  stop(): Promise<void>;
}

/** Boots it. `files` are put into a folder, and `fleet` is made of where that is. */
export async function createStandIns(
  forms: Forms,
  files: Record<string, string>,
  fleet: (folder: string) => Partial<FleetFile>,
): Promise<StandInWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'wavelock-stand-in-'));
  for (const [name, text] of Object.entries({ ...files, 'policy.yaml': policyText(forms) })) writeFileSync(join(folder, name), text);
  const assembly = join(folder, 'assembly');
  await synthesise({ locations: FLEET.locations, policy: join(folder, 'policy.yaml'), directory: assembly });
  const world = await createWorld({ assembly, fleet: { file: { ...FLEET, ...fleet(folder) } } });
  const starts = createStarts(world);
  await seedFacts(world);
  return {
    world,
    starts,
    async ended(lane) {
      for (let looks = 0; looks < 400; looks += 1) {
        await world.pass(60);
        const [run] = await world.record.runs(lane);
        const row = run && (await world.record.findRollout(run.rollout));
        if (row?.endedAt !== undefined) return row;
      }
      throw new Error(`no rollout of ${lane} has ended`);
    },
    async startOthers() {
      await seedFacts(world);
      const advisory = alas('ALAS2023-2026-902', { package: 'curl', fixed: null, cves: ['CVE-2026-1002'] });
      await seedKnowledge(world, { advisories: [advisory], scores: [{ cve: 'CVE-2026-1002', epss: 0.97, percentile: 0.99 }] });
      await starts.reckon();
      await starts.start();
    },
    async stop() {
      await world.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A batch of the two test nodes that runs this, reserved and ready to be sent. */
export async function admitStandIn({ world }: StandInWorld, pin: Pin, name: string): Promise<{ rollout: string; batch: string }> {
  const rollout = `${name}-20261109-aaaaaa`;
  const waves = [planWave('test', [planNode('test1'), planNode('test2')])];
  await seedRollout(world, rollout, {
    policy: zeroDay({ name }),
    because: awaiting(2),
    doing: 'mitigate',
    documents: { [HERE]: { 'mitigate-linux': pin } },
    candidate: [],
    waves,
  });
  await world.answer('OpenWave', { rollout, wave: 'test' });
  const { tracks } = await layOutRound(world, rollout, 'test');
  const { batch } = await world.answer('AdmitBatch', { track: found(tracks[0], 'track'), index: 0 });
  return { rollout, batch };
}
