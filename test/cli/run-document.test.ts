import { expect, it } from 'vitest';
import { unreadFeeds } from '../../cli/run/document.ts';
import { rolloutOf } from '../../cli/run/watch.ts';
import type { FeedRow } from '../../lambdas/aws/record.ts';

const row = (name: string, more: Partial<FeedRow>): FeedRow => ({ list: 'all', name, ...more });

it('tells of feeds whose last reading failed, and which of them the folder has nothing for', () => {
  const rows = [
    row('msrc', { records: 5, code: '', reason: '' }),
    row('amazon-linux-2023', { code: 'bad-xml', reason: 'updateinfo.xml.gz is not well-formed: unclosed tag', records: 40 }),
    row('epss', { code: 'refused', reason: 'https://epss.example/scores.csv.gz answers 404' }),
    row('osv-debian', { code: 'refused', reason: 'https://osv.example/ answers 404', idle: true }),
    row('amazon-linux-2', { idle: true }),
  ];
  expect(unreadFeeds(rows)).toEqual([
    { feed: 'amazon-linux-2023', why: 'updateinfo.xml.gz is not well-formed: unclosed tag', absent: false },
    { feed: 'epss', why: 'https://epss.example/scores.csv.gz answers 404', absent: true },
  ]);
});

it('knows which of several rollouts sent a batch', () => {
  const rollouts = ['weekly-20261128-aaaaaa', 'weekly-win-20261128-bbbbbb'];
  expect(rolloutOf('weekly-win-20261128-bbbbbb-all-p1-0-0', rollouts)).toBe('weekly-win-20261128-bbbbbb');
  expect(rolloutOf('scan-0123-s0-0-0', rollouts)).toBeUndefined();
});
