/** The one list of feeds. */
import { amazonLinux2023 } from './amazon-linux.ts';
import type { Feed } from './feed.ts';
import { knownExploited } from './kev.ts';

export const feeds: readonly Feed[] = [amazonLinux2023, knownExploited];
