/**
 * Oracle Linux errata (ELSA, ELBA, ELEA) from the repositories at yum.oracle.com. Kernels come from a repository of their own, the
 * Unbreakable Enterprise Kernel. Builds for Ksplice and FIPS stand beside the plain packages under the same names and have channels.
 * Data: copyright Oracle; only facts are taken.
 */
import type { Feed } from './feed.ts';
import { updateinfoFeed } from './updateinfo-feed.ts';
import type { Repository } from './updateinfo-feed.ts';

const HOST = 'yum.oracle.com';
/** Errata come every week. */
const QUIET_DAYS = 14;

export const oracleLinux8: Feed = oracleLinux('8');
export const oracleLinux9: Feed = oracleLinux('9');

function oracleLinux(release: string): Feed {
  const name = `oracle-linux-${release}`;
  const dialect = {
    feed: name,
    source: 'elsa',
    os: 'oracle-linux',
    release,
    readId: (id: string) => (/^EL[SBE]A-\d{4}-[0-9A-Za-z-]{1,20}$/.test(id) ? id : undefined),
    page: (id: string) => `https://linux.oracle.com/errata/${id}.html`,
  };
  // A repository lists the packages of its own architecture only.
  const repository = (path: string): Repository[] =>
    ['x86_64', 'aarch64'].map((arch) => ({
      name: `${path}/${arch}`,
      at: { base: `https://${HOST}/repo/OracleLinux/OL${release}/${path}/${arch}/` },
      dialect,
    }));
  return updateinfoFeed({
    name,
    source: 'elsa',
    platforms: [`${name}-`],
    everyHours: 6,
    hosts: [HOST],
    quietDays: QUIET_DAYS,
    repositories: ['baseos/latest', 'appstream', 'UEKR7'].flatMap(repository),
  });
}
