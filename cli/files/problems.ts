/** What is wrong in people's files, with places that editors and terminals can jump to. */
import { plain } from './plain.ts';

export interface Problem {
  /** As the caller named it. */
  file: string;
  /** From 1. 0 when it is about the file as a whole: then `column` is 0 too. */
  line: number;
  column: number;
  /** `policies.monthly.waves[1].atOnce`; empty for the whole file. */
  path: string;
  message: string;
  hint?: string;
}

/** Everything that is wrong in one or more files. Its message is for people, a line a problem; the command ends with exit status 2. */
export class InputErrors extends Error {
  override readonly name = 'InputErrors';

  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'));
  }
}

/** `FILE:LINE:COLUMN path: what is wrong (a suggestion)`. What stands in the file may be quoted in all of it, and was not written for terminals. */
export function problemText({ file, line, column, path, message, hint }: Problem): string {
  const place = line > 0 ? `${file}:${line}:${column}` : `${file}:`;
  const what = path === '' ? message : `${path}: ${message}`;
  return plain(`${place} ${what}${hint === undefined ? '' : ` (${hint})`}`);
}

/** A problem with a file as a whole: it does not exist, it is no text. */
export function fileProblem(file: string, message: string, hint?: string): Problem {
  return { file, line: 0, column: 0, path: '', message, ...(hint !== undefined && { hint }) };
}

/** Throws all problems at once as `InputErrors`: file by file, in the order of their places. */
export function fail(problems: readonly Problem[]): never {
  const files = [...new Set(problems.map(({ file }) => file))];
  throw new InputErrors(problems.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column));
}

/** As `fail`, when there are any. */
export function failIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) fail(problems);
}

/** Runs one reader; its problems are kept so that all files are checked before anything is said. */
export function collect<T>(problems: Problem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputErrors)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
