import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { failIfAny, InputErrors, problemText } from '../../cli/files/problems.ts';
import { readYaml } from '../../cli/files/yaml.ts';
import type { Problem } from '../../cli/files/problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-yaml-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string | Buffer): string {
  const file = join(folder, 'file.yaml');
  writeFileSync(file, text);
  return file;
}

/** The lines of the error, without the folder. */
function refusal(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof InputErrors) return error.message.replaceAll(`${folder}/`, '').split('\n');
    throw error;
  }
  return [];
}

/** Line and column of a key or value. */
function place(text: string, path: (string | number)[], at: 'key' | 'value'): (number | undefined)[] {
  const [problem] = readYaml(write(text)).place([{ path, at, message: '' }]);
  return [problem?.line, problem?.column];
}

describe('a file that is no YAML', () => {
  it.each([
    ['empty', '', 'file.yaml: is empty'],
    ['only a comment', '# nothing\n', 'file.yaml: is empty'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x41]), 'file.yaml: is not UTF-8 text'],
    ['a syntax error', 'a: [1,\nb: 2\n', 'file.yaml:2:1 is not YAML: '],
    ['an unknown tag', 'a: !secret x\n', 'file.yaml:1:4 is not YAML: Unresolved tag'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'file.yaml:2:1 another document begins here; the file may hold one only'],
    ['an alias without anchor', 'a: *b\n', 'file.yaml: has aliases that cannot be followed: Unresolved alias'],
    ['the merge of a text, as YAML 1.1 has it', '%YAML 1.1\n---\n<<: 5\n', 'file.yaml: cannot be read: Merge sources must be maps'],
    ['nesting without end', '['.repeat(100_000), 'file.yaml: is nested more than 100 levels deep'],
    ['nesting in blocks', `${'- '.repeat(100_000)}x`, 'file.yaml: is nested more than 100 levels deep'],
  ])('%s', (_name, text, problem) => {
    expect(refusal(() => readYaml(write(text)))[0]).toContain(problem);
  });

  it('is read no further than its first slips', () => {
    expect(refusal(() => readYaml(write(']\n}\n'.repeat(1_000))))).toHaveLength(5);
  });

  it('cannot blow up through aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', 'b: &b [*a,*a,*a,*a,*a]', 'c: &c [*b,*b,*b,*b,*b]', 'd: &d [*c,*c,*c,*c,*c]', 'e: [*d,*d]'];
    expect(refusal(() => readYaml(write(bomb.join('\n'))))).toEqual([
      expect.stringContaining('has aliases that cannot be followed: Excessive alias count'),
    ]);
  });

  it('is none when it is missing or a folder', () => {
    expect(refusal(() => readYaml(join(folder, 'none.yaml')))).toEqual(['none.yaml: does not exist']);
    expect(refusal(() => readYaml(join(write('a: 1'), 'below.yaml')))).toEqual(['file.yaml/below.yaml: does not exist']);
    expect(refusal(() => readYaml(folder))).toEqual([`${folder}: is a folder, not a file`]);
  });

  it('is none when it is too large, or a link that leads back to itself, or has a name that no file can have', () => {
    const huge = write('');
    truncateSync(huge, 3 * 1024 ** 3);
    expect(refusal(() => readYaml(huge))).toEqual(['file.yaml: is larger than 16 MB']);
    rmSync(huge);
    symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
    expect(refusal(() => readYaml(join(folder, 'loop.yaml')))).toEqual(['loop.yaml: cannot be read (ELOOP)']);
    expect(refusal(() => readYaml(join(folder, 'x'.repeat(5_000))))[0]).toContain(': cannot be read (ENAMETOOLONG)');
  });
});

describe('problems', () => {
  const at = (file: string, line: number, message = 'is wrong'): Problem => ({ file, line, column: 1, path: 'a', message });

  it('stand by file, and in each in the order of their places', () => {
    const all = [at('fleet.yaml', 9), at('fleet.yaml', 2), at('policy.yaml', 3), at('--at', 0), at('policy.yaml', 1)];
    expect(refusal(() => failIfAny(all)).map((line) => line.replace(/:1 .*| .*/, ''))).toEqual([
      'fleet.yaml:2',
      'fleet.yaml:9',
      'policy.yaml:1',
      'policy.yaml:3',
      '--at:',
    ]);
  });

  it('never have anything in them that a terminal would obey, wherever it came from', () => {
    const hostile = '\u001b]0;x\u0007\u009b31m\u202e';
    const text = problemText({ file: `a${hostile}`, line: 1, column: 1, path: `b${hostile}`, message: `c${hostile}\nd`, hint: `e${hostile}` });
    expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(text).toMatch(/^a.*:1:1 b.*: c.* d \(e.*\)$/);
  });
});

describe('keys', () => {
  it('that stand twice are found with both places', () => {
    const { problems, value } = readYaml(write('a:\n  b: 1\n  c: 2\n  b: 3\n'));
    expect(problems).toMatchObject([{ line: 4, column: 3, path: 'a.b', message: 'is there twice, first in line 2' }]);
    expect(value).toEqual({ a: { b: 3, c: 2 } });
  });

  it('that stand several times hide nothing: each earlier value is checked, and only that', () => {
    const source = readYaml(write('a:\n  b: 1\n  c: 2\n  b: 3\n  b: 4\nd: 5\n'));
    const seen: unknown[] = [];
    const hidden = source.hidden((value) => {
      seen.push(value);
      return [
        { path: ['a', 'b'], at: 'value', message: 'is wrong' },
        { path: ['d'], at: 'value', message: 'is wrong' },
      ];
    });
    expect(seen).toEqual([
      { a: { b: 1, c: 2 }, d: 5 },
      { a: { b: 3, c: 2 }, d: 5 },
    ]);
    expect(hidden.map(({ line, column, path }) => [line, column, path])).toEqual([
      [2, 6, 'a.b'],
      [4, 6, 'a.b'],
    ]);
    expect(readYaml(write('a: 1\n')).hidden(() => expect.fail('nothing is hidden'))).toEqual([]);
  });

  it('that are no texts, or would change every object, are refused', () => {
    const { problems } = readYaml(write('? [a]\n: 1\n__proto__: { polluted: true }\n'));
    expect(problems.map(({ line, path }) => [line, path])).toEqual([
      [1, '?'],
      [3, '__proto__'],
    ]);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('a place', () => {
  const text = 'a:\n  - b: 1\n    c: { d: [x, y] }\n';

  it.each([
    [['a', 0, 'c', 'd', 1], 'value', [3, 17]],
    [['a', 0, 'c', 'd'], 'key', [3, 10]],
    [['a', 0, 'c', 'd'], 'value', [3, 13]],
    [['a', 0, 'b'], 'key', [2, 5]],
    [[], 'value', [1, 1]],
  ] as const)('%j, its %s', (path, at, expected) => {
    expect(place(text, [...path], at)).toEqual(expected);
  });

  it('of something missing is that of what should hold it', () => {
    expect(place(text, ['a', 0, 'c', 'e'], 'value')).toEqual([3, 5]);
    expect(place(text, ['a', 0, 'z'], 'value')).toEqual([2, 5]);
    expect(place(text, ['z'], 'value')).toEqual([1, 1]);
  });

  it('behind an alias is where the content stands', () => {
    expect(place('x: &x\n  y: 1\nz: *x\n', ['z', 'y'], 'value')).toEqual([2, 6]);
  });

  it('of a key that stands twice is the second', () => {
    expect(place('a: 1\na: 2\n', ['a'], 'value')).toEqual([2, 4]);
  });
});
