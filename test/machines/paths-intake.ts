/** Paths through the machines that read: intake and feed. */
import { BUCKET, TRACK, TRACK_PATH, boom, oneBatch } from './paths-rollout.ts';
import type { Case } from './paths-rollout.ts';

const feeds = (...names: string[]) => ({ feeds: names.map((feed) => ({ feed })), due: names.length });
const single = feeds('amazon-linux-2023');
const none = feeds();
const pulled = (result: string, changed = 0) => ({ feed: 'f', result, changed, reason: '', run: '', bucket: '', key: '' });
const parts = { ...pulled('parts'), run: '1', ...BUCKET };
const scan = (tracks: number) => ({ scan: 'scan-x', tracks, ...BUCKET });
const counted = { nodes: 1, reporting: 1, exposed: 0 };
const started = { 'Start rollouts': [{ started: 0, told: 0 }] };
const WHOLE = 'Begin intake › Look at the fleet? › Lay out scan › Anything to scan?';
const QUICK = 'Begin intake › Look at the fleet? › Pick feeds › Anything to read?';
const PULL = 'Pull feeds › Pull feed › In parts? › Feed read';
const unscanned = { 'Lay out scan': [scan(0)], 'Close intake': [counted], ...started };
const whole = { maxAgeHours: 0 };
const quick = { maxAgeHours: 0, scope: 'feeds' };

export const intakeCases: Case[] = [
  {
    machine: 'intake',
    title: 'the fleet scanned, then its feeds read',
    input: whole,
    script: { ...oneBatch, ...unscanned, 'Lay out scan': [scan(1)], Scan: [[TRACK]], 'Pick feeds': [single], 'Pull feed': [pulled('stored', 3)] },
    path: `${WHOLE} › Scan › ${TRACK_PATH} › Pick feeds › Anything to read? › ${PULL} › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'a feed that is down keeps nothing else from happening, and fresh facts need no command',
    input: { maxAgeHours: 12, scope: 'all' },
    script: { ...unscanned, 'Pick feeds': [single], 'Pull feed': [boom] },
    path: `${WHOLE} › Pick feeds › Anything to read? › Pull feeds › Pull feed › Feed given up › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'a scan that cannot be read ends in coverage, not in a failure',
    input: whole,
    script: { ...unscanned, 'Lay out scan': [scan(1)], Scan: [boom], 'Pick feeds': [none] },
    path: `${WHOLE} › Scan › Pick feeds › Anything to read? › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'an hour without news ends without counting',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [pulled('unchanged')] },
    path: `${QUICK} › ${PULL} › Anything new? › Nothing new`,
  },
  {
    machine: 'intake',
    title: 'an hour in which no feed has its time',
    input: quick,
    script: { 'Pick feeds': [none] },
    path: `${QUICK} › Anything new? › Nothing new`,
  },
  {
    machine: 'intake',
    title: 'news between two whole looks are counted without looking at the fleet',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [pulled('stored', 1)], 'Close intake': [counted], ...started },
    path: `${QUICK} › ${PULL} › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'a feed that hears of news of another has it read at once, and what came before still counts',
    input: quick,
    script: {
      'Pick feeds': [feeds('alas-rss'), single],
      'Pull feed': [pulled('triggered', 2), pulled('unchanged')],
      'Close intake': [counted],
      ...started,
    },
    path: `${QUICK} › ${PULL} › Anything new? › Pick feeds › Anything to read? › ${PULL} › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'a feed of many records is read in parts by a machine of its own',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [parts], 'Read in parts': [pulled('stored', 4_000)], 'Close intake': [counted], ...started },
    path: `${QUICK} › Pull feeds › Pull feed › In parts? › Read in parts › Feed read › Anything new? › Close intake › Start rollouts`,
  },
  {
    machine: 'intake',
    title: 'parts that cannot be stored are given up like every other feed',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [parts], 'Read in parts': [boom] },
    path: `${QUICK} › Pull feeds › Pull feed › In parts? › Read in parts › Feed given up › Anything new? › Nothing new`,
  },
  {
    machine: 'intake',
    title: 'an answer to Pull feed that nobody defined',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [{ feed: 'f' }] },
    path: `${QUICK} › Pull feeds › Pull feed › In parts? › Feed lost › Intake failed`,
    error: 'IntakeFailed',
  },
  {
    machine: 'intake',
    title: 'a scope that nobody defined',
    input: { maxAgeHours: 0, scope: 'some' },
    script: {},
    path: 'Begin intake › Look at the fleet? › Intake failed',
    error: 'IntakeFailed',
  },
  {
    machine: 'intake',
    title: 'a fault at Pick feeds',
    input: quick,
    script: { 'Pick feeds': [boom] },
    path: 'Begin intake › Look at the fleet? › Pick feeds › Intake failed',
    error: 'IntakeFailed',
  },
  {
    machine: 'intake',
    title: 'a number of feeds that cannot be',
    input: quick,
    script: { 'Pick feeds': [{ ...none, due: -1 }] },
    path: `${QUICK} › Intake failed`,
    error: 'IntakeFailed',
  },
  {
    machine: 'intake',
    title: 'a fault at Lay out scan',
    input: whole,
    script: { 'Lay out scan': [boom] },
    path: 'Begin intake › Look at the fleet? › Lay out scan › Intake failed',
    error: 'IntakeFailed',
  },
  {
    machine: 'intake',
    title: 'a number of tracks that cannot be',
    input: whole,
    script: { 'Lay out scan': [scan(-1)] },
    path: `${WHOLE} › Intake failed`,
    error: 'IntakeFailed',
  },
  {
    machine: 'intake',
    title: 'a change of less than nothing',
    input: quick,
    script: { 'Pick feeds': [single], 'Pull feed': [pulled('stored', -1)] },
    path: `${QUICK} › ${PULL} › Anything new? › Intake failed`,
    error: 'IntakeFailed',
  },
  {
    machine: 'intake',
    title: 'a fault at Close intake',
    input: whole,
    script: { ...unscanned, 'Pick feeds': [none], 'Close intake': [boom] },
    path: `${WHOLE} › Pick feeds › Anything to read? › Anything new? › Close intake › Intake failed`,
    error: 'IntakeFailed',
  },
  {
    machine: 'intake',
    title: 'a fault at Start rollouts',
    input: whole,
    script: { ...unscanned, 'Pick feeds': [none], 'Start rollouts': [boom] },
    path: `${WHOLE} › Pick feeds › Anything to read? › Anything new? › Close intake › Start rollouts › Intake failed`,
    error: 'IntakeFailed',
  },
];

const ITEM = { feed: 'osv-ubuntu', run: '1', ...BUCKET };
const PART = { feed: 'osv-ubuntu', run: '1', part: 0, records: ['USN-1-1'], replay: false };
export const feedCases: Case[] = [
  {
    machine: 'feed',
    title: 'parts read, then put together',
    input: ITEM,
    script: {
      'Read parts': [[PART, { ...PART, part: 1 }]],
      'Pull part': [
        { read: 1, skipped: 0 },
        { read: 1, skipped: 0 },
      ],
      'Store feed': [pulled('stored', 2)],
    },
    path: 'Begin › Read parts › Pull part › Pull part › Store feed',
  },
  {
    machine: 'feed',
    title: 'a part that never comes is told by Store feed',
    input: ITEM,
    script: { 'Read parts': [[PART]], 'Pull part': [boom], 'Store feed': [pulled('failed')] },
    path: 'Begin › Read parts › Pull part › Part given up › Store feed',
  },
  {
    machine: 'feed',
    title: 'a list of parts that cannot be read',
    input: ITEM,
    script: { 'Read parts': [boom], 'Store feed': [pulled('failed')] },
    path: 'Begin › Read parts › Store feed',
  },
  {
    machine: 'feed',
    title: 'a fault at Store feed',
    input: ITEM,
    script: { 'Read parts': [[PART]], 'Pull part': [{ read: 1, skipped: 0 }], 'Store feed': [boom] },
    path: 'Begin › Read parts › Pull part › Store feed › Not stored',
    error: 'FeedNotStored',
  },
];
