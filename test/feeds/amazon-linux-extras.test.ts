import { describe, expect, it } from 'vitest';
import type { Advisory } from '../../lambdas/core/advisory.ts';
import { createMatcher } from '../../lambdas/core/match/matcher.ts';
import { amazonLinux2Extras } from '../../lambdas/feeds/amazon-linux-extras.ts';
import { all, failure, packed, pull, repomd, rpm, sha256, update } from './site.ts';
import type { Files, Visit } from './site.ts';

const CATALOGUE = 'https://cdn.amazonlinux.com/2/extras-catalog.json';

/** repomd.xml of a repository without advisories. */
const BARE = '<repomd><data type="primary"><location href="a"/></data></repomd>';

/** The site of these topics: updateinfo by topic, `none` for a repository without, `absent` for a topic that the site does not have. */
function site(topics: Record<string, Buffer | 'none' | 'absent'>): Files {
  const catalogue = Object.keys(topics).map((n) => ({ n, inst: [n], versions: ['1'] }));
  const files: Files = { [CATALOGUE]: JSON.stringify({ version: 1, topics: catalogue }) };
  for (const [topic, bytes] of Object.entries(topics)) {
    if (bytes === 'absent') continue;
    const base = `https://cdn.amazonlinux.com/2/extras/${topic}/2.0/x86_64/${sha256(Buffer.from(bytes))}`;
    files[`https://cdn.amazonlinux.com/2/extras/${topic}/latest/x86_64/mirror.list`] = `${base}\n`;
    files[`${base}/repodata/repomd.xml`] = bytes === 'none' ? BARE : repomd(bytes);
    if (bytes !== 'none') files[`${base}/repodata/updateinfo.xml.gz`] = bytes;
  }
  return files;
}

function kernel(stream: string, number = '001'): Buffer {
  const collection = `amazon-linux-2---kernel-${stream}`;
  const packages = rpm('kernel', `0:${stream}.43-20.123.amzn2`) + rpm(`kernel-livepatch-${stream}.43-20.123`, '0:1.0-0.amzn2');
  return packed(update({ id: `ALAS2KERNEL-${stream}-2026-${number}`, collection, packages }));
}

async function advisories({ pulled }: Visit): Promise<Advisory[]> {
  return pulled.kind === 'advisories' ? all(pulled.advisories) : [];
}

describe('the feed of Amazon Linux 2 extras', () => {
  it('reads every topic of the catalogue that exists, each in its channel', async () => {
    const files = site({ 'kernel-5.10': kernel('5.10'), 'kernel-5.15': kernel('5.15'), nano: 'none', 'aws-nitro-enclaves-cli': 'absent' });
    const visit = await pull(amazonLinux2Extras, files);
    expect(visit.pulled).toMatchObject({ kind: 'advisories', complete: true, health: { records: 2, skipped: 0 } });
    const read = await advisories(visit);
    expect(read.map((advisory) => [advisory.id, advisory.affected.map((row) => row.channel)])).toEqual([
      ['ALAS2KERNEL-5.10-2026-001', ['extras:kernel-5.10', 'livepatch']],
      ['ALAS2KERNEL-5.15-2026-001', ['extras:kernel-5.15', 'livepatch']],
    ]);
    expect(visit.archived.map(sha256)).toContain(visit.pulled.kind === 'advisories' ? visit.pulled.raw.sha256 : '');
  });

  it('never matches a 5.10 kernel with an advisory of 5.15', async () => {
    const [advisory] = await advisories(await pull(amazonLinux2Extras, site({ 'kernel-5.15': kernel('5.15') })));
    const older = { name: 'kernel', version: '5.10.43-20.1.amzn2', arch: 'x86_64' };
    const match = createMatcher({ advisories: advisory ? [advisory] : [] });
    expect(match({ platform: 'amazon-linux-2-x86_64', certainty: 'exact', installed: [older] }, 'all')).toEqual([]);
  });

  it('leaves out what a topic says of other collections', async () => {
    const packages = rpm('openssl', '1:1.0.2k-1.amzn2');
    const foreign = packed(update({ id: 'ALAS2NGINX1-2026-001', collection: 'amazon-linux-2', packages }));
    const [advisory] = await advisories(await pull(amazonLinux2Extras, site({ nginx1: foreign })));
    expect(advisory?.affected).toEqual([]);
  });

  it('asks for the catalogue and one mirror list a topic while nothing changes', async () => {
    const files = site({ 'kernel-5.10': kernel('5.10'), 'kernel-5.15': kernel('5.15'), nano: 'none' });
    const { cursor } = (await pull(amazonLinux2Extras, files)).pulled;
    const visit = await pull(amazonLinux2Extras, files, { cursor });
    expect(visit.pulled).toMatchObject({ kind: 'unchanged', health: { records: 2 } });
    expect(visit.asked).toHaveLength(4);
  });

  it('asks about sixteen of many topics at once, each in its turn', async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`topic${index}`, 'none' as const]));
    const files = site({ ...many, 'kernel-5.15': kernel('5.15') });
    let { cursor } = (await pull(amazonLinux2Extras, files)).pulled;
    const asked = new Set<string>();
    for (let poll = 0; poll < 3; poll += 1) {
      const visit = await pull(amazonLinux2Extras, files, { cursor });
      expect(visit.asked.length).toBeLessThanOrEqual(17);
      for (const url of visit.asked) asked.add(url);
      cursor = visit.pulled.cursor;
    }
    expect([...asked].filter((url) => url.endsWith('mirror.list'))).toHaveLength(41);
  });

  it('reads all when one has changed, when a topic is new and when one is gone', async () => {
    const first = site({ 'kernel-5.10': kernel('5.10'), 'kernel-5.15': kernel('5.15') });
    const { cursor } = (await pull(amazonLinux2Extras, first)).pulled;
    const changed = site({ 'kernel-5.10': kernel('5.10'), 'kernel-5.15': kernel('5.15', '002') });
    expect((await advisories(await pull(amazonLinux2Extras, changed, { cursor }))).map((advisory) => advisory.id)).toEqual([
      'ALAS2KERNEL-5.10-2026-001',
      'ALAS2KERNEL-5.15-2026-002',
    ]);
    const more = { ...first, ...site({ 'kernel-5.10': kernel('5.10'), 'kernel-5.15': kernel('5.15'), docker: 'none' }) };
    expect((await pull(amazonLinux2Extras, more, { cursor })).pulled).toMatchObject({ kind: 'advisories', health: { records: 2 } });
    expect((await failure(amazonLinux2Extras, site({ 'kernel-5.10': kernel('5.10') }), { cursor })).code).toBe('shrunk');
  });

  it('takes a topic that was there and answers 404 now for hidden, not for gone', async () => {
    const { cursor } = (await pull(amazonLinux2Extras, site({ 'kernel-5.10': kernel('5.10'), 'kernel-5.15': kernel('5.15') }))).pulled;
    const hidden = site({ 'kernel-5.10': kernel('5.10'), 'kernel-5.15': 'absent' });
    expect((await failure(amazonLinux2Extras, hidden, { cursor })).code).toBe('refused');
  });

  it.each<[string, string, string]>([
    ['a web page', '<!DOCTYPE html><html></html>', 'web-page'],
    ['no JSON', '{"topics":', 'bad-json'],
    ['another form', '{"items":[]}', 'reshaped'],
    ['no topics', '{"topics":[]}', 'empty'],
    ['a topic that would be a path', '{"topics":[{"n":"../core"}]}', 'reshaped'],
    ['a list of 301 topics', JSON.stringify({ topics: Array.from({ length: 301 }, (_, n) => ({ n: `t${n}` })) }), 'too-large'],
  ])('refuses a catalogue that is %s', async (_, catalogue, code) => {
    expect((await failure(amazonLinux2Extras, { [CATALOGUE]: catalogue })).code).toBe(code);
  });
});
