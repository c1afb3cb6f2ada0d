/** Where the vendors' sites have what a folder holds side by side, and what those sites make around it: lists, catalogues, mirrors. */
import { gzipSync } from 'node:zlib';
import type { OsvRecord, Recognised } from './recognise.ts';
import { addRepository, emptyRepositories, extrasCatalogue } from './repository.ts';

/** Files made for a folder, by `/<host>/<path>`. */
export type Made = Map<string, Buffer>;

const KEV = '/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json';
const SCORES = '/epss.empiricalsecurity.com/epss_scores-current.csv.gz';
const LIFECYCLES = '/endoflife.date/api/v1/products/full';
const NEWS = '/alas.aws.amazon.com/';
const MSRC = '/api.msrc.microsoft.com/cvrf/v3.0/';
const OSV = '/osv-vulnerabilities.storage.googleapis.com/';

/** Collects recognised files and answers what the sites then have. */
export class Sites {
  readonly #made: Made = new Map();
  readonly #records = new Map<string, Map<string, OsvRecord>>();
  readonly #months = new Map<string, string>();
  readonly #repomd: Buffer | undefined;

  /** `taken`: what the folder itself has under this path. `repomd`: a vendor's own, for the updateinfo beside it. */
  constructor(
    private readonly taken: (path: string) => boolean,
    repomd: Buffer | undefined,
  ) {
    this.#repomd = repomd;
  }

  /** Puts a file where its vendor's site has it. Answers why it could not be placed. */
  add(file: Recognised): string | undefined {
    switch (file.is) {
      case 'kev':
        return this.#put([[KEV, file.bytes]], "there is another file for CISA's catalogue");
      case 'scores':
        return this.#put([[SCORES, file.bytes[0] === 0x1f ? file.bytes : gzipSync(file.bytes)]], 'there is another file of EPSS scores');
      case 'lifecycles':
        return this.#put([[LIFECYCLES, file.bytes]], 'there is another file of end-of-life dates');
      case 'news':
        return this.#put([[`${NEWS}${newsOf(file.text)}/alas.rss`, file.bytes]], 'there is another file of the same news');
      case 'month':
        return this.#addMonth(file.bytes, file.month);
      case 'records':
        return this.#addRecords(file.records);
      case 'updateinfo':
        return addRepository(file, this.#repomd, (files) => this.#put(files, 'there is another updateinfo for the same repository'));
      case 'repomd':
        return undefined;
      case 'unknown':
        return file.why;
    }
  }

  /** Everything, with the lists that the sites make themselves. */
  finish(): Made {
    this.#finishRecords();
    if (this.#months.size > 0) {
      const value = [...this.#months].map(([ID, date]) => ({
        ID,
        Alias: ID,
        InitialReleaseDate: date,
        CurrentReleaseDate: date,
        CvrfUrl: `https:/${MSRC}cvrf/${ID}`,
      }));
      this.#put([[`${MSRC}updates`, Buffer.from(JSON.stringify({ value }))]], '');
    }
    for (const [path, bytes] of [...extrasCatalogue(this.#made), ...emptyRepositories(this.#made)]) this.#put([[path, bytes]], '');
    return this.#made;
  }

  #put(files: readonly (readonly [string, Buffer])[], otherwise: string): string | undefined {
    if (files.some(([path]) => this.#made.has(path) || this.taken(path))) return otherwise;
    for (const [path, bytes] of files) this.#made.set(path, bytes);
    return undefined;
  }

  #addMonth(bytes: Buffer, month: unknown): string | undefined {
    const { DocumentTracking: tracking } = month as {
      DocumentTracking?: { Identification?: { ID?: { Value?: unknown } }; CurrentReleaseDate?: unknown };
    };
    const id = tracking?.Identification?.ID?.Value;
    const date = tracking?.CurrentReleaseDate;
    if (typeof id !== 'string' || typeof date !== 'string' || !/^\d{4}-[A-Z][a-z]{2}(-[A-Z])?$/.test(id)) return 'does not say which month it is';
    const why = this.#put([[`${MSRC}cvrf/${id}`, bytes]], `there is another file for ${id}`);
    if (why === undefined) this.#months.set(id, date);
    return why;
  }

  /** Several files may hold records of one ecosystem; the same record twice is one, the newer. */
  #addRecords(records: readonly OsvRecord[]): string | undefined {
    const placed = records.map((record) => {
      const ecosystem = record.ecosystems[0] ?? ecosystemOf(record.id);
      if (ecosystem === undefined) return false;
      const folder = this.#records.get(ecosystem) ?? new Map<string, OsvRecord>();
      this.#records.set(ecosystem, folder);
      const before = folder.get(record.id);
      if (!before || before.modified < record.modified) folder.set(record.id, record);
      return true;
    });
    return placed.includes(true) ? undefined : 'belongs to no ecosystem';
  }

  /** SUSE's notices lie in two folders, which are always both there. */
  #finishRecords(): void {
    const folders = [...this.#records.keys()];
    for (const other of ['SUSE', 'openSUSE'])
      if (folders.some((folder) => /suse/i.test(folder)) && !folders.includes(other)) this.#records.set(other, new Map());
    for (const [ecosystem, records] of this.#records) {
      const newest = [...records.values()].toSorted((a, b) => (a.modified < b.modified ? 1 : -1));
      const list = newest.map(({ id, modified }) => `${modified},${id}\n`).join('');
      this.#put([[`${OSV}${ecosystem}/modified_id.csv`, Buffer.from(list)]], '');
      for (const { id, bytes } of newest) this.#put([[`${OSV}${ecosystem}/${id}.json`, bytes]], '');
    }
  }
}

/** `AL2` or `AL2023`, by the pages that the news lead to. */
function newsOf(text: string): string {
  return /alas\.aws\.amazon\.com\/(AL[0-9]+)\//.exec(text)?.[1] ?? 'AL1';
}

/** For records that affect nothing: they are in their vendor's folder all the same. */
function ecosystemOf(id: string): string | undefined {
  const known: [RegExp, string][] = [
    [/^(USN|LSN|UBUNTU)-/, 'Ubuntu'],
    [/^(DSA|DLA|DEBIAN)-/, 'Debian'],
    [/^RH[SBE]A-/, 'Red Hat'],
    [/^(RLSA|RXSA)-/, 'Rocky Linux'],
    [/^AL[SBE]A-/, 'AlmaLinux'],
    [/^SUSE-/, 'SUSE'],
    [/^openSUSE-/, 'openSUSE'],
  ];
  return known.find(([pattern]) => pattern.test(id))?.[1];
}
