/** Any yum repository that a user names: EPEL, a vendor's, a team's own. Its updateinfo speaks for one release of one OS. */
import { z } from 'zod';
import type { Feed } from './feed.ts';
import { updateinfoFeed } from './updateinfo-feed.ts';

/** What a user says of a repository. */
export const NamedRepository = z.strictObject({
  /** The feed and the source of its advisories are called `repo-` and this: `epel-9`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,23}$/, 'must be of small letters, digits and dashes, at most 24'),
  /** The address above `repodata/`, or of a file of mirrors on the same host, which ends in `.list`. */
  url: z.string().regex(/^https:\/\/[a-z0-9.-]+\/[!-~]*$/, 'must be an https:// address of a host in small letters, without a port'),
  /** `rhel` and `9`: the first two parts of the platforms that the repository is for. */
  os: z.string().regex(/^[a-z][a-z0-9.-]{0,39}$/),
  release: z.string().regex(/^[a-z0-9.]{1,20}$/),
});
export type NamedRepository = z.infer<typeof NamedRepository>;

/** Private repositories may rest for long. */
const QUIET_DAYS = 90;

/**
 * The feed of a repository that a user named. Every id is taken as it is. Throws a `ZodError` for settings that are none.
 * One repository is for one architecture; its noarch packages and others with the same versions are matched on every one.
 */
export function repositoryFeed(named: NamedRepository): Feed {
  const { name, url, os, release } = NamedRepository.parse(named);
  const feed = `repo-${name}`;
  const at = new URL(url).pathname.endsWith('.list') ? { mirrorList: url } : { base: url };
  return updateinfoFeed({
    name: feed,
    source: feed,
    platforms: [`${os}-${release}-`],
    everyHours: 6,
    hosts: [new URL(url).hostname],
    quietDays: QUIET_DAYS,
    repositories: [{ name, at, dialect: { feed, source: feed, os, release, readId: (id) => id } }],
  });
}
