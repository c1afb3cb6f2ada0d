/**
 * What no single part of the policy file can know about itself: names that must exist, names that must differ, dates that are past.
 * Works on the raw value and looks only at what is well-formed, so that these problems are shown together with all others.
 */
import { z } from 'zod';
import type { PathProblem } from './problems.ts';
import { didYouMean } from './problems.ts';
import { list, section, text } from './raw.ts';
import type { Path } from './schema-tree.ts';
import { checkTriggers } from './triggers.ts';
import { firesFrom } from './windows.ts';
import { CronText } from './words.ts';

/** All problems between the parts of a file. `today` is an ISO date in UTC. */
export function checkReferences(raw: unknown, today: string): PathProblem[] {
  const windows = Object.entries(section(raw, 'windows'));
  const people = Object.keys(section(raw, 'people'));
  const names = windows.map(([name]) => name);
  return [
    ...windows.flatMap(([name, window]) => neverFires(window, ['windows', name], today)),
    ...list(raw, 'exceptions').flatMap((entry, index) => isPast(entry, ['exceptions', index], today, 'this excepts nothing any more')),
    ...Object.entries(section(raw, 'policies')).flatMap(([name, policy]) => {
      const at = (...steps: Path): Path => ['policies', name, ...steps];
      return [
        ...neverFires(section(policy, 'plan'), at('plan'), today),
        ...list(section(policy, 'patches'), 'leaveOut').flatMap((entry, index) => isPast(entry, at('patches', 'leaveOut', index), today)),
        ...checkWaves(list(policy, 'waves'), names, at('waves')),
        ...Object.keys(section(policy, 'tell')).flatMap((audience) => unknownAudience(audience, people, at('tell', audience))),
      ];
    }),
    ...checkTriggers(raw, today),
  ];
}

function checkWaves(waves: readonly unknown[], windows: readonly string[], path: Path): PathProblem[] {
  const names = waves.map((wave) => text(wave, 'name'));
  return waves.flatMap((wave, index) => {
    const problems: PathProblem[] = [];
    const name = names[index];
    const window = text(wave, 'window');
    if (name !== undefined && names.indexOf(name) < index) {
      problems.push({ path: [...path, index, 'name'], at: 'value', message: `two waves are called ${name}` });
    }
    if (window !== undefined && !windows.includes(window)) {
      problems.push({ path: [...path, index, 'window'], at: 'value', ...notDefined(window, 'windows', windows) });
    }
    if (index > 0 && 'provenOn' in section(wave, 'promoteWhen')) {
      const message = 'counts in the first wave only: that is the one that proves';
      problems.push({ path: [...path, index, 'promoteWhen', 'provenOn'], at: 'key', message });
    }
    if (text(wave, 'nodes') === 'everything-else' && index < waves.length - 1) {
      const message = 'everything-else is for the last wave: the waves after it would have no nodes';
      problems.push({ path: [...path, index, 'nodes'], at: 'value', message });
    }
    return problems;
  });
}

function neverFires(holder: unknown, path: Path, today: string): PathProblem[] {
  const cron = CronText.safeParse(text(holder, 'cron'));
  if (!cron.success || firesFrom(cron.data, today)) return [];
  return [{ path: [...path, 'cron'], at: 'value', message: 'never fires, from today on' }];
}

function isPast(entry: unknown, path: Path, today: string, so = 'this no longer leaves anything out'): PathProblem[] {
  const until = text(entry, 'until');
  // ISO dates order as texts do.
  if (until === undefined || !z.iso.date().safeParse(until).success || until >= today) return [];
  const hint = 'give it a later end, or take it out';
  return [{ path: [...path, 'until'], at: 'value', message: `${until} is past: ${so}`, hint }];
}

function unknownAudience(audience: string, people: readonly string[], path: Path): PathProblem[] {
  return people.includes(audience) ? [] : [{ path, at: 'key', ...notDefined(audience, 'people', people) }];
}

function notDefined(name: string, where: string, known: readonly string[]): { message: string; hint: string } {
  const inventory = known.length > 0 ? `\`${where}\` has ${known.join(', ')}` : `there is nothing in \`${where}\``;
  return { message: `"${name}" is not defined`, hint: didYouMean(name, known) ?? inventory };
}
