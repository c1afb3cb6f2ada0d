import { feeds } from '../feeds/index.ts';
import { implement } from './implement.ts';

/** Which feeds to pull: all that there are. */
export const handler = implement('PickFeeds', async () => ({ feeds: feeds.map(({ name }) => ({ feed: name })) }));
