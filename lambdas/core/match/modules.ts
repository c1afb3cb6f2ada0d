/**
 * Modules of Red Hat's family (`ruby:2.7`): streams of the same packages, of which a node has one. A modular build has `.module` in its
 * release and never compares with a plain one. The build says for which minor release it was made (`module_el8.6.0`), not its stream.
 */
import type { Package } from '../model.ts';
import { rpmStream } from '../versions/rpm.ts';

/** `module_el8.6.0`, `module+el8.6.0` of a modular build; `undefined` for a plain one. */
export function moduleFamily(version: string): string | undefined {
  return /\.(module[+_][a-z]+[\d.]*\d)/.exec(version)?.[1];
}

/** Streams that a title speaks of: `postgresql:12` of `Important: postgresql:12 security update`. */
export function streamsInTitle(title: string): string[] {
  return [...title.matchAll(/(?<![\w:.-])([A-Za-z0-9][\w.+-]*):([A-Za-z0-9][\w.+-]*)(?=[\s,;]|$)/g)].map(([, name = '', stream = '']) => `${name}:${stream}`);
}

/**
 * Whether a node follows one of these streams: by its enabled modules where they are known, else by the version of the package that a
 * module is named after (`nodejs` 14.17.3 is of `nodejs:14`). `undefined`: it cannot be told.
 */
export function followsStream(streams: readonly string[], modules: readonly string[] | undefined, named: (name: string) => Package | undefined): boolean | undefined {
  const answers = streams.map((stream) => follows(stream, modules, named));
  if (answers.includes(true)) return true;
  return answers.length > 0 && answers.every((answer) => answer === false) ? false : undefined;
}

function follows(stream: string, modules: readonly string[] | undefined, named: (name: string) => Package | undefined): boolean | undefined {
  const [name = '', wanted = ''] = stream.split(/:(.*)/s);
  const enabled = modules?.find((module) => module.startsWith(`${name}:`));
  if (enabled !== undefined) return enabled === stream;
  const item = named(name);
  if (item === undefined || !/^\d/.test(wanted) || moduleFamily(item.version) === undefined) return undefined;
  const version = item.version.replace(/^\d+:/, '');
  return version.startsWith(`${wanted}.`) || version.startsWith(`${wanted}-`);
}

/** Where no stream is known: the same upstream `major.minor`. */
export function sameUpstream(a: string, b: string): boolean {
  const stream = rpmStream(a);
  return stream !== undefined && stream === rpmStream(b);
}
