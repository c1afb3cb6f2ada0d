/** `wavelock feeds`: how the feeds of an installation are; or, offline, what our readers make of a folder of vendors' files. */
import { EXIT } from '../run/messages.ts';
import { withHub } from '../hub.ts';
import { acceptFeed } from './accept.ts';
import { checkFolder } from './check.ts';
import { checkTable } from './check-table.ts';
import { feedLines, feedTable } from './lines.ts';
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
  if (options.check !== undefined) return check(options.check, options.json === true);
  if (options.accept !== undefined) return accept(options.accept, options);
  return withHub(options, 'ReadersPolicy', async ({ record }) => {
    const lines = feedLines(await record.feeds(), Date.now());
    print(options.json === true ? JSON.stringify(lines, null, 2) : feedTable(lines).join('\n'));
    return EXIT.succeeded;
  });
}

async function accept(feed: string, options: FeedsOptions): Promise<number> {
  const { why = '' } = options;
  if (why.trim() === '') {
    process.stderr.write('--accept needs --why: the reason is kept in the record\n');
    return EXIT.badInput;
  }
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
  print(json ? JSON.stringify(rows, null, 2) : checkTable(rows).join('\n'));
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

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
