/** `wavelock exposure`: of a hub, or offline from inventory files. Options of the one mean nothing to the other, and are refused there. */
import { EXIT, QUALIFIER } from '../run/messages.ts';
import type { OfflineOptions } from './offline.ts';
import type { OnlineOptions } from './online.ts';

export type ExposureOptions = Partial<OfflineOptions> & OnlineOptions;

const ONLINE = ['advisory', 'cve', 'node', 'service', 'endpoint'] as const;
const OFFLINE = ['feeds', 'platform', 'policy', 'now'] as const;

/** Answers the exit status: 0 shown, 2 bad input or no hub. */
export async function exposure(options: ExposureOptions): Promise<number> {
  const { inventory, feeds } = options;
  if (inventory === undefined) {
    const strange = OFFLINE.filter((name) => options[name] !== undefined);
    if (strange.length > 0)
      return refuse(`${dashed(strange)} ${strange.length === 1 ? 'belongs' : 'belong'} to --inventory, which says whose files to look at`);
    const { onlineExposure } = await import('./online.ts');
    return onlineExposure(options);
  }
  const strange = [...ONLINE.filter((name) => options[name] !== undefined), ...(options.qualifier === QUALIFIER ? [] : ['qualifier'])];
  if (strange.length > 0)
    return refuse(
      `${dashed(strange)} ${strange.length === 1 ? 'asks' : 'ask'} a hub; with --inventory there is none: choose from the rows of --json`,
    );
  if (feeds === undefined) return refuse('--inventory needs --feeds: a folder with advisories as the vendors publish them');
  const { offlineExposure } = await import('./offline.ts');
  return offlineExposure({ ...options, inventory, feeds });
}

function dashed(names: readonly string[]): string {
  return names.map((name) => `--${name}`).join(', ');
}

function refuse(problem: string): number {
  process.stderr.write(`${problem}\n`);
  return EXIT.badInput;
}
