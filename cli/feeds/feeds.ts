/** `wavelock feeds`: how the feeds of an installation are; or, offline, what our readers make of a folder of vendors' files. */
import { EXIT, QUALIFIER } from '../run/messages.ts';
import { withHub } from '../hub.ts';
import { acceptFeed } from './accept.ts';
import { checkFolder } from './check.ts';
import { checkTable } from './check-table.ts';
import { feedLines, feedTable } from './lines.ts';
import { jsonText } from '../ui/text.ts';
import { printWidth } from '../ui/width.ts';
import { whyUnreadable } from '../../local/feeds/files.ts';
import type { CheckedFile } from './check.ts';
import type { HubOptions } from '../hub.ts';

export interface FeedsOptions extends HubOptions {
  json?: boolean;
  /** A folder; nothing else is looked at then. */
  check?: string;
  /** A feed that has shrunk and is to be taken as it is; `why` belongs to it. */
  accept?: string;
  why?: string;
}

/** Prints and answers the exit status: 0 shown; with `check` 1 where a file of a vendor's could not be read; 2 nothing to be had. */
export async function feeds(options: FeedsOptions): Promise<number> {
  const strange = misfit(options);
  if (strange !== undefined) return refuse(strange);
  if (options.check !== undefined) return check(options.check, options.json === true);
  if (options.accept !== undefined) return accept(options.accept, options);
  return withHub(options, 'ReadersPolicy', async ({ record }) => {
    const lines = feedLines(await record.feeds(), Date.now());
    print(options.json === true ? jsonText(lines, 2) : feedTable(lines, printWidth()).join('\n'));
    return EXIT.succeeded;
  });
}

/** Why these options don't go together: one that would do nothing is a misunderstanding. */
function misfit({ check: folder, accept: feed, why, endpoint, qualifier, json }: FeedsOptions): string | undefined {
  const online = [
    ...(feed === undefined ? [] : ['--accept']),
    ...(endpoint === undefined ? [] : ['--endpoint']),
    ...(qualifier === QUALIFIER ? [] : ['--qualifier']),
  ];
  if (folder !== undefined && online.length > 0) return `--check looks at files only: ${online.join(' and ')} asks a hub`;
  if (feed === undefined && why !== undefined) return '--why belongs to --accept: it is the reason why a feed is taken as it is';
  return feed !== undefined && json === true ? '--json shows how the feeds are; --accept decides about one: ask for one after the other' : undefined;
}

async function accept(feed: string, options: FeedsOptions): Promise<number> {
  const { why = '' } = options;
  if (why.trim() === '') return refuse('--accept needs --why: the reason is kept in the record');
  return withHub(options, 'OperatorsPolicy', async (hub) => {
    const { done, text } = await acceptFeed(feed, why, hub);
    (done ? process.stdout : process.stderr).write(`${text}\n`);
    return done ? EXIT.succeeded : EXIT.badInput;
  });
}

async function check(folder: string, json: boolean): Promise<number> {
  const rows = await checked(folder);
  if (typeof rows === 'string') {
    process.stderr.write(`${folder} ${rows} (expected a folder of vendors' files)\n`);
    return EXIT.badInput;
  }
  print(json ? jsonText(rows, 2) : checkTable(rows).join('\n'));
  return rows.some((row) => row.result === 'broken') ? EXIT.failed : EXIT.succeeded;
}

/** A text says why there is nothing to check. */
async function checked(folder: string): Promise<CheckedFile[] | string> {
  try {
    return (await checkFolder(folder, Date.now())) ?? 'is no folder, or has no file';
  } catch (error) {
    return whyUnreadable(error);
  }
}

function refuse(problem: string): number {
  process.stderr.write(`${problem}\n`);
  return EXIT.badInput;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
