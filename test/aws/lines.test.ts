import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineWriter, packLines, readLines } from '../../lambdas/aws/lines.ts';

async function readAll(bytes: Uint8Array, chunk = bytes.length): Promise<string[]> {
  const lines: string[] = [];
  const slices = Array.from({ length: Math.ceil(bytes.length / Math.max(1, chunk)) }, (_, index) =>
    bytes.subarray(index * chunk, (index + 1) * chunk),
  );
  for await (const line of readLines(Readable.from(slices))) lines.push(line);
  return lines;
}

describe('lines', () => {
  it('come back as they were written, however the bytes arrive', async () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n'));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 50 }), async (lines, chunk) => {
        const { bytes } = await packLines(lines);
        expect(await readAll(bytes, chunk)).toEqual(lines);
      }),
      { numRuns: 50 },
    );
  });

  it('have the hash of their text: the same lines, the same name', async () => {
    const [one, two, three] = [await packLines(['a', 'b']), await packLines(['a', 'b']), await packLines(['a', 'c'])];
    expect(one.hash).toBe(two.hash);
    expect(one.hash).not.toBe(three.hash);
  });

  it('are written faster than they are compressed, and none is lost', async () => {
    const writer = new LineWriter();
    const lines = Array.from({ length: 20_000 }, (_, index) => `${index} ${'x'.repeat(index % 97)}`);
    for (const line of lines) await writer.write(line);
    expect(await readAll((await writer.end()).bytes)).toEqual(lines);
  });

  it('of which only the first was wanted hold no connection', async () => {
    const { bytes } = await packLines(Array.from({ length: 200_000 }, (_, index) => `${index} ${index * 7_919}`));
    const source = Readable.from(Array.from({ length: Math.ceil(bytes.length / 1_000) }, (_, at) => bytes.subarray(at * 1_000, (at + 1) * 1_000)));
    for await (const line of readLines(source)) {
      expect(line).toBe('0 0');
      break;
    }
    expect(source.destroyed).toBe(true);
  });

  it('that are damaged are an error, not an end', async () => {
    const { bytes } = await packLines(['a'.repeat(1_000)]);
    await expect(readAll(bytes.subarray(0, bytes.length - 10))).rejects.toThrow(/unexpected end/);
    const failing = new Readable({ read: () => failing.destroy(new Error('the connection broke')) });
    await expect(readLines(failing).next()).rejects.toThrow('the connection broke');
  });
});
