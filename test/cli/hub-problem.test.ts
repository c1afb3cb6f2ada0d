import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decide } from '../../cli/decide.ts';
import { exposure } from '../../cli/exposure/exposure.ts';
import { onlineExposure } from '../../cli/exposure/online.ts';
import { feeds } from '../../cli/feeds/feeds.ts';
import { problemOf } from '../../cli/hub-problem.ts';
import { timeline } from '../../cli/timeline/timeline.ts';

const HUB = { qualifier: 'Wavelock' };
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA', AWS_SECRET_ACCESS_KEY: 'x' };
const HERE = { AWS_REGION: 'eu-central-1' };
let said = '';

beforeEach(() => {
  said = '';
  const names = [
    'AWS_ENDPOINT_URL',
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    'AWS_PROFILE',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
  ];
  for (const name of names) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  // As cli/bin.mjs sets it.
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/dev/null');
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (said += String(text)) !== '');
  vi.spyOn(console, 'error').mockImplementation((text) => void (said += `${String(text)}\n`));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('a command that cannot ask its hub', () => {
  it.each([
    ['no Region', () => feeds(HUB), KEYS, /^AWS cannot be asked: no Region is chosen \(AWS_REGION, or `region` of your profile\)\n$/],
    ['an empty Region', () => feeds(HUB), { ...KEYS, AWS_REGION: '' }, /^AWS cannot be asked: no Region is chosen/],
    [
      'a Region that is none',
      () => feeds(HUB),
      { ...KEYS, AWS_REGION: 'eu central' },
      /^AWS cannot be asked: "eu central" is no Region: expected one such as eu-central-1/,
    ],
    [
      'no credentials',
      () => onlineExposure(HUB),
      HERE,
      /^AWS cannot be asked: Could not load credentials.* Choose a profile \(AWS_PROFILE\) or log in/,
    ],
    [
      'a profile that is not there',
      () => timeline('CVE-2026-1001', HUB),
      { ...HERE, AWS_PROFILE: 'nobody' },
      /^AWS cannot be asked: the profile nobody \(AWS_PROFILE\) gives no credentials/,
    ],
    [
      'an address where nobody is',
      () => decide('approve', 'x', { ...HUB, why: 'y', endpoint: 'http://127.0.0.1:1' }),
      { ...KEYS, ...HERE },
      /^http:\/\/127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED/,
    ],
    ['an address that is none', () => feeds({ ...HUB, endpoint: '127.0.0.1:4599' }), {}, /^--endpoint: "127\.0\.0\.1:4599" is no address such as/],
    ['a qualifier that is none', () => feeds({ qualifier: 'wave lock' }), {}, /^--qualifier: "wave lock" is none: expected 2 to 12 letters/],
    ['a reason for nothing', () => feeds({ ...HUB, why: 'x' }), {}, /^--why belongs to --accept/],
    [
      'a hub beside files',
      () => feeds({ ...HUB, check: 'demo/feeds', accept: 'msrc', why: 'x' }),
      {},
      /^--check looks at files only: --accept asks a hub\n$/,
    ],
    [
      'a qualifier beside files to check',
      () => feeds({ qualifier: 'Blue', check: 'demo/feeds' }),
      {},
      /^--check looks at files only: --qualifier asks a hub\n$/,
    ],
    [
      'a qualifier beside inventories',
      () => exposure({ qualifier: 'Blue', inventory: ['x.json'], feeds: 'demo/feeds' }),
      {},
      /^--qualifier asks a hub; with --inventory there is none/,
    ],
    [
      'a document of a decision',
      () => feeds({ ...HUB, json: true, accept: 'msrc', why: 'x' }),
      {},
      /^--json shows how the feeds are; --accept decides/,
    ],
    ['a reason that says nothing', () => decide('abort', 'x', { ...HUB, why: ' ' }), {}, /^--why is empty/],
  ])('for %s says so in one line, with status 2', async (_what, ask, environment, line) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    expect(await ask()).toBe(2);
    expect(said).toMatch(line);
    expect(said.trim().split('\n')).toHaveLength(1);
  });

  /** Asks what answers so; tells the status, and where it was. */
  async function askStranger(status: number, type: string, body: string): Promise<string> {
    const server = createServer((_request, response) => response.writeHead(status, { 'content-type': type }).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    for (const [name, value] of Object.entries({ ...KEYS, ...HERE })) vi.stubEnv(name, value);
    expect(await feeds({ ...HUB, endpoint })).toBe(2);
    server.close();
    return endpoint;
  }

  it('because something else answers there, says so', async () => {
    const endpoint = await askStranger(200, 'text/html', '<!DOCTYPE html><p>Welcome</p>');
    expect(said).toMatch(new RegExp(`^what answers at ${endpoint} is not AWS: `));
  });

  it('never hands on what a terminal would obey, whoever answers', async () => {
    await askStranger(400, 'application/x-amz-json-1.1', JSON.stringify({ __type: 'Odd', message: 'red \u001b[31m \u009b1m \u202e' }));
    expect(said).toBe('AWS refuses: Odd: red \ufffd[31m \ufffd1m \ufffd\n');
  });
});

describe('what AWS refuses', () => {
  const asked = { policy: 'ReadersPolicy', endpoint: undefined } as const;
  const error = (name: string, message: string, more: object = {}): Error => Object.assign(new Error(message), { name, ...more });
  const WHO = 'arn:aws:sts::111111111111:assumed-role/Sre/ann';

  // Texts: IAM User Guide, "Troubleshoot access denied error messages".
  it.each([
    [
      'AccessDeniedException',
      `User: ${WHO} is not authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:eu-central-1:111111111111:table/T because no identity-based policy allows the dynamodb:Query action`,
      `${WHO} may not dynamodb:Query. Attach to that role or user the managed policy that the hub's stack names in its outputs as ReadersPolicy (docs/permissions.md)`,
    ],
    [
      'AccessDenied',
      `User: ${WHO} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" with an explicit deny in a service control policy`,
      `${WHO} may not s3:GetObject: a service control policy denies it explicitly; ask whoever wrote that policy`,
    ],
    [
      'AccessDenied',
      `User: ${WHO} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" because no permissions boundary allows the s3:GetObject action`,
      `${WHO} may not s3:GetObject: no permissions boundary allows it; ask whoever wrote that policy`,
    ],
    [
      'AccessDeniedException',
      `User: ${WHO} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
      `${WHO} may not kms:Decrypt. Attach`,
    ],
    [
      'AccessDenied',
      'Access Denied',
      "AWS refuses: Access Denied. Attach to your role the managed policy that the hub's stack names in its outputs as ReadersPolicy",
    ],
    ['ExpiredTokenException', 'The security token included in the request is expired', 'your AWS credentials have expired: log in again'],
    ['UnrecognizedClientException', 'The security token included in the request is invalid.', 'AWS does not know your credentials'],
    ['ResourceNotFoundException', 'Requested resource not found', 'the hub names a record or store that is not there'],
  ])('as %s is told in words (%#)', (name, message, words) => {
    expect(problemOf(error(name, message), asked)?.startsWith(words)).toBe(true);
    expect(problemOf(error('ElectroError', 'Error thrown by DynamoDB client', { cause: error(name, message) }), asked)?.startsWith(words)).toBe(true);
  });

  it('is told as it came where nobody knows better, and a fault of ours is left alone', () => {
    expect(problemOf(error('ThrottlingException', 'Rate exceeded', { $metadata: {} }), asked)).toBe(
      'AWS refuses: ThrottlingException: Rate exceeded',
    );
    expect(problemOf(new TypeError('x is not a function'), asked)).toBeUndefined();
    expect(problemOf('words', asked)).toBeUndefined();
  });
});
