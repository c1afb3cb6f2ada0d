import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NothingHappened } from '../../cli/run/observer.ts';
import { synthesise } from '../../cli/run/synth.ts';
import { openScene, platformConfigOf } from '../scenarios/stage.ts';
import type { Scene } from '../scenarios/stage.ts';

const HOUR = 3_600_000;
/** CISA lists the CVE nine hours after the story's begin (demo/scenarios/zero-day.yaml). */
const LISTED = Date.parse('2026-12-21T14:05:00Z');

const folder = mkdtempSync(join(tmpdir(), 'wavelock-never-'));
let scene: Scene;

beforeAll(async () => {
  const config = platformConfigOf('zero-day', 'rhel');
  const policy = join(folder, 'policy.yaml');
  const shipped = readFileSync('demo/zero-day/policy.yaml', 'utf8');
  writeFileSync(policy, shipped.replace('- { knownExploited: true }', '- { epss: "> 0.99", severity: low, tags: { Exposure: nowhere } }'));
  const assembly = join(folder, 'assembly');
  await synthesise({ locations: config.fleet.locations, policy, directory: assembly, feedsSchedule: config.scenario?.feedsSchedule });
  scene = await openScene({ ...config, assembly });
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true });
});

it('ends two days after the last publication where no advisory starts the policy, and says what to do', async () => {
  const error = await scene.run().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NothingHappened);
  expect((error as Error).message).toMatch(/^No advisory has started the policy zero-day within 48 virtual hours .*startWhen.*Loosen startWhen/);
  const waited = scene.clock.now() - LISTED;
  expect(waited).toBeGreaterThan(48 * HOUR);
  expect(waited).toBeLessThan(52 * HOUR);
});
