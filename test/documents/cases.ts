/**
 * The cases in conformance/*.json: a lock, what a node has, what its repository offers, and what a node must report. The real scripts
 * answer them on real package managers (node/), the simulated hosts of local/fleet must answer them alike.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { ReportReason } from '../../lambdas/core/report.ts';

const Case = z.strictObject({
  title: z.string(),
  /** Lines of the lock's text. */
  lock: z.array(z.string()),
  /** Name → version of what is installed; all of arch x86_64. */
  installed: z.record(z.string(), z.string()),
  /** `needs` are names without versions. */
  repository: z.array(z.strictObject({ package: z.string(), version: z.string(), needs: z.array(z.string()).optional() })),
  expect: z.strictObject({
    end: z.enum(['ok', 'refused', 'failed', 'running']),
    why: ReportReason,
    phase: z.string(),
    n: z.int(),
    bad: z.array(z.tuple([z.int(), z.string()])),
    /** `from`, unpacked: one entry an item of the lock's section; `[]` where there is no section. */
    from: z.array(z.string()),
  }),
  /** What must be installed afterwards, exactly. */
  after: z.record(z.string(), z.string()),
});
export type Case = z.infer<typeof Case>;

/** All cases, by file name. */
export function conformanceCases(): Map<string, Case> {
  const folder = new URL('conformance/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(names.toSorted().map((name) => [name, Case.parse(JSON.parse(readFileSync(new URL(name, folder), 'utf8')))]));
}

/** The lines behind a report's `from`. */
export function unpackFrom(from: string): string[] {
  return from === '' ? [] : gunzipSync(Buffer.from(from, 'base64')).toString().split('\n');
}
