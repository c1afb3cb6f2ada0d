/** Wavelock's own documents, as they are shipped, on the test world's nodes. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { PatchReport, ScanReport, parseReport } from '../../lambdas/core/report.ts';
import type { Input } from '../../local/types.ts';
import { assembleDocument, documentNames } from '../../statemachines/documents/assemble.ts';
import { HERE, createWorld, type World, type WorldOptions } from './fleet-world.ts';

export const BUCKET = 'wavelock-locks';

/** A world with all of Wavelock's documents. */
export function wavelockWorld(options: WorldOptions = {}): World {
  const world = createWorld(options);
  for (const name of documentNames) {
    world.ssm.createDocument(HERE, { name, content: assembleDocument(name) });
  }
  return world;
}

/** Puts a lock where nodes can fetch it; gives the parameters that name it. */
export function lockParameters(world: World, lines: string[], batch: string): Record<string, string[]> {
  const text = `${lines.join('\n')}\n`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  world.objects.set(`${BUCKET}/locks/${sha256}.lock`, text);
  return { BatchId: [batch], LockUrl: [`https://${BUCKET}.s3.eu-central-1.amazonaws.com/locks/${sha256}.lock`], LockSha256: [sha256] };
}

/** What a finished command's Report step printed on a node. */
export async function patchReport(world: World, command: string, name: string): Promise<PatchReport> {
  const { Output } = await plugin(world, command, { name, step: 'Report' });
  return PatchReport.parse(parseReport(Output));
}

export async function scanReport(world: World, command: string, name: string): Promise<ScanReport> {
  const { Output } = await plugin(world, command, { name, step: 'Facts' });
  return ScanReport.parse(parseReport(Output));
}

/** One step's entry in the list of invocations. */
export async function plugin(world: World, command: string, { name, step }: { name: string; step: string }): Promise<Input> {
  const row = (await world.invocations(command))[world.host(name).id];
  return row.CommandPlugins.find((entry: Input) => entry.Name === step);
}

/** The versions before, one an item. */
export function unpacked({ from }: PatchReport): string[] {
  return from === '' ? [] : gunzipSync(Buffer.from(from, 'base64')).toString().split('\n');
}
