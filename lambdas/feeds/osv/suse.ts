/**
 * SUSE's and openSUSE's updates (SU security, RU recommended, FU feature, OU optional), CC-BY 4.0. Ecosystems are products by the name of
 * os-release (`SUSE:Linux Enterprise Server 15 SP5`), and since SLE 15 mostly the modules of which a server is made. Every package of a
 * product's update is repeated beside each of its sources.
 */
import type { Affected } from '../../core/advisory.ts';
import type { Kind } from '../../core/model.ts';
import { binaryIntervals, intervalsOf, withoutZeroEpoch } from './intervals.ts';
import { binariesOf, onlyOnce } from './record.ts';
import type { Detail, Distribution, OsvAffected, OsvRecord } from './record.ts';
import { wordBeforeColon } from './words.ts';

export const suse: Distribution = {
  feed: 'osv-suse',
  source: 'suse',
  ecosystems: ['SUSE', 'openSUSE'],
  platforms: ['sles-', 'opensuse-leap-'],
  quietDays: 5,
  mine: /^(open)?SUSE-[A-Z]U-/,
  // SUSE itself published SUSE-SU-403 and "SUSE-SU-403 Forbidden-1", which an error page had written.
  id: /^(open)?SUSE-[A-Z]U-\d{4}[:-]\d{1,6}-\d{1,3}$/,
  versionKind: 'rpm',
  kind: (id) => KINDS[/^(?:open)?SUSE-([A-Z]U)-/.exec(id)?.[1] ?? ''] ?? 'other',
  word: (record) => wordBeforeColon(record.summary),
  rows,
};

const KINDS: Record<string, Kind> = { SU: 'security', RU: 'bugfix', FU: 'enhancement', OU: 'enhancement' };

function rows(record: OsvRecord, detail: Detail): Affected[] {
  const all = onlyOnce((record.affected ?? []).flatMap((item) => rowsOf(item, detail)));
  // While a service pack is looked after, its modules carry the fix for everybody, and what extended services repeat says nothing new.
  const plain = new Set(all.filter((row) => row.channel === undefined).map(sameness));
  return all.filter((row) => row.channel === undefined || !plain.has(sameness(row)));
}

function sameness(row: Affected): string {
  const { introducedVersion = '', lastAffectedVersion = '' } = row;
  return `${row.os} ${row.release} ${row.kind} ${row.package} ${row.fixedVersion ?? ''} ${introducedVersion} ${lastAffectedVersion}`;
}

function rowsOf(item: OsvAffected, detail: Detail): Affected[] {
  const places = placesOf(item.package.ecosystem);
  const source = intervalsOf(item, 'rpm');
  const binaries = detail === 'sources' ? [] : binariesOf(item);
  return places.flatMap((place) =>
    binaries.length === 0
      ? source.map((interval): Affected => ({ ...place, package: item.package.name, kind: 'source', ...interval }))
      : binaries.flatMap(({ name, version }) =>
          binaryIntervals(source, withoutZeroEpoch(version)).map((interval): Affected => ({ ...place, package: name, kind: 'binary', ...interval })),
        ),
  );
}

type Place = Pick<Affected, 'os' | 'release' | 'channel'>;

/** `15 SP5`, `12 SP2-LTSS`, `16.0` at the end of a product's name. */
const VERSION = /^(.*?) (\d{2})(?:[ -]SP(\d)|\.(\d))?(?:[- ]([A-Za-z][A-Za-z -]{0,18}))?$/;
/** What is added to a server under its ordinary subscription. Other products (desktop, storage, manager) are other machines. */
const ADDED = /^(Linux Enterprise (Module for .+|Software Development Kit|Workstation Extension|High Availability Extension)|Package Hub)$/;
/** Modules of SLE 12 are for all of its service packs. */
const SERVICE_PACKS_OF_12 = ['12', '12.1', '12.2', '12.3', '12.4', '12.5'];

function placesOf(ecosystem: string): Place[] {
  const leap = /^openSUSE:Leap (\d{2}\.\d)$/.exec(ecosystem)?.[1];
  if (leap !== undefined) return [{ os: 'opensuse-leap', release: leap }];
  const product = ecosystem.replace(/^(SUSE|openSUSE):(SUSE )?/, '');
  const [, name = '', major = '', pack, minor, suffix] = VERSION.exec(product) ?? [];
  const channel = channelOf(name, suffix);
  if (major === '' || channel === undefined) return [];
  const release = pack === undefined && minor === undefined ? major : `${major}.${pack ?? minor ?? ''}`;
  const releases = release === '12' && name !== 'Linux Enterprise Server' && channel === '' ? SERVICE_PACKS_OF_12 : [release];
  return releases.map((each) => ({ os: 'sles', release: each, ...(channel === '' ? {} : { channel }) }));
}

/** Empty: every server has it. `undefined`: no server of ours does. */
function channelOf(name: string, suffix: string | undefined): string | undefined {
  // LTSS, ESPOS, BCL, TERADATA: longer support, each with a subscription of its own.
  const service = suffix?.toLowerCase().replaceAll(' ', '-');
  if (name === 'Linux Enterprise Server') return service ?? '';
  if (name === 'Linux Enterprise Server LTSS Extended Security') return 'ltss:extended-security';
  if (name === 'Linux Enterprise Server for SAP Applications') return service ?? 'sap';
  if (/^Linux Enterprise (Module for )?Live Patching$/.test(name)) return 'livepatch';
  return ADDED.test(name) && service === undefined ? '' : undefined;
}
