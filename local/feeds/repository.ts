/**
 * The yum repository around a single updateinfo file, so that the chain (mirror list) → repomd.xml → updateinfo.xml.gz is walked as on
 * the vendor's site. Its packages are nobody's concern here. Equal content gives equal bytes.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

interface Site {
  /** Absent: the repository is read by its own address. */
  mirrorList?: string;
  /** Path of the repository; `{guid}` stands for a hash, as every release of Amazon Linux has its own. */
  base: string;
}

const AMAZON = '/cdn.amazonlinux.com/';
const EXTRAS = /^\/cdn\.amazonlinux\.com\/2\/extras\/([^/]+)\/latest\/x86_64\/mirror\.list$/;
const ORACLE = '/yum.oracle.com/repo/OracleLinux/';

function amazon(mirrors: string, base: string): Site {
  return { mirrorList: `${AMAZON}${mirrors}/x86_64/mirror.list`, base: `${AMAZON}${base}/` };
}

/** By `short` of the collection in updateinfo. */
function siteOf(collection: string, text: string): Site | undefined {
  if (collection === 'amazon-linux-2023') return amazon('al2023/core/mirrors/latest', 'al2023/core/guids/{guid}/x86_64');
  if (collection === 'amazon-linux-2023---kernel-livepatch')
    return amazon('al2023/kernel-livepatch/mirrors/latest', 'al2023/kernel-livepatch/guids/{guid}/x86_64');
  if (collection === 'amazon-linux-2') return amazon('2/core/latest', '2/core/2.0/x86_64/{guid}');
  const topic = /^amazon-linux-2---([A-Za-z0-9][A-Za-z0-9._+-]{0,59})$/.exec(collection)?.[1];
  if (topic !== undefined) return amazon(`2/extras/${topic}/latest`, `2/extras/${topic}/stable/x86_64/{guid}`);
  return oracleSite(text);
}

/** Oracle's collections have changed their names; the sender and the packages' own mark (`.el9_3`) have not. */
function oracleSite(text: string): Site | undefined {
  if (!/<update\s[^>]*\bfrom="el-errata/.test(text) && !/<id>EL[SBE]A-\d{4}-/.test(text)) return undefined;
  const release = /\brelease="[^"]*\.el(\d+)/.exec(text)?.[1];
  if (release === undefined) return undefined;
  const part = /\brelease="[^"]*\.el\d+uek/.test(text) ? 'UEKR7' : 'baseos/latest';
  return { base: `${ORACLE}OL${release}/${part}/x86_64/` };
}

interface Updateinfo {
  bytes: Buffer;
  text: string;
}

/**
 * Puts the repositories that this updateinfo belongs to, mostly one, or answers why there is none. `text` is what `bytes` say, gzipped or not.
 * `repomd` is the vendor's own, where it is at hand: then the file stands where that says, and whether it fits is for the reader to find
 * out.
 */
export function addRepository(
  updateinfo: Updateinfo,
  repomd: Buffer | undefined,
  put: (files: [string, Buffer][]) => string | undefined,
): string | undefined {
  const collections = new Set(Array.from(updateinfo.text.matchAll(/<collection\s[^>]*\bshort="([^"]+)"/g), ([, short = '']) => short));
  // Without a collection it may still be Oracle's.
  const sites = new Map(
    [...(collections.size === 0 ? [''] : collections)].flatMap((short) => siteOf(short, updateinfo.text) ?? []).map((site) => [site.base, site]),
  );
  if (sites.size === 0) return 'its collection belongs to no repository that Wavelock reads by itself';
  return put([...sites.values()].flatMap((site) => filesOf(site, updateinfo, repomd)));
}

function filesOf(site: Site, { bytes, text }: Updateinfo, repomd: Buffer | undefined): [string, Buffer][] {
  const packed = bytes[0] === 0x1f ? bytes : gzipSync(bytes);
  const base = site.base.replace('{guid}', sha256(packed));
  const href = hrefOf(repomd) ?? 'repodata/updateinfo.xml.gz';
  return [
    ...(site.mirrorList === undefined ? [] : [[site.mirrorList, Buffer.from(`https:/${base}\n`)] as [string, Buffer]]),
    [`${base}repodata/repomd.xml`, repomd ?? makeRepomd(text, packed, href)],
    [`${base}${href}`, packed],
  ];
}

/** A repository under an address of one's own, and its files by `/<host>/<path>`. */
export function repositoryAt(url: string, updateinfo: Updateinfo): [string, [string, Buffer][]] {
  return [url, filesOf({ base: url.replace('https:/', '') }, updateinfo, undefined)];
}

/** The catalogue of Amazon Linux 2's extras, with the topics that are there. */
export function extrasCatalogue(made: ReadonlyMap<string, Buffer>): [string, Buffer][] {
  const topics = [...made.keys()].flatMap((path) => EXTRAS.exec(path)?.[1] ?? []);
  if (topics.length === 0) return [];
  return [[`${AMAZON}2/extras-catalog.json`, Buffer.from(JSON.stringify({ topics: topics.map((n) => ({ n })) }))]];
}

/** Oracle Linux is six repositories a release: those that the folder has nothing of exist, without errata. */
export function emptyRepositories(made: ReadonlyMap<string, Buffer>): [string, Buffer][] {
  const releases = new Set([...made.keys()].flatMap((path) => /^\/yum\.oracle\.com\/repo\/OracleLinux\/(OL\d+)\//.exec(path)?.[1] ?? []));
  const empty = '<?xml version="1.0" encoding="UTF-8"?>\n<updates></updates>\n';
  return [...releases]
    .flatMap((release) =>
      ['baseos/latest', 'appstream', 'UEKR7'].flatMap((part) => ['x86_64', 'aarch64'].map((arch) => `${ORACLE}${release}/${part}/${arch}/`)),
    )
    .flatMap((base) => (made.has(`${base}repodata/repomd.xml`) ? [] : filesOf({ base }, { bytes: Buffer.from(empty), text: empty }, undefined)));
}

function hrefOf(repomd: Buffer | undefined): string | undefined {
  const entry = repomd?.toString('utf8').match(/<data\s+type="updateinfo">[\s\S]*?<\/data>/)?.[0];
  return entry?.match(/<location\s[^>]*\bhref="([^"]+)"/)?.[1];
}

function makeRepomd(text: string, packed: Buffer, href: string): Buffer {
  const plain = Buffer.from(text);
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1</revision>
  <data type="updateinfo">
    <checksum type="sha256">${sha256(packed)}</checksum>
    <open-checksum type="sha256">${sha256(plain)}</open-checksum>
    <location href="${href}"/>
    <size>${packed.length}</size>
    <open-size>${plain.length}</open-size>
  </data>
</repomd>
`);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
