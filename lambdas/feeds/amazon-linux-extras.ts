/**
 * Amazon Linux 2's extras: some sixty topics (`kernel-5.15`, `docker`, `nginx1`), each a small repository of its own that a node has
 * only after `amazon-linux-extras enable`. The same package name (`kernel`) has other versions in each, so all of a topic is in its
 * channel.
 */
import { z } from 'zod';
import { AMAZON_HOST, AMAZON_QUIET_DAYS, amazonDialect } from './amazon-linux.ts';
import { readJson } from './bytes-json.ts';
import { FeedError } from './feed.ts';
import type { Feed, PullContext, Pulled } from './feed.ts';
import { parseCursor, unchangedHealth } from './reading.ts';
import { UPDATEINFO_PARSER, announce, checksumOf, download, findBase, readAnnounced } from './updateinfo-feed.ts';
import type { Announced, Repository } from './updateinfo-feed.ts';

const NAME = 'amazon-linux-2-extras';
const CATALOGUE_URL = `https://${AMAZON_HOST}/2/extras-catalog.json`;
const MAX_CATALOGUE = 8 * 1024 * 1024;
/** Topics that one poll asks about, those first that were asked longest ago: each is asked several times a day, and a poll stays cheap. */
const ASKED_AT_ONCE = 16;
const IN_FLIGHT = 6;
/** A catalogue with more is none; Amazon Linux 2 ended with some sixty. */
const MAX_TOPICS = 300;

const Catalogue = z.object({ topics: z.array(z.object({ n: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,59}$/) })) });

/** `base` is `null` for a topic that the catalogue names and the site does not have, `checksum` for one without advisories. */
const Topic = z.strictObject({ name: z.string(), base: z.string().nullable(), checksum: z.string().nullable() });
type Topic = z.infer<typeof Topic>;

const Cursor = z.strictObject({
  parser: z.literal(UPDATEINFO_PARSER),
  /** The one asked longest ago comes first. */
  topics: z.array(Topic),
  records: z.number(),
  skipped: z.number(),
  newest: z.string(),
});
type Cursor = z.infer<typeof Cursor>;

/** All topics that exist, together one feed: whenever one has changed, all are read. */
export const amazonLinux2Extras: Feed = {
  name: NAME,
  source: 'alas',
  platforms: ['amazon-linux-2-'],
  everyHours: 6,
  parser: UPDATEINFO_PARSER,
  hosts: [AMAZON_HOST],
  pull,
};

async function pull(context: PullContext): Promise<Pulled> {
  const before = parseCursor(Cursor, context.cursor);
  const names = readCatalogue(await download(context, CATALOGUE_URL, MAX_CATALOGUE));
  const known = (before?.topics ?? []).filter((topic) => names.includes(topic.name));
  const unknown = names.filter((name) => !known.some((topic) => topic.name === name));
  if (before && unknown.length === 0 && known.length === before.topics.length) {
    const asked = await inGroups(known.slice(0, ASKED_AT_ONCE), (topic) => ask(context, topic.name, topic));
    if (asked.every(({ topic }, index) => topic.checksum === known[index]?.checksum)) {
      const topics = [...known.slice(ASKED_AT_ONCE), ...asked.map(({ topic }) => topic)];
      const cursor = JSON.stringify({ ...before, topics } satisfies Cursor);
      return { kind: 'unchanged', cursor, health: unchangedHealth(before, AMAZON_QUIET_DAYS, context.now) };
    }
  }
  return readAll(context, names, before);
}

async function readAll(context: PullContext, names: string[], before: Cursor | undefined): Promise<Pulled> {
  const asked = await inGroups(names, (name) =>
    ask(
      context,
      name,
      before?.topics.find((topic) => topic.name === name),
      true,
    ),
  );
  const announced = asked.flatMap((item) => item.announced ?? []);
  const { counted, ...read } = await readAnnounced(context, announced, { name: NAME, quietDays: AMAZON_QUIET_DAYS, before });
  const cursor = JSON.stringify({ parser: UPDATEINFO_PARSER, topics: asked.map(({ topic }) => topic), ...counted } satisfies Cursor);
  return { ...read, cursor };
}

function readCatalogue(bytes: Buffer): string[] {
  const names = [...new Set(readJson(Catalogue, bytes, CATALOGUE_URL).topics.map((topic) => topic.n))];
  if (names.length === 0) throw new FeedError('empty', `${CATALOGUE_URL} names no topic`);
  if (names.length > MAX_TOPICS) throw new FeedError('too-large', `${CATALOGUE_URL} names ${names.length} topics`);
  return names;
}

interface Asked {
  topic: Topic;
  announced?: Announced;
}

/**
 * What a topic holds now. Its mirror list names a directory after its content, so the same directory needs no second question, but
 * for `again`. A topic that the site does not have is no error, unless it had it before: then it is hidden, not gone.
 */
async function ask(context: PullContext, name: string, before: Topic | undefined, again = false): Promise<Asked> {
  const repository = repositoryOf(name);
  let base: string;
  try {
    base = await findBase(context, repository, [AMAZON_HOST]);
  } catch (error) {
    const absent = error instanceof FeedError && error.code === 'refused' && (before?.base ?? null) === null;
    if (!absent) throw error;
    return { topic: { name, base: null, checksum: null } };
  }
  if (before && !again && before.base === base && /\/[0-9a-f]{32,64}\/$/.test(base)) return { topic: before };
  const announced = await announce(context, repository, base);
  if (!announced) return { topic: { name, base, checksum: null } };
  return { topic: { name, base, checksum: checksumOf(announced.file) }, announced };
}

function repositoryOf(topic: string): Repository {
  const dialect = { ...amazonDialect(NAME, '2', `amazon-linux-2---${topic}`), channel: `extras:${topic}` };
  return { name: topic, at: { mirrorList: `https://${AMAZON_HOST}/2/extras/${topic}/latest/x86_64/mirror.list` }, dialect };
}

/** A few at a time: the site is asked gently, and a poll still ends within seconds. */
async function inGroups<Item, Answer>(items: readonly Item[], one: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length; start += IN_FLIGHT) {
    answers.push(...(await Promise.all(items.slice(start, start + IN_FLIGHT).map(one))));
  }
  return answers;
}
