import { describe, expect, it } from 'vitest';
import { command } from './command.ts';

describe('help', () => {
  it.each(['run', 'local', 'assess', 'why', 'notices', 'approve', 'resume', 'abort'])('of %s says what it does, every option, and an example', async (verb) => {
    const { status, stdout } = await command(verb, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: wavelock ${verb}`));
    expect(stdout).toMatch(/Example:\n {2}(npm|npx|aws) /);
    const undescribed = [...stdout.matchAll(/^ {2}(-\S+|--\S+)[^\n]*?$/gm)].filter(([line]) => !/\S {2,}\S/.test(line));
    expect(undescribed.map(([line]) => line)).toEqual([]);
  });

  it('of run says its exit statuses', async () => {
    expect((await command('run', '--help')).stdout).toContain('Exit status: 0 succeeded, 1 failed, 2 bad input, 3 held');
  });

  it('of the command lists every subcommand', async () => {
    const { status, stdout } = await command('--help');
    expect(status).toBe(0);
    for (const verb of ['run', 'local', 'assess', 'why', 'notices', 'approve', 'resume', 'abort']) expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'));
  });
});

describe('what the command does not know', () => {
  it.each([
    ['a subcommand', ['patch'], /unknown command 'patch'/],
    ['an option', ['run', '--dry'], /unknown option '--dry'/],
    ['a decision without a reason', ['approve', 'monthly-20261209-3f9ca1'], /required option '--why <text>' not specified/],
  ])('%s is bad input: status 2, and where help is', async (_what, args, message) => {
    const { status, stdout, stderr } = await command(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toContain('wavelock --help');
  });

  it('a node of a run that never was', async () => {
    const { status, stderr } = await command('why', 'web-t1', '--out', 'no-such-folder');
    expect(status).toBe(2);
    expect(stderr).toContain('run `npm start` first');
  });
});
