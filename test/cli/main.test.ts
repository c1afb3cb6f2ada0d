import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { command, start } from './command.ts';
import type { ChildProcess } from 'node:child_process';

const home = mkdtempSync(join(tmpdir(), 'wavelock-main-'));
afterAll(() => rmSync(home, { recursive: true }));

function temporary(): string {
  return mkdtempSync(join(home, 'folder-'));
}

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

  it.each([
    ['cut off', '{"document": {"roll', 'is cut off, or not what a run leaves'],
    ['of something else', '{"name": "x"}', 'is not what a run leaves, or of another version'],
    ['nothing', 'null', 'is not what a run leaves, or of another version'],
  ])('a result that is %s', async (_what, text, words) => {
    const folder = temporary();
    writeFileSync(join(folder, 'run.json'), text);
    for (const verb of [['why', 'web-t1'], ['notices']]) {
      const { status, stdout, stderr } = await command(...verb, '--out', folder);
      expect(stderr).toContain(`run.json ${words}: run \`npm start\` first`);
      expect([status, stdout]).toEqual([2, '']);
    }
  });

  it('of a policy for the embedded AWS what its fleet does not have, as before a run', async () => {
    const policy = join(temporary(), 'policy.yaml');
    const before = readFileSync('demo/policy.yaml', 'utf8');
    writeFileSync(policy, before.replace(/^ {2}saturday:.*$/m, '  saturday: { ssm: mw-0123456789abcdef0 }'));
    const { status, stdout, stderr } = await command('local', '--policy', policy, '--port', '0x10');
    expect(stderr).toMatch(/windows\.saturday\.ssm: the fleet file has no maintenance window mw-0123456789abcdef0/);
    expect(stderr).toContain('--port: "0x10" is no port (for example 4599)');
    expect([status, stdout]).toEqual([2, '']);
  });

  it('a folder for the report that is a file, before anything runs', async () => {
    const { status, stdout, stderr } = await command('run', '--out', 'package.json');
    expect(stderr).toBe('package.json: is a file, or lies below one; expected a folder (name another folder with --out)\n');
    expect([status, stdout]).toEqual([2, '']);
  });
});

describe('a run that is broken off', () => {
  it.each<[string, (child: ChildProcess) => void, number]>([
    ['because nobody reads on', (child) => child.stderr?.destroy(), 141],
    ['by Ctrl-C', (child) => child.kill('SIGINT'), 130],
    ['by the end of its terminal', (child) => child.kill('SIGHUP'), 129],
  ])('%s has not succeeded, and leaves nothing behind', async (_what, breakOff, expected) => {
    const folder = temporary();
    // What tsx has compiled is kept beside: without it the command begins slowly.
    const compiled = `tsx-${process.getuid?.() ?? ''}`;
    if (existsSync(join(tmpdir(), compiled))) symlinkSync(join(tmpdir(), compiled), join(folder, compiled));
    const { child, ended } = start(['run', '--json', '--out', join(folder, 'out')], { TMPDIR: folder });
    if (expected < 141) await once(child.stderr!, 'data');
    breakOff(child);
    const { status, stdout } = await ended;
    expect([status, stdout]).toEqual([expected, '']);
    expect(readdirSync(folder).filter((name) => name !== compiled)).toEqual([]);
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
