/**
 * The world of a run: the embedded AWS in virtual time, in a process of its own, because its clock replaces the process's timers.
 * It waits for its configuration, runs one rollout to its end or hold, and tells what happens as it happens.
 */
import { NothingHappened } from './observer.ts';
import { openStage } from './stage.ts';
import type { WorldMessage } from './messages.ts';
import type { WorldConfig } from './stage.ts';

function tell(message: WorldMessage): void {
  process.send?.(message);
}

/** Runs the world of one configuration. */
async function run(config: WorldConfig): Promise<void> {
  const stage = await openStage(config, tell);
  await stage.playOut();
  tell(await stage.observer.ended());
  await stage.close();
}

/** Of an error of ours, where it came from, too. */
function wordsOf(error: unknown): string {
  if (error instanceof NothingHappened) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

// Without whoever started it nobody hears what it tells; ended in order, it leaves nothing behind.
for (const end of ['disconnect', 'SIGINT', 'SIGTERM', 'SIGHUP']) process.on(end, () => process.exit());

process.once('message', (config: WorldConfig) => {
  run(config).catch((error: unknown) => {
    tell({ type: 'broken', message: wordsOf(error) });
  });
});
