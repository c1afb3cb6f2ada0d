/** Advisories of vendors that name a CVE, out of a hub's store. */
import { z } from 'zod';
import { readLines } from '../../lambdas/aws/lines.ts';
import type { FeedRow } from '../../lambdas/aws/record.ts';
import type { OpenHub } from '../hub.ts';

/**
 * Those of the feeds whose tables of contents name the CVE, as our own lines have them, from all shards or from those named
 * (`amazon-linux-2023`). One that lies in several shards comes several times, each time with the rows of one. Lines are parsed only where
 * they name the CVE: a shard may have a hundred thousand.
 */
export async function* storedNaming(cve: string, { record, store }: OpenHub, shards?: readonly string[]): AsyncGenerator {
  for (const row of await record.feeds()) {
    if (!(await contentsOf(row, store)).includes(cve)) continue;
    const wanted = Object.entries((row.objects ?? {}) as Record<string, string>).filter(([shard]) => shards === undefined || shards.includes(shard));
    for (const [, key] of wanted) yield* linesNaming(cve, key, store);
  }
}

async function* linesNaming(cve: string, key: string, store: OpenHub['store']): AsyncGenerator {
  for await (const line of readLines(await store.open(key))) if (line.includes(`"${cve}"`)) yield JSON.parse(line) as unknown;
}

const Entry = z.looseObject({ id: z.string(), withdrawn: z.string().optional() });

/**
 * Whether a stored advisory has this id, and when it was withdrawn by all that have it (ISO-8601); by the feeds' tables of contents, an
 * entry a line.
 */
export async function findStored(id: string, { record, store }: OpenHub): Promise<{ withdrawn?: string } | undefined> {
  let found: { withdrawn?: string } | undefined;
  for (const { index } of await record.feeds()) {
    const entry = index === undefined ? undefined : await entryOf(id, await store.open(index));
    if (entry && entry.withdrawn === undefined) return {};
    found = entry ?? found;
  }
  return found;
}

async function entryOf(id: string, contents: Awaited<ReturnType<OpenHub['store']['open']>>): Promise<z.infer<typeof Entry> | undefined> {
  for await (const line of readLines(contents)) if (line.includes(`"id":${JSON.stringify(id)}`)) return Entry.parse(JSON.parse(line));
  return undefined;
}

/** The CVEs that a feed's advisories name: the first line of its table of contents. */
async function contentsOf(row: FeedRow, store: OpenHub['store']): Promise<string[]> {
  if (row.index === undefined) return [];
  for await (const line of readLines(await store.open(row.index))) return z.array(z.string()).parse(JSON.parse(line));
  return [];
}
