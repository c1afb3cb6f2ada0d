/** Looking at one place: what may not be seen is noted with the reason, and the rest goes on. */
import { shownBy } from '../../core/survey/permissions.ts';
import type { Blind } from '../../core/survey/model.ts';
import { codeOf, isDenied, problemOf } from './errors.ts';

export interface Look {
  blind: Blind[];
  /**
   * Runs `read`, which calls `action`; `undefined` where that failed, with one line in `blind`. Denials, keys that a Region does not know
   * and throttling that outlasted the SDK's retries all end here: a survey of forty accounts must not end because of one.
   */
  see<T>(action: string, read: () => Promise<T>): Promise<T | undefined>;
}

/** @param where `111111111111/eu-central-1` */
export function createLook(where: string): Look {
  const blind: Blind[] = [];
  return {
    blind,
    async see(action, read) {
      try {
        return await read();
      } catch (error) {
        const known = isDenied(error) || problemOf(error) !== undefined || isServiceError(error);
        if (!known) throw error;
        if (!blind.some((line) => line.action === action)) {
          blind.push({ where, what: shownBy(action), action, code: isDenied(error) ? 'AccessDenied' : codeOf(error), message: messageOf(error) });
        }
        return undefined;
      }
    },
  };
}

/** Errors that AWS answered with, as the SDK marks them (Smithy, ServiceException). Anything else is a fault of ours and goes on up. */
function isServiceError(error: unknown): boolean {
  return error instanceof Error && '$fault' in error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Reads a list page by page to its end, or until `enough`. Pages may be short or empty though more follow. */
export async function pages<Item>(
  read: (token: string | undefined) => Promise<{ items: Item[] | undefined; next: string | undefined }>,
  enough: (items: Item[]) => boolean = () => false,
): Promise<Item[]> {
  const all: Item[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await read(token);
    all.push(...(items ?? []));
    token = next === '' ? undefined : next;
  } while (token !== undefined && !enough(all));
  return all;
}

/** Runs jobs with at most `limit` of them at once; answers in the order of the jobs. The first that throws ends all. */
export async function atMost<T>(limit: number, jobs: (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const waiting = jobs.entries();
  const worker = async (): Promise<void> => {
    for (const [index, job] of waiting) results[index] = await job();
  };
  await Promise.all(Array.from({ length: Math.min(limit, jobs.length) }, worker));
  return results;
}
