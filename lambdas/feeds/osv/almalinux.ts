/**
 * AlmaLinux's errata (ALSA, and ALBA and ALEA that fix or add without closing a hole), MIT (github.com/AlmaLinux/osv-database). Its
 * records name binaries, whatever the schema says. One record lists a package once for each build of a module that it is part of; all of
 * them are kept, the release of each telling which build it belongs to.
 */
import type { Kind } from '../../core/model.ts';
import { intervalsOf } from './intervals.ts';
import { onlyOnce } from './record.ts';
import type { Distribution, OsvAffected } from './record.ts';
import { wordBeforeColon } from './words.ts';

export const almalinux: Distribution = {
  feed: 'osv-almalinux',
  source: 'alsa',
  ecosystems: ['AlmaLinux'],
  platforms: ['almalinux-'],
  quietDays: 7,
  mine: /^AL[SBE]A-/,
  // AlmaLinux's own, ahead of Red Hat's, have a letter: ALSA-2026:A002.
  id: /^AL[SBE]A-\d{4}:[A-Z]?\d{1,6}$/,
  versionKind: 'rpm',
  kind: (id) => KINDS[id.slice(0, 4)] ?? 'other',
  word: (record) => wordBeforeColon(record.summary),
  rows: (record) => onlyOnce((record.affected ?? []).flatMap(rowsOf)),
};

const KINDS: Record<string, Kind> = { ALSA: 'security', ALBA: 'bugfix', ALEA: 'enhancement' };

function rowsOf(item: OsvAffected): ReturnType<Distribution['rows']> {
  const release = /^AlmaLinux:(\d{1,2})$/.exec(item.package.ecosystem)?.[1];
  if (release === undefined) return [];
  return intervalsOf(item, 'rpm').map((interval) => ({ os: 'almalinux', release, package: item.package.name, kind: 'binary', ...interval }));
}
