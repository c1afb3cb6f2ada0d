/** What the machines are exposed to, and what their repositories would have to offer to close it. */
import type { FleetExposure } from '../../lambdas/core/survey/exposure.ts';
import type { Machine } from '../../lambdas/core/survey/machines.ts';
import type { Offer } from '../../local/fleet/types.ts';

export interface ExposureOptions {
  /** Folder of advisories; left out: the vendors' sites. */
  feeds: string | undefined;
  tell: (text: string) => void;
}

export async function exposureOf(_machines: readonly Machine[], _options: ExposureOptions): Promise<{ exposure: FleetExposure | undefined; offers: (platform: string, list: string) => Offer[] }> {
  return { exposure: undefined, offers: () => [] };
}
