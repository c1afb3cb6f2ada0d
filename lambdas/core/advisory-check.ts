/**
 * The schema of an advisory looks at everything so thoroughly that reading a feed would be mostly that. Feeds put advisories together from
 * parts that are nearly always sound, so those are held against the same forms directly; whatever does not plainly fit, the schema judges.
 * `test/core/advisory-check.test.ts` holds the two together.
 */
import { Advisory, FORMS, LIMITS, MEASURED_FROM } from './advisory.ts';
import type { Affected } from './advisory.ts';
import { Kind, Severity } from './model.ts';
import type { z } from 'zod';

/** Whether it is a CVE id, as the schema `CveId` has it. */
export function isCveId(text: string): boolean {
  return FORMS.cve.test(text);
}

/** What `Advisory.safeParse` says of an advisory that a feed has put together. The one that it answers may be the same object. */
export function checkAdvisory(value: Advisory): z.ZodSafeParseResult<Advisory> {
  return isPlainlySound(value) ? { success: true, data: value } : Advisory.safeParse(value);
}

/** As `Date.toISOString` writes it, which is one of the forms that the schema takes; a leap day is for the schema. */
const INSTANT =
  /^20\d\d-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/** What it can hold and is not looked at here is for the schema. */
const LOOKED_AT: ReadonlySet<string> = new Set([
  'id',
  'source',
  'title',
  'kind',
  'published',
  'updated',
  'severity',
  'severityRaw',
  'cves',
  'versionKind',
  'affected',
  'rebootSuggested',
  'references',
  'provenance',
]);
const KINDS: ReadonlySet<string> = new Set(Kind.options);
const SEVERITIES: ReadonlySet<string> = new Set(Severity.options);

function isPlainlySound(value: Advisory): boolean {
  const { title, severityRaw = '', cves, versionKind, affected, rebootSuggested = true, references } = value;
  return (
    Object.keys(value).every((field) => LOOKED_AT.has(field)) &&
    FORMS.id.test(value.id) &&
    FORMS.source.test(value.source) &&
    isLine(title, LIMITS.title) &&
    isLine(severityRaw, LIMITS.severityRaw) &&
    KINDS.has(value.kind) &&
    SEVERITIES.has(value.severity) &&
    INSTANT.test(value.published) &&
    INSTANT.test(value.updated) &&
    cves.length <= LIMITS.cves &&
    cves.every(isCveId) &&
    references.length <= LIMITS.references &&
    references.every((link) => FORMS.link.test(link)) &&
    (versionKind === 'rpm' || versionKind === 'deb') &&
    typeof rebootSuggested === 'boolean' &&
    isKnownProvenance(value.provenance) &&
    affected.length < MEASURED_FROM &&
    affected.every(isAffected)
  );
}

function isLine(text: string, most: number): boolean {
  return text.length <= most && FORMS.oneLine.test(text);
}

/** As if there were a sound row before the first one. */
const SOUND_ROW: Affected = { os: 'none', release: '0', package: 'none', fixedVersion: null, kind: 'binary' };

/** Most of a row is what the row before it has, and was looked at there. */
function isAffected(row: Affected, index: number, rows: readonly Affected[]): boolean {
  const before = rows[index - 1] ?? SOUND_ROW;
  return (
    FORMS.package.test(row.package) &&
    (row.fixedVersion === before.fixedVersion || row.fixedVersion === null || FORMS.version.test(row.fixedVersion)) &&
    (row.introducedVersion === undefined || FORMS.version.test(row.introducedVersion)) &&
    (row.lastAffectedVersion === undefined || FORMS.version.test(row.lastAffectedVersion)) &&
    (row.arch === before.arch || row.arch === undefined || FORMS.arch.test(row.arch)) &&
    (row.os === before.os || FORMS.os.test(row.os)) &&
    (row.release === before.release || FORMS.release.test(row.release)) &&
    (row.kind === 'binary' || row.kind === 'source') &&
    (row.channel === before.channel || row.channel === undefined || FORMS.channel.test(row.channel)) &&
    (row.module === before.module || row.module === undefined || FORMS.module.test(row.module)) &&
    (row.releasever === before.releasever || row.releasever === undefined || FORMS.releasever.test(row.releasever))
  );
}

/** All advisories of one file have the same provenance, which the schema judges once. */
const sound = new WeakSet<Advisory['provenance']>();

function isKnownProvenance(provenance: Advisory['provenance']): boolean {
  if (sound.has(provenance)) return true;
  const isSound = Advisory.shape.provenance.safeParse(provenance).success;
  if (isSound) sound.add(provenance);
  return isSound;
}
