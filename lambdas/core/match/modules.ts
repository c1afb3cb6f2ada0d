/**
 * Modules of Red Hat's family (`ruby:2.7`): streams of the same packages, of which a node has one. A modular build has `.module` in its
 * release and never compares with a plain one. The build says for which minor release it was made (`module_el8.6.0`), not its stream.
 */
import type { Advisory } from '../advisory.ts';
import type { Package } from '../model.ts';
import { rpmStream } from '../versions/rpm.ts';

/** `module_el8.6.0`, `module+el8.6.0` of a modular build; `undefined` for a plain one. */
export function moduleFamily(version: string): string | undefined {
  return /\.(module[+_][a-z]+[\d.]*\d)/.exec(version)?.[1];
}

/**
 * Streams that a title speaks of: `postgresql:12` of `Important: postgresql:12 security update`. Where it names a module and not its stream
 * (`Moderate: container-tools security update`), the stream is empty: `container-tools:`.
 */
export function streamsInTitle(title: string): string[] {
  const whole = [...title.matchAll(/(?<![\w:.-])([A-Za-z0-9][\w.+-]*):([A-Za-z0-9][\w.+-]*)(?=[\s,;/]|$)/g)].map(
    ([, name = '', stream = '']) => `${name}:${stream}`,
  );
  if (whole.length > 0) return whole;
  const name = /^(?:.*: )?([A-Za-z0-9][\w.+-]*) (?:security|bug|enhancement|module|update)/.exec(title)?.[1];
  return name === undefined ? [] : [`${name}:`];
}

const known = new WeakMap<Advisory, string[]>();

/** The same of an advisory, read once: nodes are many. */
export function streamsOf(advisory: Advisory): string[] {
  const before = known.get(advisory);
  if (before) return before;
  const streams = streamsInTitle(advisory.title);
  known.set(advisory, streams);
  return streams;
}

/** What tells a node's streams of modules apart. */
export interface Streams {
  /** Enabled ones; `undefined` where they are not known. */
  modules: readonly string[] | undefined;
  /** The installed package of a name. */
  named: (name: string) => Package | undefined;
  /** The versions that the advisory gives a package. */
  fixes: (name: string) => readonly string[];
}

/**
 * Whether a node follows one of these streams: by its enabled modules where they are known, else by the version of the package that a
 * module is named after (`nodejs` 14.17.3 is of `nodejs:14`). `undefined`: it cannot be told.
 */
export function followsStream(wanted: readonly string[], streams: Streams): boolean | undefined {
  const answers = wanted.map((stream) => follows(stream, streams));
  if (answers.includes(true)) return true;
  return answers.length > 0 && answers.every((answer) => answer === false) ? false : undefined;
}

function follows(stream: string, { modules, named, fixes }: Streams): boolean | undefined {
  const [name = '', wanted = ''] = stream.split(/:(.*)/s);
  const enabled = modules?.find((module) => module.startsWith(`${name}:`));
  if (enabled !== undefined && wanted !== '') return enabled === stream;
  const item = named(name);
  if (item === undefined || moduleFamily(item.version) === undefined) return undefined;
  const own = fixes(name);
  // Not every stream is called by a version, nor by the one that it carries: mod_auth_openidc:2.3 has 2.4.9, javapackages-tools:201801 has 5.3.
  if (/^\d/.test(wanted) && (own.length === 0 || own.some((version) => isOfStream(version, wanted)))) return isOfStream(item.version, wanted);
  if (own.some((version) => sameUpstream(version, item.version))) return true;
  // Whoever names no stream means one of another upstream version; a stream with a name may move on to one.
  return wanted === '' && own.length > 0 ? false : undefined;
}

function isOfStream(version: string, stream: string): boolean {
  const text = version.replace(/^\d+:/, '');
  return text.startsWith(stream) && /^[^0-9A-Za-z]/.test(text.slice(stream.length));
}

/** Where no stream is known: the same upstream `major.minor`. */
export function sameUpstream(a: string, b: string): boolean {
  const stream = rpmStream(a);
  return stream !== undefined && stream === rpmStream(b);
}
