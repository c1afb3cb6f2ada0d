/**
 * Amazon Linux Security Advisories from the package repositories themselves: mirror.list → repomd.xml → updateinfo.xml.gz.
 * Nodes read the same files (Amazon Linux 2023 User Guide, "Advisories and RPM repositories"), so feed and `dnf updateinfo` agree on
 * ids and versions; the advisory pages carry no epochs. The x86_64 repository lists the packages of all architectures.
 */
import type { Feed } from './feed.ts';
import type { Dialect } from './updateinfo-advisory.ts';
import { updateinfoFeed } from './updateinfo-feed.ts';

export const AMAZON_HOST = 'cdn.amazonlinux.com';
/** Amazon Linux is released every one to two weeks. */
export const AMAZON_QUIET_DAYS = 14;

/** The core repository of Amazon Linux 2023, at its newest release. */
export const amazonLinux2023: Feed = core('2023', `https://${AMAZON_HOST}/al2023/core/mirrors/latest/x86_64/mirror.list`);

/** The core repository of Amazon Linux 2. */
export const amazonLinux2: Feed = core('2', `https://${AMAZON_HOST}/2/core/latest/x86_64/mirror.list`);

/** Patches for running kernels of Amazon Linux 2023. They mitigate without a reboot and are silent for months when no kernel needs one. */
export const amazonLinux2023Livepatch: Feed = updateinfoFeed({
  name: 'amazon-linux-2023-livepatch',
  source: 'alas',
  platforms: ['amazon-linux-2023-'],
  everyHours: 1,
  hosts: [AMAZON_HOST],
  quietDays: 120,
  repositories: [
    {
      name: 'kernel-livepatch',
      at: { mirrorList: `https://${AMAZON_HOST}/al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list` },
      dialect: { ...amazonDialect('amazon-linux-2023-livepatch', '2023', 'amazon-linux-2023---kernel-livepatch'), channel: 'livepatch' },
    },
  ],
});

function core(release: string, mirrorList: string): Feed {
  const name = `amazon-linux-${release}`;
  return updateinfoFeed({
    name,
    source: 'alas',
    platforms: [`${name}-`],
    everyHours: 1,
    hosts: [AMAZON_HOST],
    quietDays: AMAZON_QUIET_DAYS,
    repositories: [{ name: 'core', at: { mirrorList }, dialect: amazonDialect(name, release, name) }],
  });
}

/** `collection`: whose packages the repository is to speak of; it may mention those of others. */
export function amazonDialect(feed: string, release: string, collection: string): Dialect {
  return {
    feed,
    source: 'alas',
    os: 'amazon-linux',
    release,
    readId: (id) => canonicalAlasId(id, release),
    takes: (item) => item.collection === collection,
    // So since 2025; pages of older advisories may have a shorter name.
    page: (id) => `https://alas.aws.amazon.com/AL${release}/${id}.html`,
  };
}

/**
 * The id with the release in it, as updateinfo writes it: the page of `ALAS2023-2023-126` is called `ALAS-2023-126`, that of
 * `ALAS2KERNEL-5.15-2022-001` is `ALASKERNEL-5.15-2022-001`. `undefined` for what is no id of Amazon Linux.
 */
export function canonicalAlasId(id: string, release: string): string | undefined {
  const parts = id.match(/^ALAS(\d*)((?:[A-Z][A-Za-z0-9._-]{0,60})?-\d{4}-\d{1,6})$/);
  return parts ? `ALAS${parts[1] === '' ? release : parts[1]}${parts[2]}` : undefined;
}
