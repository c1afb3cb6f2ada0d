/** Where the files of an assessment go, and whether what is there may be replaced: a file that somebody has changed never is, unasked. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkOutFolder } from '../files/out-folder.ts';
import { fileProblem, InputErrors } from '../files/problems.ts';
import { whyUnreadable } from '../../local/feeds/files.ts';

export interface Places {
  fleet: string;
  policy: string;
  report: string;
  /** Files of somebody else that stood where ours would have gone. */
  kept: string[];
}

export interface PlaceOptions {
  /** Folder that was asked for; left out: the two YAML files go beside the user's, the report into `out`. */
  out: string | undefined;
  force: boolean;
}

const DEFAULT_OUT = 'out';
const TAKEN = 'is there and was changed since assess wrote it (or somebody else did): it was left alone, and nothing was looked at';
/** The last line of a file: as long as it fits, nobody has changed the file since. */
const SEAL = /\n# wavelock assess wrote this: ([0-9a-f]{16})\n$/;

/**
 * Chooses the places, before anything is looked at. Files that somebody made or changed are left alone: without `--out` theirs stays where
 * it is and ours goes into `out`. Throws `InputErrors` where that is taken too, or nothing can be written.
 */
export function choosePlaces({ out, force }: PlaceOptions): Places {
  const folder = out ?? DEFAULT_OUT;
  checkOutFolder(folder);
  if (out === undefined) checkOutFolder('.');
  const kept: string[] = [];
  const place = (name: string): string => {
    const candidates = out === undefined ? [name, join(folder, name)] : [join(folder, name)];
    const found = candidates.find((path) => isFile(path) !== false && (force || mayReplace(path)));
    if (found !== undefined) {
      kept.push(...candidates.slice(0, candidates.indexOf(found)));
      return found;
    }
    throw new InputErrors([fileProblem(candidates.at(-1) ?? name, TAKEN, 'name another folder with --out, or replace it with --force')]);
  };
  const report = join(folder, 'assessment.html');
  if (isFile(report) === false) throw new InputErrors([fileProblem(report, 'is there and is no file', 'name another folder with --out')]);
  return { fleet: place('fleet.yaml'), policy: place('wavelock.yaml'), report, kept };
}

/** `undefined`: nothing is there. A folder or a device of that name is nobody's file, not even with `--force`. */
function isFile(path: string): boolean | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile();
  } catch (error) {
    whyUnreadable(error);
    return false;
  }
}

/** Nothing there, or something that assess wrote and nobody has touched. */
function mayReplace(path: string): boolean {
  return isFile(path) === undefined || isUntouched(path);
}

/** Whether a file is as assess wrote it: of a policy, a proposal that nobody has made his own yet. */
export function isUntouched(path: string): boolean {
  const text = textOf(path);
  const seal = SEAL.exec(text);
  return seal !== null && hashOf(text.slice(0, seal.index + 1)) === seal[1];
}

/** Empty where it may not be read: then it is not known to be ours. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    whyUnreadable(error);
    return '';
  }
}

/** Writes a YAML file with its seal. */
export function writeSealed(path: string, text: string): void {
  writeIn(path, `${text}# wavelock assess wrote this: ${hashOf(text)}\n`);
}

/** Writes a file, and the folders that it is in. */
export function writeIn(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
