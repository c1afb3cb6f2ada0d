/**
 * The yum repository around a single updateinfo file, so that the chain mirror.list → repomd.xml → updateinfo.xml.gz is walked as on
 * the vendor's site. Its packages are nobody's concern here. Equal content gives equal bytes.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

interface Site {
  mirrorList: string;
  /** Path of the repository; `{guid}` stands for a hash, as every release of Amazon Linux has its own. */
  base: string;
}

/** By `short` of the collection in updateinfo. */
const SITES: Record<string, Site> = {
  'amazon-linux-2023': {
    mirrorList: '/cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list',
    base: '/cdn.amazonlinux.com/al2023/core/guids/{guid}/x86_64/',
  },
};

/**
 * Paths and bytes of the repository that this updateinfo belongs to, or `undefined` if there is none. `text` is what `bytes` say,
 * gzipped or not. `repomd` is the vendor's own, where it is at hand: then the file stands where that says, and whether it fits is for the
 * reader to find out.
 */
export function repositoryOf(updateinfo: { bytes: Buffer; text: string }, repomd: Buffer | undefined): [string, Buffer][] | undefined {
  const collection = updateinfo.text.match(/<collection\s[^>]*\bshort="([^"]+)"/)?.[1] ?? '';
  const site = SITES[collection];
  if (!site) return undefined;
  const packed = updateinfo.bytes[0] === 0x1f ? updateinfo.bytes : gzipSync(updateinfo.bytes);
  const base = site.base.replace('{guid}', sha256(packed));
  const href = hrefOf(repomd) ?? 'repodata/updateinfo.xml.gz';
  return [
    [site.mirrorList, Buffer.from(`https:/${base}\n`)],
    [`${base}repodata/repomd.xml`, repomd ?? makeRepomd(updateinfo.text, packed, href)],
    [`${base}${href}`, packed],
  ];
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
