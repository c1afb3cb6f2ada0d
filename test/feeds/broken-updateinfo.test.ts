import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amazonLinux2023 } from '../../lambdas/feeds/amazon-linux.ts';
import { FeedError } from '../../lambdas/feeds/feed.ts';
import { BASE, MIRROR_LIST, UPDATEINFO, all, amazon, failure, gzipBomb, many, packed, pull, repomd, rpm, update } from './site.ts';

const sound = packed(...many(3));
const page = '<!DOCTYPE html>\n<html><body>We will be right back</body></html>';

/** What comes of a file that its repository announces correctly. */
async function codeOf(bytes: Buffer | string): Promise<string> {
  return (await failure(amazonLinux2023, amazon(Buffer.from(bytes)))).code;
}

function distinct(count: number, name: string): string {
  return Array.from({ length: count }, (_, index) => rpm(`${name}${index}`)).join('');
}

function xml(body: string): string {
  return `<?xml version="1.0"?><updates>${body}</updates>`;
}

describe('a broken updateinfo is a plain error', () => {
  it.each<[string, Buffer | string, string]>([
    ['nothing', '', 'bad-xml'],
    ['a web page', page, 'web-page'],
    ['a cut-off gzip file', sound.subarray(0, sound.length - 20), 'bad-compression'],
    ['a damaged gzip file', Buffer.concat([sound.subarray(0, 60), Buffer.alloc(40, 0xff), sound.subarray(100)]), 'bad-compression'],
    ['a damaged zstd file', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), 'bad-compression'],
    ['an xz file', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), 'bad-compression'],
    ['a bzip2 file', Buffer.from('BZh9'), 'bad-compression'],
    ['XML that ends too early', gzipSync('<?xml version="1.0"?><updates><update><id>ALAS'), 'bad-xml'],
    ['XML that is not well-formed', xml('<update></id>'), 'bad-xml'],
    ['text that is not UTF-8', Buffer.concat([Buffer.from('<updates>'), Buffer.from([0xc3, 0x28]), Buffer.from('</updates>')]), 'bad-xml'],
    ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><updates></updates>', 'reshaped'],
    ['another document', '<?xml version="1.0"?><metadata></metadata>', 'reshaped'],
    ['JSON', '{"updates":[]}', 'bad-xml'],
    ['control characters', xml('<update><id>ALAS2023-2026-1\u0001</id></update>'), 'bad-xml'],
    ['a list without updates', xml(''), 'empty'],
    ['an unknown entity', xml('<update><id>&evil;</id></update>'), 'bad-xml'],
  ])('%s', async (_, bytes, code) => {
    expect(await codeOf(bytes)).toBe(code);
  });

  it('an entity bomb', async () => {
    const bomb = '<!DOCTYPE updates [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>';
    expect(await codeOf(`<?xml version="1.0"?>${bomb}<updates><update><id>&b;</id></update></updates>`)).toBe('forbidden-xml');
  });

  it('endless kinds of elements', async () => {
    const kinds = Array.from({ length: 1_001 }, (_, index) => `<a${index}/>`).join('');
    expect(await codeOf(xml(kinds))).toBe('reshaped');
  });

  it('endless nesting', async () => {
    expect(await codeOf(xml('<a>'.repeat(100_000)))).toBe('forbidden-xml');
  });

  it('a gzip bomb', async () => {
    expect((await failure(amazonLinux2023, amazon(gzipBomb()))).message).toMatch(/grows to more than 200 times its size/);
  });

  it('a flood of empty updates, which is not read to its end', async () => {
    const { message } = await failure(amazonLinux2023, amazon(gzipSync(xml('<update/>'.repeat(1_000_000)))));
    expect(message).toMatch(/: 10001 of the first 10001 records cannot be read, the first: a record without id: /);
  });

  it('a flood of sound updates, each with an id of its own, which would fill the record', async () => {
    const one = (index: number): string => `<update><id>ALAS2023-2026-${index}</id><issued date="2026-10-01"/></update>`;
    const body = Array.from({ length: 100_001 }, (_, index) => one(index)).join('');
    expect((await failure(amazonLinux2023, amazon(gzipSync(xml(body))))).message).toMatch(/lists more than 100000 updates/);
  });

  it.each<[string, string]>([
    ['text', `<update><description>${'x'.repeat(6_000_000)}</description></update>`],
    ['an attribute', `<update type="${'x'.repeat(6_000_000)}"></update>`],
    ['a comment', `<!--${'x'.repeat(6_000_000)}-->`],
  ])('a huge field: %s', async (_, body) => {
    expect(await codeOf(xml(body))).toBe('too-large');
  });

  it.each<[string, string]>([
    ['an id that would be a path', update({ id: '../../../keys' })],
    ['an id that leaves its folder', update({ id: 'ALAS/../../keys' })],
    ['no id', update({ id: '' })],
    ['no date', update({ id: 'ALAS2023-2026-1', issued: '', updated: '' })],
    ['a date that is none', update({ id: 'ALAS2023-2026-1', issued: '2026-13-45 99:99' })],
    ['a package name with a path', update({ id: 'ALAS2023-2026-1', packages: rpm('../bash') })],
    ['a version with blanks', update({ id: 'ALAS2023-2026-1', packages: rpm('bash', '1:5 .2-1') })],
    ['more packages than any vendor has', update({ id: 'ALAS2023-2026-1', packages: '<package name="a"/>'.repeat(100_001) })],
    ['more references than any vendor has', update({ id: 'ALAS2023-2026-1', references: '<reference/>'.repeat(100_001) })],
    ['longer packages than any vendor has', update({ id: 'ALAS2023-2026-1', packages: distinct(90_000, 'x'.repeat(190)) })],
  ])('in every record: %s', async (_, record) => {
    const error = await failure(amazonLinux2023, amazon(packed(record)));
    expect(error.code).toBe('bad-records');
    expect(error.message).toMatch(/1 of 1 records cannot be read, the first: /);
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });

  it('is left out and named where it is one among many: the others are read', async () => {
    const hostile = update({ id: 'ALAS2023-2026-1', packages: '<package name="a"/>'.repeat(100_001) });
    const large = update({ id: 'ALAS2023-2026-2', packages: distinct(12_400, 'texlive-') });
    const { pulled } = await pull(amazonLinux2023, amazon(packed(...many(100), hostile, large)));
    expect(pulled.health).toMatchObject({ records: 101, skipped: 1, problems: ['ALAS2023-2026-1: lists more than 100000 packages or references'] });
    if (pulled.kind !== 'advisories') throw new Error(`is ${pulled.kind}`);
    expect((await all(pulled.advisories)).find(({ id }) => id === 'ALAS2023-2026-2')?.affected).toHaveLength(12_400);
  });

  it.each([
    ['version', 'gives bash no whole version, but "1:-1.amzn2023"'],
    ['release', 'gives bash no whole version, but "1:5.2.15-"'],
    ['epoch', 'gives bash no whole version, but "x:5.2.15-1.amzn2023"'],
  ])('is left out and named where a package has no %s that could be compared', async (attribute, problem) => {
    const bash = rpm('bash', '1:5.2.15-1.amzn2023').replace(new RegExp(`${attribute}="[^"]*"`), attribute === 'epoch' ? 'epoch="x"' : '');
    const broken = update({ id: 'ALAS2023-2026-1', packages: rpm() + bash });
    const { pulled } = await pull(amazonLinux2023, amazon(packed(...many(100), broken)));
    expect(pulled.health).toMatchObject({ records: 100, skipped: 1, problems: [`ALAS2023-2026-1: ${problem}`] });
  });

  it('is not retried: only what may heal by itself is', async () => {
    expect((await failure(amazonLinux2023, amazon(packed()))).retryable).toBe(false);
    expect((await failure(amazonLinux2023, amazon(sound, { [UPDATEINFO]: packed(...many(2)) }))).retryable).toBe(true);
  });

  it('yields nothing and leaves no cursor, even when it breaks after many sound records', async () => {
    const late = gzipSync(`<?xml version="1.0"?><updates>${many(2_000).join('')}<update>`);
    await expect(pull(amazonLinux2023, amazon(late))).rejects.toMatchObject({ name: 'FeedError', code: 'bad-xml' });
  });
});

describe('a feed that changed too much', () => {
  it('is refused when it is suddenly empty or has lost more than a tenth, until a person clears its cursor', async () => {
    const { cursor } = (await pull(amazonLinux2023, amazon(packed(...many(20))))).pulled;
    expect((await failure(amazonLinux2023, amazon(packed()), { cursor })).code).toBe('empty');
    expect(await failure(amazonLinux2023, amazon(packed(...many(17))), { cursor })).toMatchObject({ code: 'shrunk', retryable: false });
    expect((await pull(amazonLinux2023, amazon(packed(...many(18))), { cursor })).pulled.kind).toBe('advisories');
    expect((await pull(amazonLinux2023, amazon(packed(...many(17))))).pulled.kind).toBe('advisories');
  });
});

describe('a broken repository is a plain error', () => {
  const repomdUrl = `${BASE}repodata/repomd.xml`;
  it.each<[string, Record<string, Buffer | string>, string]>([
    ['a mirror list that is a web page', { [MIRROR_LIST]: page }, 'web-page'],
    ['an empty mirror list', { [MIRROR_LIST]: '' }, 'bad-mirror-list'],
    ['a mirror on another host', { [MIRROR_LIST]: 'https://evil.example/al2023/\n' }, 'bad-mirror-list'],
    ['a mirror without TLS', { [MIRROR_LIST]: 'http://cdn.amazonlinux.com/al2023/\n' }, 'bad-mirror-list'],
    ['a mirror whose name only begins alike', { [MIRROR_LIST]: 'https://cdn.amazonlinux.com.evil.example/\n' }, 'bad-mirror-list'],
    ['repomd.xml that is a web page', { [repomdUrl]: page }, 'web-page'],
    ['repomd.xml with a DTD', { [repomdUrl]: '<!DOCTYPE repomd><repomd/>' }, 'forbidden-xml'],
    ['repomd.xml without updateinfo', { [repomdUrl]: '<repomd><data type="primary"><location href="a"/></data></repomd>' }, 'bad-repomd'],
    ['a weak checksum', { [repomdUrl]: repomd(sound, undefined, 'sha1') }, 'bad-repomd'],
    ['a checksum of other bytes', { [UPDATEINFO]: packed(...many(2)) }, 'checksum-mismatch'],
    ['updateinfo that is a web page', { [UPDATEINFO]: page }, 'web-page'],
    ['updateinfo that is gone', { [UPDATEINFO.replace('updateinfo', 'x')]: '', [repomdUrl]: repomd(sound, 'repodata/gone.xml.gz') }, 'refused'],
  ])('%s', async (_, files, code) => {
    expect((await failure(amazonLinux2023, amazon(sound, files))).code).toBe(code);
  });

  it('archives nothing that the repository did not announce', async () => {
    let archived = 0;
    const archive = (): Promise<never> => {
      archived += 1;
      return Promise.reject(new Error('archived'));
    };
    await failure(amazonLinux2023, amazon(sound, { [UPDATEINFO]: packed(...many(2)) }), { archive });
    expect(archived).toBe(0);
  });
});

/** Records that the pull counted and did not yield. */
async function countMissing(updateinfo: Buffer): Promise<number> {
  const { pulled } = await pull(amazonLinux2023, amazon(updateinfo));
  return pulled.kind === 'advisories' ? pulled.health.records - (await all(pulled.advisories)).length : Number.NaN;
}

describe('whatever comes', () => {
  it('ends in advisories or in a FeedError', async () => {
    const plain = Buffer.from(xml(many(3).join('')));
    await fc.assert(
      fc.asyncProperty(fc.nat(plain.length - 1), fc.uint8Array({ maxLength: 12 }), fc.nat(40), fc.boolean(), async (at, put, cut, zipped) => {
        const changed = Buffer.concat([plain.subarray(0, at), put, plain.subarray(at + cut)]);
        const outcome = await countMissing(zipped ? gzipSync(changed) : changed).catch((error: unknown) => error);
        expect(outcome === 0 || outcome instanceof FeedError).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
