/** Feeds that are one file at one address: whether it changed is told by its ETag, and failing that by its hash. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { refuseWebPage } from './bytes.ts';
import { FeedError } from './feed.ts';
import type { PullContext, Pulled, Raw } from './feed.ts';
import { unchangedHealth } from './reading.ts';

export interface OneFile {
  url: string;
  /** Bytes, as sent. */
  maxBytes: number;
  /** How long the feed is silent at most while it is well. */
  quietDays: number;
}

/** What the cursor of such a feed remembers, besides its parser's version. */
export const FileCursor = {
  sha256: z.string(),
  etag: z.string().optional(),
  records: z.number(),
  skipped: z.number(),
  newest: z.string(),
};

interface Before {
  parser: number;
  /** Of a file that is kept at several addresses, the one that answered. */
  at?: string | undefined;
  sha256: string;
  etag?: string | undefined;
  records: number;
  skipped: number;
  newest: string;
}

/** The file, archived, with what the next cursor remembers of it; or the answer that nothing changed. */
export type FetchedFile =
  | { bytes: Buffer; raw: Raw; remembered: { sha256: string; etag: string | undefined } }
  | { unchanged: Extract<Pulled, { kind: 'unchanged' }> };

/** Fetches and archives it. Throws `FeedError`. */
export async function fetchFile({ url, maxBytes, quietDays }: OneFile, before: Before | undefined, context: PullContext): Promise<FetchedFile> {
  const unchanged = (cursor: Before): FetchedFile => ({
    unchanged: { kind: 'unchanged', cursor: JSON.stringify(cursor), health: unchangedHealth(cursor, quietDays, context.now) },
  });
  const fetched = await context.fetch(url, { maxBytes, ...(before?.etag === undefined ? {} : { etag: before.etag }) });
  if (fetched.kind === 'unchanged') {
    if (!before) throw new FeedError('refused', `${url} says "unchanged" without having been asked`);
    return unchanged(before);
  }
  const { bytes, etag } = fetched;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (before?.sha256 === sha256) return unchanged({ ...before, etag });
  refuseWebPage(bytes, url);
  return { bytes, raw: { ...(await context.archive(bytes)), url }, remembered: { sha256, etag } };
}
