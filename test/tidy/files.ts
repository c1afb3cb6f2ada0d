/** The repository's own files, as the tidy tests look at them: what git tracks or would track. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url).pathname;

export interface SourceFile {
  path: string;
  text: string;
}

/** Every file that is or would be committed. */
export function repositoryFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' });
  return [...new Set(listed.split('\n').filter((path) => path !== ''))].toSorted();
}

export function read(path: string): SourceFile {
  return { path, text: readFileSync(`${ROOT}${path}`, 'utf8') };
}

/** Paths that a TypeScript file imports, relative ones resolved against the repository's root. */
export function importsOf({ path, text }: SourceFile): string[] {
  const statements = /^(?:import|export)\b[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;
  const specifiers = [...text.matchAll(statements)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  return specifiers.map((specifier) => (specifier.startsWith('.') ? new URL(specifier, `file:///${path}`).pathname.slice(1) : specifier));
}
