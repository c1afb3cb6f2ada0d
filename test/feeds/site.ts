/** Small sites for the tests of feeds: what is at which address, and what was asked and archived. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Feed, PullContext, Pulled } from '../../lambdas/feeds/feed.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';

export const NOW = Date.parse('2026-11-23T06:00:00Z');
export const MIRROR_LIST = 'https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list';
export const BASE = 'https://cdn.amazonlinux.com/al2023/core/guids/cafe/x86_64/';
export const UPDATEINFO = `${BASE}repodata/updateinfo.xml.gz`;
export const KEV = 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json';

export type Files = Record<string, Buffer | string>;

export interface Visit {
  pulled: Pulled;
  asked: string[];
  archived: Buffer[];
}

/** Pulls a feed from files by address; an absent one is refused, as by a real site. */
export async function pull(feed: Feed, files: Files, more: Partial<PullContext> = {}): Promise<Visit> {
  const asked: string[] = [];
  const archived: Buffer[] = [];
  const pulled = await feed.pull({
    cursor: undefined,
    now: NOW,
    fetch: (url) => {
      asked.push(url);
      const file = files[url];
      if (file === undefined) return Promise.reject(new FeedError('refused', `${url} answers 404`));
      return Promise.resolve({ kind: 'bytes', bytes: Buffer.from(file), etag: undefined });
    },
    archive: (bytes) => {
      archived.push(Buffer.from(bytes));
      const hash = sha256(bytes);
      return Promise.resolve({ key: `feeds/${hash}`, sha256: hash });
    },
    ...more,
  });
  return { pulled, asked, archived };
}

/** The code with which a pull fails; throws where it does not fail so. */
export async function failure(feed: Feed, files: Files, more: Partial<PullContext> = {}): Promise<FeedError> {
  try {
    await pull(feed, files, more);
  } catch (error) {
    if (error instanceof FeedError) return error;
    throw error;
  }
  throw new Error('the pull succeeded');
}

/** The three files of an Amazon Linux repository around these bytes of updateinfo. */
export function amazon(updateinfo: Buffer, more: Files = {}): Files {
  return { [MIRROR_LIST]: `${BASE}\n`, [`${BASE}repodata/repomd.xml`]: repomd(updateinfo), [UPDATEINFO]: updateinfo, ...more };
}

export function repomd(updateinfo: Buffer, href = 'repodata/updateinfo.xml.gz', type = 'sha256'): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo">
<data type="primary"><checksum type="sha256">${'0'.repeat(64)}</checksum><location href="repodata/primary.xml.gz"/></data>
<data type="updateinfo">
<checksum type="${type}">${createHash(type).update(updateinfo).digest('hex')}</checksum>
<open-checksum type="sha256">${'1'.repeat(64)}</open-checksum><location href="${href}"/>
</data>
</repomd>`;
}

export interface Written {
  id: string;
  type?: string;
  title?: string;
  issued?: string;
  updated?: string;
  severity?: string;
  references?: string;
  collection?: string;
  packages?: string;
}

/** One update as Amazon Linux 2023 writes it. */
export function update(written: Written): string {
  const { id, type = 'security', title = `Update ${id}`, issued = '2026-10-20 19:20:00', updated = '2026-10-21 02:44:00' } = written;
  const { severity = 'Important', references = reference('CVE-2023-3446'), collection = 'amazon-linux-2023', packages = rpm() } = written;
  return `<update status="final" version="1.4" author="linux-security@amazon.com" type="${type}"><id>${id}</id><title>${title}</title>
<issued date="${issued}" /><updated date="${updated}" /><severity>${severity}</severity><description>What was wrong &amp; how.</description>
<references>${references}</references><pkglist><collection short="${collection}"><name>x</name>${packages}</collection></pkglist></update>`;
}

export function reference(id: string, type = 'cve', href = `http://cve.mitre.org/cgi-bin/cvename.cgi?name=${id}`): string {
  return `<reference href="${href}" title="" id="${id}" type="${type}" />`;
}

export function rpm(name = 'openssl', evr = '1:3.0.8-1.amzn2023.0.5', arch = 'x86_64'): string {
  const [, epoch = '', version = '', release = ''] = evr.match(/^(?:(\d+):)?([^-]+)-(.+)$/) ?? [];
  const attributes = `name="${name}" version="${version}" release="${release}" epoch="${epoch}" arch="${arch}"`;
  return `<package ${attributes}><filename>Packages/x.rpm</filename></package>`;
}

/** updateinfo.xml.gz of these updates. */
export function packed(...updates: string[]): Buffer {
  return gzipSync(`<?xml version="1.0" ?>\n<updates>${updates.join('\n')}</updates>\n`);
}

/** So many sound updates, `ALAS2023-2026-1001` and on. */
export function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => update({ id: `ALAS2023-2026-${1001 + index}` }));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Everything that a pull yields. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Sound updates with so much between them that a small file grows to 40 MB. */
export function gzipBomb(): Buffer {
  return packed(...many(20).map((sound) => `${sound}<!--${' '.repeat(2_000_000)}-->`));
}
