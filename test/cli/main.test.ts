import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { command, start } from './command.ts';

describe('help', () => {
  it.each(['run', 'local', 'assess', 'why', 'notices', 'approve', 'resume', 'abort'])(
    'of %s says what it does, every option, and an example',
    async (verb) => {
      const { status, stdout } = await command(verb, '--help');
      expect(status).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: wavelock ${verb}`));
      expect(stdout).toMatch(/Example:\n {2}(npm|npx|aws) /);
      const undescribed = [...stdout.matchAll(/^ {2}(-\S+|--\S+)[^\n]*?$/gm)].filter(([line]) => !/\S {2,}\S/.test(line));
      expect(undescribed.map(([line]) => line)).toEqual([]);
    },
  );

  it('of run says its exit statuses', async () => {
    expect((await command('run', '--help')).stdout).toContain('Exit status: 0 succeeded, 1 failed, 2 bad input, 3 held');
  });

  it('of the command lists every subcommand', async () => {
    const { status, stdout } = await command('--help');
    expect(status).toBe(0);
    for (const verb of ['run', 'local', 'assess', 'why', 'notices', 'approve', 'resume', 'abort'])
      expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'));
  });
});

describe('what the command does not know', () => {
  it.each([
    ['a subcommand', ['patch'], /unknown command 'patch'/, 'wavelock --help'],
    ['an option', ['run', '--dry'], /unknown option '--dry'/, 'wavelock run --help'],
    ['a slip in an option', ['exposure', '--cev', 'CVE-2026-1001'], /unknown option '--cev'\n\(Did you mean --cve\?\)/, 'wavelock exposure --help'],
    [
      'an option of a command of a command',
      ['advisory', 'add', 'CVE-2026-1001'],
      /required option '--packages <names>' not specified/,
      'wavelock advisory add --help',
    ],
    [
      'a decision without a reason',
      ['approve', 'monthly-20261209-3f9ca1'],
      /required option '--why <text>' not specified/,
      'wavelock approve --help',
    ],
  ])('%s is bad input: status 2, and where help is', async (_what, args, message, help) => {
    const { status, stdout, stderr } = await command(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toContain(`(${help} `);
  });

  it('a node of a run that never was', async () => {
    const { status, stderr } = await command('why', 'web-t1', '--out', 'no-such-folder');
    expect(status).toBe(2);
    expect(stderr).toContain('run `npm start` first');
  });
});

describe('the command', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await command('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('ends without a word when nobody reads on, as in a pipe to head', async () => {
    const { child, ended } = start(['feeds', '--check', 'demo/feeds', '--json']);
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ status: 0, stderr: '' });
  });
});
