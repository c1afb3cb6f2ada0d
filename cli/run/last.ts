/** What the last run left in its folder, for commands that look back at it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { noticeLines } from '../ui/notices.ts';
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

/** Tells one node's story; exit status 2 where there is no such run or node. */
export function why(node: string, out: string): number {
  const last = readLast(out);
  if (!last) return EXIT.badInput;
  if (!knowsNode(node, last.document, last.result, last.extra)) {
    console.error(`the last run had no node ${node}: use an id or a name from out/report.html`);
    return EXIT.badInput;
  }
  console.log(whyNode(node, last.document, last.result, last.extra).join('\n'));
  return EXIT.succeeded;
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
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as LastRun;
  console.error(`${path} is not there: run \`npm start\` first, or name the folder with --out`);
  return undefined;
}
