import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { assess, type AssessOptions } from '../../cli/assess/assess.ts';
import { readAccountsFile } from '../../cli/files/accounts.ts';
import { readFleetFile } from '../../cli/files/fleet.ts';
import { AwsError } from '../../local/types.ts';
import type { Ended } from '../cli/command.ts';
import { regionsToSee } from '../../cli/assess/regions.ts';
import { blindSentence } from '../../cli/assess/text.ts';
import { openAccounts, type AccountsWorld, type Keys } from './world.ts';

const ACCOUNT = '111111111111';
let world: AccountsWorld;
let keys: Keys;
/** Requests to refuse as too many, by operation: how often. */
const throttled = new Map<string, number>();

beforeAll(async () => {
  const inventory = { platform: 'ubuntu-24.04-x86_64', installed: { bash: '5.2.21-2ubuntu4' }, available: [] };
  const nodes = [
    {
      name: 'Web  <server> "1"',
      location: `${ACCOUNT}/eu-central-1`,
      inventory: 'inventory',
      zone: 'a',
      tags: { 'Env: [x]': '#1', Wavelock: 'enabled' },
    },
  ];
  world = await openAccounts(
    { version: 1, locations: [`${ACCOUNT}/eu-central-1`], inventories: { inventory }, nodes },
    {
      call(when, { operation }) {
        const left = throttled.get(operation) ?? 0;
        if (when === 'after' || left === 0) return undefined;
        throttled.set(operation, left - 1);
        return new AwsError('ThrottlingException', 'Rate exceeded');
      },
    },
  );
  keys = world.aws.credentials(ACCOUNT);
});
afterAll(() => world.close());

/** As the command's own process would run it. Nothing of the machine's configuration may be used. */
async function run(args: string[], environment: Record<string, string> = {}): Promise<Ended> {
  const nothing = {
    HOME: world.folder,
    AWS_CONFIG_FILE: join(world.folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(world.folder, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const before = process.env;
  process.env = { ...before, ...nothing, ...environment };
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[stream] += String(text);
      return true;
    }),
  );
  try {
    return { status: await assess(optionsOf(args)), ...said };
  } finally {
    process.env = before;
    for (const spy of spies) spy.mockRestore();
  }
}

/** `--out FOLDER --json` as commander hands it on. */
function optionsOf(args: string[]): AssessOptions {
  const options: AssessOptions & Record<string, string | boolean | undefined> = { feeds: false, max: '5000' };
  for (const [index, word] of args.entries()) {
    if (!word.startsWith('--')) continue;
    const value = args[index + 1];
    options[word.slice(2)] = value === undefined || value.startsWith('--') ? true : value;
  }
  return options;
}

function out(name: string): string {
  return join(world.folder, name);
}

describe('when nothing can be looked at, it says why and what to do, with status 2', () => {
  it.each<[string, string[], () => Record<string, string>, RegExp]>([
    ['no credentials', ['--region', 'eu-central-1'], () => ({}), /no AWS credentials were found\.\n {2}next: sign in/],
    ['a profile that does not exist', ['--profile', 'nobody', '--region', 'eu-central-1'], () => ({}), /profile nobody.*\n {2}next: /],
    ['no Region', [], () => ({ ...world.environment(keys), AWS_REGION: '' }), /no Region is set\.\n {2}next: name one or more with --region/],
    [
      'a Region that is none',
      ['--region', 'eu-centrl-1'],
      () => world.environment(keys),
      /--region: eu-centrl-1 is not a Region that account 111111111111 has switched on \(did you mean `?eu-central-1/,
    ],
    [
      'keys that nobody knows',
      [],
      () => world.environment({ ...keys, accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }),
      /AWS does not know these credentials\.\n {2}next: /,
    ],
    [
      'an endpoint where nobody listens',
      ['--endpoint', 'http://127.0.0.1:9'],
      () => world.environment(keys),
      /http:\/\/127\.0\.0\.1:9 cannot be reached\.\n {2}next: does `wavelock local` run there\?/,
    ],
    [
      'a Region that cannot be one',
      ['--region', 'Europe (Frankfurt)'],
      () => world.environment(keys),
      /--region: Europe \(Frankfurt\) is no Region \(such as eu-central-1/,
    ],
    ['a number that is none', ['--max', 'many'], () => world.environment(keys), /--max: "many" is no number of nodes/],
    [
      'a folder of advisories that is not there',
      ['--feeds', 'no-such-folder'],
      () => world.environment(keys),
      /no-such-folder: does not exist \(--feeds takes a folder/,
    ],
    ['a file instead of advisories', ['--feeds', 'package.json'], () => world.environment(keys), /package\.json: is no folder/],
    ['an accounts file that is not there', ['--accounts', 'no-such.yaml'], () => world.environment(keys), /no-such\.yaml: does not exist/],
    ['a policy file that does not exist', ['--policy', 'no-such.yaml'], () => world.environment(keys), /no-such\.yaml: does not exist/],
  ])('%s', async (what, args, environment, words) => {
    const { status, stdout, stderr } = await run([...args, '--out', out(`none-${what.replaceAll(' ', '-')}`)], environment());
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('shows every mistake of an accounts file with its place', async () => {
    const accounts = out('accounts.yaml');
    writeFileSync(
      accounts,
      '- { account: 111111111111, roles: X }\n- { account: "222222222222", role: "arn:aws:iam::333333333333:role/X" }\n- { account: "222222222222", regions: [europe] }\n',
    );
    const { status, stderr } = await run(['--accounts', accounts], world.environment(keys));
    expect(status).toBe(2);
    expect(stderr).toMatch(/accounts\.yaml:1:14 \[0\]\.account: expected the number of an account/);
    expect(stderr).toMatch(/accounts\.yaml:1:28 \[0\]\.roles: unknown key/);
    expect(stderr).toMatch(/accounts\.yaml:3:40 \[2\]\.regions\[0\]: expected a Region/);
  });

  it('takes the accounts file of docs/assess.md', () => {
    const [, example = ''] = /```yaml\n# accounts\.yaml\n([\s\S]*?)```/.exec(readFileSync('docs/assess.md', 'utf8')) ?? [];
    const accounts = out('example.yaml');
    writeFileSync(accounts, example);
    expect(readAccountsFile(accounts).map(({ account, role, regions }) => [account, role, regions?.length])).toEqual([
      ['111111111111', undefined, 2],
      ['222222222222', 'WavelockAssess', 1],
      ['333333333333', 'arn:aws:iam::333333333333:role/audit/ReadOnly', 1],
    ]);
  });

  it('names an account of another owner that it has no role for', async () => {
    const accounts = out('foreign.yaml');
    writeFileSync(accounts, '- { account: "222222222222" }\n');
    const { status, stderr } = await run(['--accounts', accounts], world.environment(keys));
    expect(status).toBe(2);
    expect(stderr).toMatch(/222222222222 has no role, and the credentials belong to 111111111111/);
  });
});

describe('files that are there', () => {
  it('are replaced while nobody has changed them, and left alone afterwards, unless it is forced', async () => {
    const folder = out('twice');
    const environment = world.environment(keys);
    expect((await run(['--out', folder], environment)).status).toBe(0);
    expect((await run(['--out', folder], environment)).status).toBe(0);
    const policy = join(folder, 'wavelock.yaml');
    const mine = readFileSync(policy, 'utf8').replace('mode: observe', 'mode: approve');
    writeFileSync(policy, mine);
    const refused = await run(['--out', folder], environment);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/twice\/wavelock\.yaml: is there and was changed since assess wrote it.*left alone.*--out.*--force/);
    expect(refused.stderr).not.toContain('looking as');
    expect(readFileSync(policy, 'utf8')).toBe(mine);
    expect((await run(['--out', folder, '--force'], environment)).status).toBe(0);
    expect(readFileSync(policy, 'utf8')).toContain('mode: observe');
  });

  it.each([
    ['the folder', 'taken', /taken: is a file, or lies below one; expected a folder \(name another folder with --out\)/],
    ['what the folder is in', 'taken/below', /taken\/below: is a file, or lies below one/],
    ['a folder where a file would go', 'folders', /folders\/fleet\.yaml: is there/],
    ['a folder where the report would go', 'report', /report\/assessment\.html: is there and is no file/],
  ])('are not what they should be: %s; that is said before anything is looked at', async (_what, name, words) => {
    writeFileSync(out('taken'), '');
    mkdirSync(out('folders/fleet.yaml'), { recursive: true });
    mkdirSync(out('report/assessment.html'), { recursive: true });
    const { status, stdout, stderr } = await run(['--out', out(name)], world.environment(keys));
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('looking as');
    expect([status, stdout]).toEqual([2, '']);
  });

  it('have names that can be copied into a shell, with spaces as well', async () => {
    const { stdout } = await run(['--out', out('two words')], world.environment(keys));
    expect(stdout).toMatch(/^next +npm start -- --fleet '\S+\/two words\/fleet\.yaml' --policy '\S+\/two words\/wavelock\.yaml'$/m);
  });

  it('of somebody else are never touched', async () => {
    const folder = out('theirs');
    mkdirSync(folder);
    writeFileSync(join(folder, 'fleet.yaml'), 'version: 1\n');
    expect((await run(['--out', folder], world.environment(keys))).status).toBe(2);
    expect(readFileSync(join(folder, 'fleet.yaml'), 'utf8')).toBe('version: 1\n');
    expect(existsSync(join(folder, 'assessment.html'))).toBe(false);
  });
});

describe('the file beside you', () => {
  /** In a folder of its own: the two YAML files go beside the user. */
  async function beside(name: string, work: (folder: string) => Promise<void>): Promise<void> {
    const before = process.cwd();
    mkdirSync(out(name));
    process.chdir(out(name));
    try {
      await work(out(name));
    } finally {
      process.chdir(before);
    }
  }

  it('of somebody else is left alone, and it is said where ours went', () =>
    beside('kept', async (folder) => {
      writeFileSync(join(folder, 'fleet.yaml'), 'version: 1\n');
      const { status, stdout } = await run([], world.environment(keys));
      expect(status).toBe(0);
      expect(stdout).toMatch(/^written +out\/assessment\.html, wavelock\.yaml, out\/fleet\.yaml$/m);
      expect(stdout).toMatch(/^left alone +fleet\.yaml: somebody has made or changed it/m);
      expect(readFileSync(join(folder, 'fleet.yaml'), 'utf8')).toBe('version: 1\n');
    }));

  it('that nobody has touched since it was proposed is no policy yet: nothing is in it', () =>
    beside('proposed', async (folder) => {
      const counted = async () => (await run([], world.environment(keys))).stdout.split('\n')[0];
      expect([await counted(), await counted()]).toEqual([expect.stringMatching(/in a policy 0$/), expect.stringMatching(/in a policy 0$/)]);
      const policy = join(folder, 'wavelock.yaml');
      writeFileSync(policy, readFileSync(policy, 'utf8').replace('mode: observe', 'mode: approve'));
      expect(await counted()).toMatch(/in a policy 1$/);
    }));

  it('that does not validate stops the look, and says why it was read at all', () =>
    beside('broken', async (folder) => {
      writeFileSync(join(folder, 'wavelock.yaml'), 'mine: true\n');
      const { status, stderr } = await run([], world.environment(keys));
      expect(status).toBe(2);
      expect(stderr).toMatch(/wavelock\.yaml is here.*--policy/);
      expect(stderr).toMatch(/wavelock\.yaml:1:1 mine: unknown key/);
    }));
});

describe('a Region that an account has not switched on', () => {
  const enabled = ['eu-central-1', 'eu-west-1'];
  const asked = (...regions: string[]) => ({ regions, enabled });

  it('is looked at where others have it, and told where not', () => {
    const south = { number: '222222222222', regions: ['eu-central-1', 'eu-south-1'], enabled: [...enabled, 'eu-south-1'] };
    const { chosen, switchedOff } = regionsToSee([{ number: ACCOUNT, ...asked('eu-central-1', 'eu-south-1') }, south], '--region');
    expect(chosen).toEqual([
      { here: ['eu-central-1'], others: ['eu-west-1'] },
      { here: ['eu-central-1', 'eu-south-1'], others: ['eu-west-1'] },
    ]);
    expect(switchedOff.map(blindSentence)).toEqual([
      'I could not see anything in 111111111111/eu-south-1: the Region is not switched on in this account',
    ]);
  });

  it('is tried where nobody may ask which ones there are, and `all` is what there is', () => {
    expect(regionsToSee([{ number: ACCOUNT, regions: ['eu-south-1'], enabled: undefined }], '--region').chosen).toEqual([
      { here: ['eu-south-1'], others: [] },
    ]);
    expect(regionsToSee([{ number: ACCOUNT, ...asked('all') }], '--region').chosen).toEqual([{ here: enabled, others: [] }]);
  });

  it('is told with what named it where nobody has it', async () => {
    const accounts = out('off.yaml');
    writeFileSync(accounts, `- { account: "${ACCOUNT}", regions: [eu-central-1, eu-south-1] }\n`);
    const { status, stderr } = await run(['--accounts', accounts, '--out', out('off')], world.environment(keys));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^--accounts: eu-south-1 is not a Region that account 111111111111 has switched on/m);
  });
});

describe('a Region in which nothing runs', () => {
  it('is told, with the Regions that are left, and no fleet file is promised', async () => {
    const { status, stdout } = await run(['--region', 'eu-west-1', '--out', out('empty')], world.environment(keys));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^coverage +running 0 · managed 0/);
    expect(stdout).toMatch(/nothing runs here\. not looked at: \d+ Regions that are switched on: try --region all/);
    expect(stdout).toMatch(/^not written +fleet\.yaml: no machine was seen/m);
    expect(existsSync(join(out('empty'), 'fleet.yaml'))).toBe(false);
    expect(readFileSync(join(out('empty'), 'assessment.html'), 'utf8')).toContain('No fleet file');
  });
});

describe('names from outside', () => {
  it('break neither YAML nor HTML nor the terminal', async () => {
    const folder = out('names');
    const { status, stdout } = await run(['--out', folder], world.environment(keys));
    expect(status).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^coverage +running 1 /);
    const [node] = readFleetFile(join(folder, 'fleet.yaml')).fleet.nodes;
    expect(node?.name).toBe('Web-server-1-');
    expect(node?.tags).toMatchObject({ 'Env: [x]': '#1', Name: 'Web  <server> "1"' });
    expect(readFileSync(join(folder, 'assessment.html'), 'utf8')).not.toContain('<server>');
  });
});

describe('a service that throttles', () => {
  it('is asked again, more slowly, until it answers', async () => {
    throttled.set('GetInventory', 1);
    throttled.set('DescribeInstancePatchStates', 1);
    const { status, stdout } = await run(['--out', out('slow'), '--json'], world.environment(keys));
    expect(status).toBe(0);
    expect(JSON.parse(stdout).blind).toEqual([]);
    expect([...throttled.values()]).toEqual([0, 0]);
  });
});
