/**
 * Rows as the record keeps them: those of one fingerprint in a few parts, each read and written as a whole. What two runs write into one part
 * at once is merged; the order of writes stands in handlers/exposures.ts. Pure.
 */
import { grouped, rowKey } from './reconcile.ts';
import { advisoryKey } from './types.ts';
import type { Reconciled } from './reconcile.ts';
import type { KeptExposure } from './types.ts';

/** Rows of one fingerprint whose advisories fall into one part. `mark`: of the write that it was read from; empty where there was none. */
export interface ExposurePart {
  fingerprint: string;
  part: string;
  mark: string;
  rows: readonly KeptExposure[];
}

/**
 * Parts of a fingerprint. A row takes some 60 bytes of an item, compressed, and an item 400 KB (DynamoDB Developer Guide, "Service
 * quotas"): so many parts hold 13,000 advisories in half of that.
 */
const PARTS = 4;

/** What to write before nodes are moved, and what to take out of parts afterwards. */
export interface ChangedParts {
  /** Parts with a row that is new or changed, with what is in them already, whether or not it is to go. */
  put: ExposurePart[];
  /** Parts with a row that is to go, with what stays in them; without rows they go as a whole. `mark`: as they were read. */
  shrink: ExposurePart[];
}

/** Sorts what was reconciled into parts. Rows that are to go stay until nodes that bring their clocks along have arrived elsewhere. */
export function changedParts({ put, drop, rows }: Reconciled, kept: readonly ExposurePart[]): ChangedParts {
  const [written, going] = [new Set(put.map(placeOf)), new Set(drop.map(placeOf))];
  const standing = grouped(
    rows.filter((row) => written.has(placeOf(row)) || going.has(placeOf(row))),
    placeOf,
  );
  const dropped = grouped(drop, placeOf);
  const marks = new Map(kept.map(({ fingerprint, part, mark }) => [`${fingerprint} ${part}`, mark]));
  const partAt = (place: string, own: readonly KeptExposure[]): ExposurePart => {
    const [fingerprint = '', part = ''] = place.split(' ');
    return { fingerprint, part, mark: marks.get(place) ?? '', rows: own };
  };
  return {
    put: [...written].map((place) => partAt(place, [...(standing.get(place) ?? []), ...(dropped.get(place) ?? [])])),
    shrink: [...going].map((place) => partAt(place, standing.get(place) ?? [])),
  };
}

/** What both say of a part that somebody has written meanwhile: the rows of either, and of one row ours with the earlier `seen`. */
export function mergedPart(ours: ExposurePart, standing: ExposurePart): ExposurePart {
  const theirs = new Map(standing.rows.map((row) => [advisoryKey(row), row]));
  const mine = ours.rows.map((row) => {
    const seen = theirs.get(advisoryKey(row))?.seen;
    return seen !== undefined && seen < row.seen ? { ...row, seen } : row;
  });
  const known = new Set(mine.map(rowKey));
  return { ...standing, rows: [...mine, ...standing.rows.filter((row) => !known.has(rowKey(row)))] };
}

/** Names the part that a row lies in: fingerprint and part. Always the same for one row. */
export function placeOf(row: KeptExposure): string {
  let hash = 0;
  for (const character of advisoryKey(row)) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return `${row.fingerprint} ${hash % PARTS}`;
}
