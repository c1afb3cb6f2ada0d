/** Scans of the handler tests, as the intake machine runs them. */
import { TrackFile } from '../../lambdas/core/batch.ts';
import { sendAndWait } from './rollouts.ts';
import type { World } from './world.ts';

export interface Scan {
  scan: string;
  tracks: { key: string; batches: number }[];
  files: TrackFile[];
}

/** Lays out a scan and reads what lies in the store. */
export async function layOutScan(world: World, execution: string, maxAgeHours = 0): Promise<Scan> {
  const { scan, key } = await world.answer('LayOutScan', { execution, maxAgeHours });
  const tracks = (await world.store.getJson(key)) as { key: string; batches: number }[];
  return { scan, tracks, files: await Promise.all(tracks.map(async (track) => TrackFile.parse(await world.store.getJson(track.key)))) };
}

/** Admits every batch of a scan and lets it end; answers the batches, not yet settled. */
export async function runScan(world: World, { tracks }: Scan): Promise<string[]> {
  const batches: string[] = [];
  for (const track of tracks) {
    for (let index = 0; index < track.batches; index += 1) {
      const { action, batch } = await world.answer('AdmitBatch', { track, index });
      if (action !== 'send') continue;
      await sendAndWait(world, batch);
      batches.push(batch);
    }
  }
  return batches;
}
