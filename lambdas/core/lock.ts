/**
 * The lock's text: what the hash covers and what a node reads with nothing but POSIX sh and awk.
 *
 *   wavelock-lock 1
 *   platform amazon-linux-2023-x86_64
 *   releasever 2023.6.20241010
 *   update openssl x86_64 1:3.0.8-1.amzn2023.0.5
 *   dependency libfoo x86_64 1.2-3
 *   platform ubuntu-24.04-x86_64
 *   snapshot 20261207T050000Z
 *   update openssl amd64 3.0.13-0ubuntu3.5
 *   platform windows-2022-x86_64
 *   kb KB5071234 - -
 *
 * Platforms and items are sorted bytewise: equal content gives equal text and so the same lock.
 */
import { LockPlatform } from './model.ts';
import type { LockItem } from './model.ts';

const HEADER = 'wavelock-lock 1';

/** The canonical text of a lock, ending in a newline. */
export function lockText(platforms: LockPlatform[]): string {
  const sections = platforms
    .toSorted((a, b) => order(a.platform, b.platform))
    .flatMap((section) => [
      `platform ${section.platform}`,
      ...(section.releasever === undefined ? [] : [`releasever ${section.releasever}`]),
      ...(section.snapshot === undefined ? [] : [`snapshot ${section.snapshot}`]),
      ...sortItems(section.items).map((item) => `${item.use} ${item.name} ${item.arch || '-'} ${item.version || '-'}`),
    ]);
  return `${[HEADER, ...sections].join('\n')}\n`;
}

/** Items in the order in which reports index them. */
export function sortItems(items: LockItem[]): LockItem[] {
  return items.toSorted((a, b) => order(`${a.name} ${a.arch} ${a.version}`, `${b.name} ${b.arch} ${b.version}`));
}

/** Reads a lock's text back. Throws on any line that it does not know: a lock that is read wrongly must not be installed. */
export function parseLock(text: string): LockPlatform[] {
  const [header, ...lines] = text.trimEnd().split('\n');
  if (header !== HEADER) throw new Error(`not a lock: starts with "${String(header).slice(0, 40)}", expected "${HEADER}"`);
  const platforms: LockPlatform[] = [];
  for (const line of lines) {
    const [word = '', first = '', arch = '', version = ''] = line.split(' ');
    const section = platforms.at(-1);
    if (word === 'platform') platforms.push({ platform: first, items: [] });
    else if (word === 'releasever' && section) section.releasever = first;
    else if (word === 'snapshot' && section) section.snapshot = first;
    else if ((word === 'update' || word === 'dependency' || word === 'kb') && section) {
      section.items.push({ use: word, name: first, arch: arch === '-' ? '' : arch, version: version === '-' ? '' : version });
    } else throw new Error(`not a lock: unknown line "${line.slice(0, 80)}"`);
  }
  return LockPlatform.array().parse(platforms);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
