/**
 * Whose repository an updateinfo is, told by what it holds, for whoever has only the file: by the form of its ids, by the release that its
 * updates or collections name (`<release>Rocky Linux 8</release>`, `short="almalinux-9-for-x86_64-baseos-rpms"`, `EPEL-9`), and by the marks
 * of its builds (`1.el8_6`, `1.module+el8.6.0+1`). What contradicts itself or names nothing is not guessed.
 */
import type { Advisory } from '../core/advisory.ts';
import { canonicalAlasId } from './amazon-linux.ts';
import type { Raw, Reading } from './feed.ts';
import { readUpdates } from './updateinfo.ts';
import type { Update } from './updateinfo.ts';
import { readAdvisories } from './updateinfo-advisory.ts';
import type { Dialect } from './updateinfo-advisory.ts';

/** A repository whose updateinfo is known by its content. */
export interface Origin {
  /** For people: `Rocky Linux 8`. */
  words: string;
  /** Systems that it is for, each of this release. */
  systems: readonly string[];
  release: string;
  dialect: Dialect;
}

export interface Told {
  origins: Origin[];
  /** Why the rest, or all of it, is nobody's. */
  problems: string[];
}

interface Vendor {
  words: string;
  source: string;
  systems: readonly string[];
  /** Form of its ids. */
  id: RegExp;
  /** Finds the release in what an update says that it is for. */
  named: RegExp;
  /** Releases by what was found, where they are called otherwise. */
  releases?: Readonly<Record<string, string>>;
  /** Finds the release in the mark of a build; absent: marks say nothing. */
  mark?: RegExp;
  /** The id as the vendor writes it everywhere else. */
  canonical?: (id: string, release: string) => string | undefined;
  page?: (id: string) => string;
}

/** `1.el8`, `1.el8_6.2`, `1.module+el8.6.0+11`, `1.module_el9`. */
const ENTERPRISE_MARK = /[._+]el(\d{1,2})(?=[._+]|$)/;

const VENDORS: readonly Vendor[] = [
  {
    words: 'Rocky Linux',
    source: 'rlsa',
    systems: ['rocky'],
    id: /^R[LX][SBE]A-\d{4}:[A-Z]?\d{1,6}$/,
    named: /\brocky[ -]?(?:linux[ -]?)?(\d{1,2})(?!\d)/i,
    mark: ENTERPRISE_MARK,
    page: (id) => `https://errata.rockylinux.org/${id}`,
  },
  {
    words: 'AlmaLinux',
    source: 'alsa',
    systems: ['almalinux'],
    id: /^AL[SBE]A-\d{4}:[A-Z]?\d{1,6}$/,
    named: /\balma[ -]?(?:linux[ -]?)?(?:os[ -]?)?(\d{1,2})(?!\d)/i,
    mark: ENTERPRISE_MARK,
  },
  {
    // Built against RHEL, for it and what is rebuilt from it (docs.fedoraproject.org/en-US/epel); `EPEL-NEXT` is another repository.
    words: 'EPEL',
    source: 'epel',
    systems: ['rhel', 'rocky', 'almalinux', 'oracle-linux', 'centos'],
    id: /^FEDORA-EPEL-\d{4}-[0-9a-f]{4,40}$/,
    named: /\bepel[ -]?(\d{1,2})(?![\d.])/i,
    mark: ENTERPRISE_MARK,
    page: (id) => `https://bodhi.fedoraproject.org/updates/${id}`,
  },
  {
    words: 'Amazon Linux',
    source: 'alas',
    systems: ['amazon-linux'],
    id: /^ALAS/,
    // Its other repositories are fed by their own sites; `nvidia` is one more of Amazon Linux 2023.
    named: /^amazon-linux-(ami|2022|2023(?=---nvidia$))/,
    releases: { ami: '2018.03' },
    canonical: (id, release) => (release === '2018.03' ? (/^ALAS-\d{4}-\d{1,6}$/.test(id) ? id : undefined) : canonicalAlasId(id, release)),
  },
];

/** What an updateinfo shows of one vendor. */
interface Evidence {
  named: Set<string>;
  marked: Set<string>;
}

/** Reads the whole file. Throws `FeedError` where it is broken. `what` names it in errors. */
export async function tellOrigin(bytes: Uint8Array, what: string): Promise<Told> {
  const found = new Map<Vendor, Evidence>();
  const strangers: string[] = [];
  for await (const update of readUpdates(bytes, what)) {
    const vendor = VENDORS.find(({ id }) => id.test(update.id));
    if (vendor) gather(update, vendor, found);
    else strangers.push(update.id.slice(0, 60));
  }
  const [stranger = ''] = strangers;
  const told: Told = {
    origins: [],
    problems:
      stranger === '' && strangers.length === 0
        ? []
        : [`${strangers.length} updates have ids of no repository that is known, the first "${stranger}"`],
  };
  for (const [vendor, evidence] of found) {
    const release = releaseOf(evidence);
    if ('why' in release) told.problems.push(`its ids are of ${vendor.words}, and ${release.why}`);
    else told.origins.push(originOf(vendor, release.is));
  }
  return told;
}

function gather(update: Update, vendor: Vendor, found: Map<Vendor, Evidence>): void {
  const evidence = found.get(vendor) ?? { named: new Set(), marked: new Set() };
  found.set(vendor, evidence);
  for (const text of update.names) {
    const name = vendor.named.exec(text)?.[1];
    if (name !== undefined) evidence.named.add(vendor.releases?.[name] ?? name);
  }
  for (const { release } of update.packages) {
    const mark = vendor.mark?.exec(release)?.[1];
    if (mark !== undefined) evidence.marked.add(mark);
  }
}

/** What it names counts; marks only where it names nothing, since a repository may hold a build of the release before. */
function releaseOf({ named, marked }: Evidence): { is: string } | { why: string } {
  const [name, ...otherNames] = [...named].toSorted();
  const [mark, ...otherMarks] = [...marked].toSorted();
  if (otherNames.length > 0) return { why: `it names several releases: ${[name, ...otherNames].join(', ')}` };
  if (name !== undefined && mark !== undefined && !marked.has(name))
    return { why: `it names release ${name}, and its builds are of ${[mark, ...otherMarks].join(', ')}` };
  if (name !== undefined) return { is: name };
  if (mark === undefined) return { why: 'nothing in it says of which release' };
  return otherMarks.length === 0 ? { is: mark } : { why: `it names no release, and its builds are of several: ${[mark, ...otherMarks].join(', ')}` };
}

function originOf({ words, source, systems, id, canonical, page }: Vendor, release: string): Origin {
  const [os = ''] = systems;
  const dialect: Dialect = {
    feed: `updateinfo of ${words} ${release}`,
    source,
    os,
    release,
    readId: (text) => (!id.test(text) ? undefined : canonical ? canonical(text, release) : text),
    ...(page ? { page } : {}),
  };
  return { words: `${words} ${release}`, systems, release, dialect };
}

/** The advisories of one origin; what else the file holds is passed over. Throws as `tellOrigin`. */
export async function* readOrigin(bytes: Uint8Array, { systems, dialect }: Origin, raw: Raw, now: number): AsyncGenerator<Reading<Advisory>> {
  for await (const reading of readAdvisories(bytes, dialect, raw, now)) {
    if ('problem' in reading) {
      if (dialect.readId(reading.record) !== undefined) yield reading;
    } else yield { ...reading, item: { ...reading.item, affected: systems.flatMap((os) => reading.item.affected.map((row) => ({ ...row, os }))) } };
  }
}
