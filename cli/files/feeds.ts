/** Checks a folder of advisories before a run reads them: a file that no feed would see is a vendor that seems to have nothing to say. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, whyUnreadable } from '../../local/feeds/files.ts';
import { openFeedFolder } from '../../local/feeds/folder.ts';
import { fail, failIfAny, fileProblem } from './problems.ts';

const EMPTY = "is empty; expected files of vendors: updateinfo, OSV records, a month of MSRC, CISA's catalogue (docs/feeds.md)";

/** Throws `InputErrors` when the folder is missing, is none, has no advisories, or has files that no feed would see. */
export function checkFeedsFolder(folder: string): void {
  const kind = statSync(folder, { throwIfNoEntry: false });
  if (!kind) fail([fileProblem(folder, 'does not exist')]);
  if (!kind.isDirectory()) fail([fileProblem(folder, 'is a file; expected a folder of advisories')]);
  if (filesOf(folder).length === 0) fail([fileProblem(folder, EMPTY)]);
  failIfAny(
    openFeedFolder(folder)
      .ignored()
      .map(({ file, why }) => fileProblem(join(folder, file), `no feed would see it: ${why}`)),
  );
}

function filesOf(folder: string): string[] {
  try {
    return filesBelow(folder);
  } catch (error) {
    fail([fileProblem(folder, whyUnreadable(error))]);
  }
}
