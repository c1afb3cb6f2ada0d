import { failed } from './feed-health.ts';
import { readManifest, storeParts } from './feed-parts.ts';
import { implement } from './implement.ts';
import { Retryable } from '../core/errors.ts';

/** Puts together what the parts of a feed have left, stores it, and writes down how the feed is. Repeatable: the row is written once. */
export const handler = implement('StoreFeed', async ({ feed, run }, deps) => {
  const manifest = await readManifest(feed, run, deps);
  const base = await deps.record.feed(feed);
  const visit = { feed, base, pulled: manifest.pulled };
  if ((base?.revision ?? 0) !== manifest.revision) {
    // Its own earlier try may have written the row already, and died before it could say what that brought.
    if (base?.cursor === manifest.cursor) return { feed, result: 'stored', changed: base.changed ?? 0, reason: '' };
    throw new Retryable(`another intake has stored ${feed} meanwhile`);
  }
  try {
    return await storeParts(visit, run, manifest, deps);
  } catch (error) {
    return failed(visit, error, deps);
  }
});
