/** The demo's template with hooks in its policy: Wavelock-Patch takes no hook that no policy names. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesise } from '../../cli/run/synth.ts';
import { FLEET } from './fleet.ts';

const HOOKS = 'hooks: { before: { document: Corp-Drain, version: "7" }, after: { document: Corp-Failback, version: "3" } }';

/** Synthesises it; `remove` takes it away. */
export async function hookedAssembly(): Promise<{ assembly: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'wavelock-hooked-'));
  const [policy, assembly] = [join(folder, 'policy.yaml'), join(folder, 'assembly')];
  writeFileSync(
    policy,
    readFileSync('demo/policy.yaml', 'utf8').replace(/^( +)waves:$/m, (line, space: string) => `${space}${HOOKS}\n${line}`),
  );
  await synthesise({ locations: FLEET.locations, policy, directory: assembly });
  return { assembly, remove: () => rmSync(folder, { recursive: true }) };
}
