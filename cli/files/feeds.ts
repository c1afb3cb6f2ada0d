/** Checks a folder of advisories before a run reads them: a file that no feed would see is a vendor that seems to have nothing to say. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, whyUnreadable } from '../../local/feeds/files.ts';
import { openFeedFolder } from '../../local/feeds/folder.ts';
import { fail, failIfAny, fileProblem } from './problems.ts';

const EMPTY = "is empty; expected files of vendors: updateinfo, OSV records, a month of MSRC, CISA's catalogue (docs/feeds.md)";

/** Throws `InputErrors` when the folder is missing, is none, has no advisories, or has files that no feed would see. */
export function checkFeedsFolder(folder: string): void {
  if (!told(folder, () => statSync(folder)).isDirectory()) fail([fileProblem(folder, 'is a file; expected a folder of advisories')]);
  if (told(folder, () => filesBelow(folder)).length === 0) fail([fileProblem(folder, EMPTY)]);
  failIfAny(
    told(folder, () => openFeedFolder(folder).ignored()).map(({ file, why }) => fileProblem(join(folder, file), `no feed would see it: ${why}`)),
  );
}

/** What `read` answers. Throws `InputErrors` where the file system refuses it. */
function told<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // Of a file in it, where the error names one.
    return fail([fileProblem((error as NodeJS.ErrnoException).path ?? folder, whyUnreadable(error))]);
  }
}
