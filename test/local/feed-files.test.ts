import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesBelow, isHost, isNote, whyUnreadable } from '../../local/feeds/files.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'wavelock-files-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), 'x');
  }
}

describe('files of a folder', () => {
  it('are found at every depth, without hidden ones', () => {
    write('b.json', 'a/c/d.json', '.git/config', 'a/.hidden');
    expect(filesBelow(home)).toEqual(['a/c/d.json', 'b.json']);
  });

  it('may be links, but for those that lead nowhere or in circles', () => {
    write('real/a.json', 'real/deep/b.json');
    symlinkSync(join(home, 'real/a.json'), join(home, 'link.json'));
    symlinkSync(join(home, 'real/deep'), join(home, 'folder'));
    symlinkSync(home, join(home, 'real/deep/up'));
    symlinkSync(join(home, 'gone'), join(home, 'nowhere.json'));
    symlinkSync(join(home, 'loop'), join(home, 'loop'));
    expect(filesBelow(home)).toEqual(['folder/b.json', 'link.json', 'real/a.json', 'real/deep/b.json']);
  });

  it('below a folder that is no host are ordinary ones: a version has dots too', () => {
    expect(['cdn.amazonlinux.com', 'www.cisa.gov'].map(isHost)).toEqual([true, true]);
    expect(['ubuntu-22.04', '2023.6.20241010', 'feeds', 'v1.0'].map(isHost)).toEqual([false, false, false, false]);
  });

  it('may be notes for people', () => {
    expect(['README.md', 'alma/LICENSE', 'notes.md', 'license.json', 'licensed.json'].map(isNote)).toEqual([true, true, true, true, false]);
  });

  it('that cannot be read have a reason in words; what is no error of the file system is thrown on', () => {
    const reason = (): string => {
      try {
        return String(filesBelow(join(home, 'absent')));
      } catch (error) {
        return whyUnreadable(error);
      }
    };
    expect(reason()).toBe('does not exist');
    expect(whyUnreadable(Object.assign(new Error('x'), { code: 'EACCES' }))).toBe('may not be read');
    expect(whyUnreadable(Object.assign(new Error('x'), { code: 'EIO' }))).toBe('cannot be read (EIO)');
    expect(() => whyUnreadable(new TypeError('a bug'))).toThrow('a bug');
  });
});
