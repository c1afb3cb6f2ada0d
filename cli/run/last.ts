/** What the last run left in its folder, for commands that look back at it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { whyUnreadable } from '../../local/feeds/files.ts';
import { noticeLines } from '../ui/notices.ts';
import { plain } from '../ui/text.ts';
import { knowsNode, whyNode } from '../ui/why.ts';
import { EXIT } from './messages.ts';
import type { RunDocument, RunExtra } from './messages.ts';
import type { RolloutResult } from '../../lambdas/core/result.ts';

export interface LastRun {
  document: RunDocument;
  result: RolloutResult | undefined;
  extra: RunExtra;
}

/** File in the output folder that `run` writes beside the report. */
export const LAST_RUN_FILE = 'run.json';

/** What of it must be there for anything to be told. */
const Told = z.object({
  document: z.looseObject({ rollout: z.string(), nodes: z.array(z.unknown()), waves: z.array(z.unknown()), notices: z.array(z.unknown()) }),
  extra: z.looseObject({ reason: z.string() }),
});

/** Tells one node's story; exit status 2 where there is no such run or node. */
export function why(node: string, out: string): number {
  const last = readLast(out);
  if (!last) return EXIT.badInput;
  const { document, result, extra } = last;
  const known = knowsNode(node, document, result, extra);
  (known ? process.stdout : process.stderr).write(`${whyNode(node, document, result, extra).join('\n')}\n`);
  return known ? EXIT.succeeded : EXIT.badInput;
}

/** Prints the messages of the last run. */
export function notices(out: string): number {
  const last = readLast(out);
  if (!last) return EXIT.badInput;
  console.log(noticeLines(last.document.notices).join('\n'));
  return EXIT.succeeded;
}

function readLast(out: string): LastRun | undefined {
  const path = join(out, LAST_RUN_FILE);
  const found = parsed(path);
  if ('run' in found) return found.run;
  console.error(plain(`${path} ${found.problem}: run \`npm start\` first, or name the folder with --out`));
  return undefined;
}

function parsed(path: string): { run: LastRun } | { problem: string } {
  if (!existsSync(path)) return { problem: 'is not there' };
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Told.safeParse(value).success ? { run: value as LastRun } : { problem: 'is not what a run leaves, or of another version' };
  } catch (error) {
    return { problem: error instanceof SyntaxError ? 'is cut off, or not what a run leaves' : whyUnreadable(error) };
  }
}
