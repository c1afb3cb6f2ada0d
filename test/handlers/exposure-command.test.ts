/** `wavelock exposure` and `wavelock advisory` against the hub, with nothing but the managed policies that the stack gives to people. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { addAdvisory, withdrawAdvisory } from '../../cli/advisory/advisory.ts';
import { onlineExposure } from '../../cli/exposure/online.ts';
import { HERE, ID, OPENSSL } from './fleet.ts';
import { alas, seedKnowledge } from './knowledge.ts';
import { FACTS, seedFacts } from './rollouts.ts';
import { createWorld, found } from './world.ts';
import type { OnlineRow } from '../../cli/exposure/online-rows.ts';
import type { World } from './world.ts';

let world: World;
const said: string[] = [];

beforeAll(async () => {
  world = await createWorld();
  await seedFacts(world, { ...FACTS, available: [] });
  await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901')] });
  vi.spyOn(console, 'log').mockImplementation((text: string) => void said.push(text));
  vi.spyOn(console, 'error').mockImplementation((text: string) => void said.push(text));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => void said.splice(0));
afterAll(async () => {
  vi.restoreAllMocks();
  await world.stop();
});

/** Makes this process a person whose role has one of the hub's managed policies. */
async function become(policy: 'ReadersPolicy' | 'OperatorsPolicy'): Promise<void> {
  const { account } = world.hub;
  const { iam } = world.cloud.parts;
  const arn = `arn:aws:iam::${account}:role/people/${policy}`;
  const document = iam.managedPolicy(found(world.cloud.inventory.stacks[0]?.outputs[policy], policy));
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' }],
  };
  iam.putRole({ arn, trust, policies: [{ name: policy, document }] });
  const { Credentials } = await world.cloud.call(world.administrator, 'sts', 'AssumeRole', { RoleArn: arn, RoleSessionName: 'ann' });
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: Credentials.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey,
    AWS_SESSION_TOKEN: Credentials.SessionToken,
  });
}

const options = (): { qualifier: string; endpoint: string } => ({ qualifier: 'Wavelock', endpoint: world.cloud.endpoint });

// Without letting virtual time run, here and below: it would run away, and the credentials expire, while what was read is being unpacked.
async function shown(wanted: object): Promise<{ status: number; text: string }> {
  const printed: string[] = [];
  const status = await onlineExposure({ ...options(), ...wanted }, (text) => void printed.push(text));
  return { status, text: printed.join('') };
}

async function rows(wanted: object = {}): Promise<OnlineRow[]> {
  return JSON.parse((await shown({ ...wanted, json: true })).text) as OnlineRow[];
}

describe('wavelock exposure', () => {
  it('says that nothing was reckoned yet, and of whom there is no hub', async () => {
    await become('ReadersPolicy');
    expect(await shown({})).toEqual({ status: 2, text: '' });
    expect(said.join('')).toContain('no exposures are known yet');
  });

  it('tells a reader what is open, and how current that is', async () => {
    await world.answer('CloseIntake', { scan: 'scan-1' });
    await become('ReadersPolicy');
    const { status, text } = await shown({});
    expect(status).toBe(0);
    expect(text).toContain('8 of 9 nodes exposed, known exploited 0, overdue 0');
    expect(text).toContain('Facts: 8 nodes scanned');
    expect(text).toContain('ALAS2023-2026-901  important: openssl update');
    expect(text).toContain('8 exposed');
    expect(text.replaceAll(/\s+/g, ' ')).toContain(`exposed openssl 1:3.0.8-1.amzn2023.0.3 → ${OPENSSL}; facts 0 s old (scan)`);
    expect(text).toContain('and 5 more nodes');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('gives rows of the offline form, with clocks and ages', async () => {
    const all = await rows();
    expect(all).toHaveLength(8);
    expect(all.find(({ node }) => node === ID.test1)).toEqual({
      node: ID.test1,
      advisory: 'ALAS2023-2026-901',
      cves: ['CVE-2026-1001'],
      package: 'openssl',
      installed: '1:3.0.8-1.amzn2023.0.3',
      fixed: OPENSSL,
      severity: 'important',
      kev: false,
      epss: null,
      due: expect.stringMatching(/^2027-02-07T/),
      state: 'exposed',
      why: expect.any(String),
      name: 'test-1',
      location: HERE,
      service: '',
      source: 'alas',
      published: '2026-10-20T19:20:00.000Z',
      seen: expect.any(String),
      fixable: expect.any(String),
      deadline: 'anything else: within 90 d of being seen',
      factsAt: expect.any(String),
      factsFrom: 'scan',
      exception: null,
    });
  });

  it('chooses by node, CVE, advisory and service', async () => {
    expect((await rows({ node: 'test-1' })).map(({ node }) => node)).toEqual([ID.test1]);
    expect(await rows({ node: ID.test1, cve: 'CVE-2026-1001' })).toHaveLength(1);
    expect(await rows({ cve: 'CVE-2026-9999' })).toEqual([]);
    said.splice(0);
    expect(await shown({ advisory: 'ALAS2023-2026-901', service: 'order-entry' })).toEqual({ status: 2, text: '' });
    expect(await shown({ node: 'nobody', json: true })).toEqual({ status: 2, text: '' });
    expect(said.join('')).toBe('no node here is tagged Service=order-entry\nno node here has the id or name nobody\n');
    said.splice(0);
    expect((await shown({ cve: 'CVE-2026-9999' })).text).toContain('CVE-2026-9999 is open on none of 9 nodes of which something is known.');
    expect(said).toEqual(["Note: no vendor's advisory that is stored here names CVE-2026-9999: nothing was compared with it.\n"]);
  });

  it('says of an advisory that was withdrawn that it was, and not that it is open nowhere', async () => {
    const taken = alas('ALAS2023-2026-903', { withdrawn: '2026-11-05T10:00:00.000Z' });
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901'), taken] });
    said.splice(0);
    const { text } = await shown({ advisory: taken.id });
    expect(text).toContain('ALAS2023-2026-903 was withdrawn on 2026-11-05: it counts nowhere any more.');
    expect(text).not.toContain('open on none');
    expect(said).toEqual([]);
    expect((await shown({ advisory: taken.id, json: true })).text.trim()).toBe('[]');
    expect(said).toEqual(['Note: ALAS2023-2026-903 was withdrawn on 2026-11-05: it counts nowhere any more.\n']);
    said.splice(0);
    await seedKnowledge(world, { advisories: [alas('ALAS2023-2026-901')] });
  });

  it('says of an advisory that nobody has told of that nothing was compared, and nothing of one that is closed', async () => {
    expect((await shown({ advisory: 'ALAS2023-2026-902', json: true })).text.trim()).toBe('[]');
    expect(said).toEqual(['Note: no advisory that is stored here is called ALAS2023-2026-902: nothing was compared with it.\n']);
    said.splice(0);
    await seedKnowledge(world, {
      advisories: [alas('ALAS2023-2026-901'), alas('ALAS2023-2026-902', { package: 'nobody-has-this', cves: ['CVE-2026-1002'] })],
    });
    await shown({ advisory: 'ALAS2023-2026-902' });
    await shown({ cve: 'CVE-2026-1002' });
    expect(said).toEqual([]);
  });
});

describe('wavelock advisory', () => {
  const words = { packages: 'openssl', fixYet: false, severity: 'critical', why: 'exploited, says our CERT' };

  const add = (cve: string, more: object = {}): Promise<number> => addAdvisory(cve, { ...options(), ...words, ...more });

  it('is not recorded where its vendor has spoken for every node that has the package: which advisory, which fix, since when', async () => {
    await become('OperatorsPolicy');
    expect(await add('CVE-2026-1001')).toBe(2);
    expect(said).toEqual([
      'CVE-2026-1001 needs no announcement: vendors have spoken for every node here that has openssl',
      `  amazon-linux-2023 (8 nodes): ALAS2023-2026-901 fixes openssl in ${OPENSSL}; published 2026-10-20`,
      'What is open shows `npx wavelock exposure --cve CVE-2026-1001`. An announcement would do nothing as long as these advisories stand; to have it recorded for the case that one is withdrawn, repeat this with --anyway.',
    ]);
    expect(await world.record.ownAdvisories()).toEqual([]);
  });

  it("opens no second exposure beside its vendor's where it is recorded anyway", async () => {
    expect(await add('CVE-2026-1001', { anyway: true })).toBe(0);
    expect(said.slice(0, 3)).toEqual([
      'Note: vendors have spoken already; there it changes nothing, and their advisories count:',
      `  amazon-linux-2023 (8 nodes): ALAS2023-2026-901 fixes openssl in ${OPENSSL}; published 2026-10-20`,
      'It concerns 0 nodes of 9 looked at.',
    ]);
    await world.answer('CloseIntake', { scan: 'scan-covered' });
    expect(new Set((await rows({ cve: 'CVE-2026-1001' })).filter(({ advisory }) => advisory !== '').map(({ source }) => source))).toEqual(
      new Set(['alas']),
    );
    said.splice(0);
    expect(await add('CVE-2026-1001', { anyway: true })).toBe(2);
    expect(said.join()).toMatch(
      /^CVE-2026-1001 was announced on \d{4}-\d\d-\d\d \d\d:\d\d UTC for openssl by arn:aws:sts::111111111111:assumed-role\/OperatorsPolicy\/ann: "exploited, says our CERT"\. To announce it in other words, withdraw it first$/,
    );
    expect(await withdrawAdvisory('CVE-2026-1001', { ...options(), why: 'enough' })).toBe(0);
  });

  it('is not recorded for packages that no node has, unless it is for nodes to come', async () => {
    expect(await add('CVE-2026-31337', { packages: 'opensll' })).toBe(2);
    expect(said).toEqual([
      'no node here is known to have opensll (did you mean openssl?): 9 nodes looked at',
      'If it is meant for nodes to come, repeat this with --anyway.',
    ]);
    said.splice(0);
    expect(await add('CVE-2026-4242', { packages: 'opensll', anyway: true })).toBe(0);
    expect(said.slice(0, 2)).toEqual(['Note: no node here is known to have opensll (did you mean openssl?).', 'It concerns 0 nodes of 9 looked at.']);
    said.splice(0);
    expect(await add('CVE-2026-4243', { platform: 'ubuntu' })).toBe(0);
    expect(said[0]).toBe('Note: nothing is known of any node of ubuntu here yet, so nobody can say whom it concerns.');
    expect(await withdrawAdvisory('CVE-2026-4242', { ...options(), why: 'test' })).toBe(0);
    expect(await withdrawAdvisory('CVE-2026-4243', { ...options(), why: 'test' })).toBe(0);
  });

  it('is recorded with the ARN of an operator, counts from the next intake on, and is not announced twice', async () => {
    await become('OperatorsPolicy');
    expect(await addAdvisory('CVE-2026-31337', { ...options(), ...words })).toBe(0);
    expect(said[0]).toBe('It concerns 8 nodes of 9 looked at.');
    expect(said[1]).toMatch(
      /^CVE-2026-31337: announced for openssl on every platform, recorded as said by arn:aws:sts::111111111111:assumed-role\/OperatorsPolicy\/ann$/,
    );
    expect(await addAdvisory('CVE-2026-31337', { ...options(), ...words })).toBe(2);
    expect(await world.record.events('advisory-CVE-2026-31337')).toMatchObject([
      { what: 'advisory-add', who: expect.stringContaining('assumed-role/OperatorsPolicy/ann'), why: 'exploited, says our CERT' },
    ]);
    await world.answer('CloseIntake', { scan: 'scan-2' });
    expect((await rows({ cve: 'CVE-2026-31337' })).map(({ source, state, fixed }) => `${source} ${state} ${fixed}`)).toEqual(
      Array.from({ length: 8 }, () => 'person awaiting-vendor null'),
    );
    expect((await shown({ cve: 'CVE-2026-31337' })).text).toContain('no fix yet');
  });

  it('is withdrawn once', async () => {
    expect(await withdrawAdvisory('CVE-2026-31337', { ...options(), why: 'not affected' })).toBe(0);
    said.splice(0);
    expect(await withdrawAdvisory('CVE-2026-31337', { ...options(), why: 'not affected' })).toBe(2);
    expect(await withdrawAdvisory('CVE-2026-31338', { ...options(), why: 'not affected' })).toBe(2);
    expect(said.join('\n')).toMatch(
      /^the announcement of CVE-2026-31337 was withdrawn on \d{4}-\d\d-\d\d \d\d:\d\d UTC\nnobody here has announced CVE-2026-31338$/,
    );
    await world.answer('CloseIntake', { scan: 'scan-3' });
    expect(await rows({ cve: 'CVE-2026-31337' })).toEqual([]);
  });

  it('refuses what says nothing, with every reason, before it asks AWS', async () => {
    expect(await addAdvisory('31337', { ...options(), packages: ',', fixYet: true, why: '' })).toBe(2);
    expect(said).toEqual([
      '"31337" is no CVE: expected one such as CVE-2026-31337',
      '--packages names nothing: expected names such as openssl,openssl-libs',
      '--why is empty: the record must say why',
      "--no-fix-yet is missing: what has a fix comes from its vendor's feed, with versions",
    ]);
    said.splice(0);
    expect(await withdrawAdvisory('31337', { ...options(), why: 'x' })).toBe(2);
    expect(await withdrawAdvisory('CVE-2026-31337', { ...options(), why: ' ' })).toBe(2);
    expect(said).toHaveLength(2);
  });
});
