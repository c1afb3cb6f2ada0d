import { Terminal } from '../core/errors.ts';
import { partsKey } from '../core/keys.ts';
import { createFetch } from '../feeds/fetch.ts';
import { FeedError } from '../feeds/feed.ts';
import { findFeed } from '../feeds/index.ts';
import { commit, count, failed, healthy, unreckoned } from './feed-health.ts';
import { layOutParts, readManifest, readPart, storeParts } from './feed-parts.ts';
import { readTrail, saveTrail, Trail } from './feed-trail.ts';
import { implement } from './implement.ts';
import { storeAdvisories } from './store-advisories.ts';
import { USER_AGENT } from './user-agent.ts';
import { storeExploited, storeLifecycles, storeScores } from './store-lists.ts';
import type { Dependencies } from '../aws/dependencies.ts';
import type { FeedFields } from '../aws/record-feeds.ts';
import type { Feed, Pulled } from '../feeds/feed.ts';
import type { Fetch } from '../feeds/fetch.ts';
import type { FeedAnswer, Visit } from './feed-health.ts';
import type { TaskOutput } from '../../statemachines/contracts.ts';

type Answer = TaskOutput<'PullFeed'>;

/** So many parts are read here and now: hourly changes are few, and need no machine of their own. */
const PARTS_AT_ONCE = 1;

/**
 * Reads one feed: archived under its hash first, stored only when the whole of it could be read. A broken feed is a value, and what it
 * said before stays. Where only the parser has changed, what was archived is read again and the vendor's site is left alone.
 */
export const handler = implement('PullFeed', async ({ feed: name, repository }, deps) => {
  const feed = findFeed(name, repository);
  if (!feed) throw new Terminal(`no feed is called ${name}`);
  const visit: Visit = { feed: name, base: await deps.record.feed(name), pulled: deps.now() };
  const fetch = createFetch({ hosts: feed.hosts, baseUrls: {}, userAgent: USER_AGENT });
  try {
    return (await readAgain({ feed, visit, fetch, deps })) ?? (await read({ feed, visit, fetch, deps }, false));
  } catch (error) {
    return here(await failed(visit, error, deps));
  }
});

interface Reading {
  feed: Feed;
  visit: Visit;
  fetch: Fetch;
  deps: Dependencies;
}

/** With a newer parser, from the archive. `undefined` where there is no need, or where what is archived does not do. */
async function readAgain(reading: Reading): Promise<Answer | undefined> {
  const { feed, visit, deps } = reading;
  const { parser, cursor = '', trail } = visit.base ?? {};
  // Without a cursor a person wants it read anew.
  if (feed.parser === undefined || parser === undefined || feed.parser <= parser || cursor === '' || trail === undefined) return undefined;
  try {
    return await read(reading, true);
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    deps.log.warn(`${feed.name} could not be read from the archive: ${error.message}`);
    return undefined;
  }
}

async function read({ feed, visit, fetch, deps }: Reading, replay: boolean): Promise<Answer> {
  const { base, pulled: now } = visit;
  // An empty cursor is one that a person has cleared, to accept a feed that has shrunk.
  const known = base?.cursor === '' ? undefined : base?.cursor;
  const before = replay ? await readTrail(base?.trail, deps.store) : new Map();
  const trail = new Trail(feed.name, deps.store, before);
  const pulled = await feed.pull({
    fetch: replay ? trail.replaying(fetch) : trail.recording(fetch),
    cursor: replay ? undefined : known,
    now,
    archive: trail.archive,
  });
  if (pulled.kind === 'unchanged') return unchanged(pulled, visit, deps);
  if (pulled.kind === 'parts') return inParts({ feed, visit, fetch, deps }, pulled, { trail, replay });
  const footprints = await trail.footprints();
  const { changed, fields } = await store(feed, pulled, visit, deps);
  const kept = await saveTrail(feed.name, await readTrail(base?.trail, deps.store), footprints, deps.store);
  const parser = feed.parser === undefined ? {} : { parser: feed.parser };
  await commit(visit, { ...said(pulled, visit, replay), ...fields, ...parser, trail: kept, changed }, deps);
  count(feed.name, pulled.health, deps);
  return here({ feed: feed.name, result: pulled.kind === 'trigger' ? 'triggered' : 'stored', changed, reason: '' });
}

/** A vendor who was not asked has not succeeded. */
function said(pulled: Pulled, visit: Visit, replay: boolean): FeedFields {
  const { lastSuccess, ...fields } = healthy(pulled.health, visit);
  return { ...fields, cursor: pulled.cursor, ...(replay ? {} : { lastSuccess }) };
}

async function unchanged(pulled: Pulled, visit: Visit, deps: Dependencies): Promise<Answer> {
  const { base, feed } = visit;
  // The names of what could not be read are not in the cursor, and still hold.
  const problems = base?.problems ?? [];
  await deps.record.setFeedAt(feed, base?.revision ?? 0, { ...healthy({ ...pulled.health, problems }, visit), cursor: pulled.cursor });
  count(feed, pulled.health, deps);
  return here({ feed, result: 'unchanged', changed: await unreckoned(base, deps), reason: '' });
}

async function store(
  feed: Feed,
  pulled: Exclude<Pulled, { kind: 'unchanged' | 'parts' }>,
  visit: Visit,
  deps: Dependencies,
): Promise<{ changed: number; fields: FeedFields }> {
  const { base } = visit;
  const list = { feed: feed.name, base, title: `${pulled.kind}-${pulled.health.newest.slice(0, 10)}` };
  if (pulled.kind === 'exploited') return split(await storeExploited(list, pulled.exploited, deps));
  if (pulled.kind === 'scores') return split(await storeScores(list, pulled.scores, deps));
  if (pulled.kind === 'lifecycles') return split(await storeLifecycles(list, pulled.lifecycles, deps));
  if (pulled.kind === 'trigger') {
    const wanted = new Date(visit.pulled).toISOString();
    const named = pulled.feeds.filter((name) => findFeed(name) !== undefined);
    await Promise.all(named.map((name) => deps.record.setFeed(name, { wanted })));
    return { changed: 0, fields: {} };
  }
  const { skipped, problems } = pulled.health;
  const present = pulled.complete ? 'all' : 'unknown';
  const incoming = {
    feed: feed.name,
    pulled: visit.pulled,
    base,
    advisories: () => pulled.advisories,
    present,
    skipped,
    problems,
    accepted: base?.cursor === '',
  } as const;
  return split(await storeAdvisories(incoming, deps));
}

function split({ changed, ...fields }: { changed: number; objects: Record<string, string>; index?: string }): {
  changed: number;
  fields: FeedFields;
} {
  return { changed, fields };
}

async function inParts(
  reading: Reading,
  pulled: Extract<Pulled, { kind: 'parts' }>,
  { trail, replay }: { trail: Trail; replay: boolean },
): Promise<Answer> {
  const { feed, visit, fetch, deps } = reading;
  const run = `${visit.pulled}-${visit.base?.revision ?? 0}`;
  const parser = feed.parser === undefined ? {} : { parser: feed.parser };
  const items = await layOutParts(
    run,
    pulled,
    {
      feed: feed.name,
      pulled: visit.pulled,
      revision: visit.base?.revision ?? 0,
      accepted: visit.base?.cursor === '',
      replay,
      footprints: await trail.footprints(),
      ...parser,
    },
    deps,
  );
  if (items.length > PARTS_AT_ONCE) {
    const reason = `${items.length} parts`;
    return { feed: feed.name, result: 'parts', changed: 0, reason, run, bucket: deps.store.bucket, key: partsKey(feed.name, run, 'items.json') };
  }
  for (const item of items) await readPart(feed, item, fetch, deps);
  return here(await storeParts(visit, run, await readManifest(feed.name, run, deps), deps));
}

/** An answer that leaves nothing to do. */
function here(answer: FeedAnswer): Answer {
  return { ...answer, run: '', bucket: '', key: '' };
}
