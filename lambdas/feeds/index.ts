/** The one list of feeds. */
import type { Repository } from '../core/model.ts';
import { alasRss } from './alas-rss.ts';
import { amazonLinux2Extras } from './amazon-linux-extras.ts';
import { amazonLinux2, amazonLinux2023, amazonLinux2023Livepatch } from './amazon-linux.ts';
import { endOfLife } from './end-of-life.ts';
import { epss } from './epss.ts';
import type { Feed } from './feed.ts';
import { knownExploited } from './kev.ts';
import { msrc } from './msrc.ts';
import { oracleLinux8, oracleLinux9 } from './oracle.ts';
import { osvFeeds } from './osv.ts';
import { repositoryFeed } from './repositories.ts';

export const feeds: readonly Feed[] = [
  amazonLinux2023,
  amazonLinux2023Livepatch,
  amazonLinux2,
  amazonLinux2Extras,
  alasRss,
  ...osvFeeds,
  oracleLinux8,
  oracleLinux9,
  msrc,
  knownExploited,
  epss,
  endOfLife,
];

/** The vendors' feeds, and one for each repository that the policy file names. */
export function feedsWith(repositories: readonly Repository[]): { feed: Feed; repository?: Repository }[] {
  return [...feeds.map((feed) => ({ feed })), ...repositories.map((repository) => ({ feed: repositoryFeed(repository), repository }))];
}

/** The feed of this name; `repository` says what a `repo-…` is. */
export function findFeed(name: string, repository?: Repository): Feed | undefined {
  return feedsWith(repository ? [repository] : []).find(({ feed }) => feed.name === name)?.feed;
}
