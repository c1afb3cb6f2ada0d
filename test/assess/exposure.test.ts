import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFleetFile } from '../../cli/files/fleet.ts';
import type { Assessment } from '../../lambdas/core/survey/assessment.ts';
import type { FleetExposure } from '../../lambdas/core/survey/exposure.ts';
import type { FleetFile, NodeEntry } from '../../local/fleet/types.ts';
import { start } from '../cli/command.ts';
import { openAccounts, type AccountsWorld } from './world.ts';

const ACCOUNT = '111111111111';
const location = `${ACCOUNT}/eu-central-1`;
const node = (name: string, more: Partial<NodeEntry> = {}): NodeEntry => ({ name, location, inventory: 'al2023', zone: 'a', ...more });

const file: FleetFile = {
  version: 1,
  locations: [location],
  inventories: {
    al2023: {
      platform: 'amazon-linux-2023-x86_64',
      installed: { openssl: '1:3.0.8-1.amzn2023.0.1', 'openssl-libs': '1:3.0.8-1.amzn2023.0.1', bash: '5.2.15-1.amzn2023.0.2' },
      available: [],
    },
  },
  nodes: [
    ...['a', 'b', 'c'].map((letter) =>
      node(`web-${letter}`, { tags: { Environment: letter === 'a' ? 'test' : 'prod' }, inspector: { 'CVE-2026-0001': 'HIGH' } }),
    ),
    node('patched', {
      installed: { openssl: '1:3.0.8-1.amzn2023.0.9', 'openssl-libs': '1:3.0.8-1.amzn2023.0.9' },
      tags: { Wavelock: 'enabled', Environment: 'prod' },
      inspector: { 'CVE-2026-7777': 'LOW' },
    }),
    node('unseen', { inspector: {} }),
    node('blank', { inventoried: 'never' }),
  ],
};

/** One advisory as Amazon Linux writes it. */
function updateinfo(): string {
  const packages = ['openssl', 'openssl-libs'].map(
    (name) => `<package name="${name}" version="3.0.8" release="1.amzn2023.0.5" epoch="1" arch="x86_64"><filename>${name}.rpm</filename></package>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<updates><update status="final" version="1.4" type="security" from="a@example.com"><id>ALAS2023-2026-901</id><title>ALAS2023-2026-901: openssl</title>
<issued date="2026-01-13 19:04:00"/><updated date="2026-01-14 02:10:00"/><severity>Important</severity><description>d</description>
<references><reference href="http://x.example/CVE-2026-0001" id="CVE-2026-0001" type="cve" title=""/></references>
<pkglist><collection short="amazon-linux-2023"><name>Amazon Linux 2023</name>${packages.join('')}</collection></pkglist></update></updates>`;
}

const KEV = {
  title: 'CISA Catalog of Known Exploited Vulnerabilities',
  catalogVersion: '2026.11.20',
  dateReleased: '2026-11-20T12:00:00.000Z',
  count: 1,
  vulnerabilities: [
    {
      cveID: 'CVE-2026-0001',
      vendorProject: 'OpenSSL',
      product: 'OpenSSL',
      vulnerabilityName: 'n',
      dateAdded: '2026-11-18',
      shortDescription: 'd',
      requiredAction: 'a',
      dueDate: '2026-12-09',
      knownRansomwareCampaignUse: 'Unknown',
      notes: '',
      cwes: [],
    },
  ],
};

let world: AccountsWorld;
let out: string;
let text: string;
let seen: Assessment & { exposure: FleetExposure; feedProblems: string[]; files: { fleet: string; policy: string; report: string } };
let idOf: (name: string) => string;

beforeAll(async () => {
  world = await openAccounts(file);
  idOf = (name) => world.aws.fleet.hosts.find((host) => host.name === name)?.id ?? '';
  const feeds = join(world.folder, 'feeds');
  mkdirSync(feeds);
  writeFileSync(join(feeds, 'alas.xml'), updateinfo());
  writeFileSync(join(feeds, 'kev.json'), JSON.stringify(KEV));
  out = join(world.folder, 'out');
  const policy = join(world.folder, 'mine.yaml');
  writeFileSync(
    policy,
    'version: 1\npolicies:\n  p:\n    nodes: { tags: { Environment: prod } }\n    plan: { every: day, at: "09:00", timezone: UTC }\n    patches: { kinds: [security] }\n    waves: [ { name: all, nodes: everything-else } ]\n',
  );
  const environment = world.environment(world.aws.credentials(ACCOUNT));
  const args = ['assess', '--feeds', feeds, '--policy', policy, '--out', out];
  seen = JSON.parse((await start([...args, '--json'], environment).ended).stdout);
  text = (await start(args, environment).ended).stdout;
});
afterAll(() => world.close());

describe('exposure', () => {
  it('is held against inventory, by id, with what is known to be exploited', () => {
    const { exposure } = seen;
    const exposed = ['web-a', 'web-b', 'web-c', 'unseen'].map(idOf).toSorted();
    expect(exposure.exposed.toSorted()).toEqual(exposed);
    expect(exposure.exploited.toSorted()).toEqual(exposed);
    expect(
      exposure.by.map(({ advisory, packages, knownExploited, severity, nodes }) => [advisory, packages, knownExploited, severity, nodes.length]),
    ).toEqual([['ALAS2023-2026-901', ['openssl', 'openssl-libs'], '2026-12-09', 'important', 4]]);
    expect(exposure.unknown).toEqual([idOf('blank')]);
    expect(seen.feedProblems).toEqual([]);
  });

  it('has Inspector as a second opinion, never merged', () => {
    expect(seen.exposure.inspector).toEqual({ looks: 5, onlyInspector: [idOf('patched')], onlyWe: [idOf('unseen')] });
  });

  it('becomes what the simulated repositories offer', () => {
    const { inventories } = readFleetFile(seen.files.fleet).fleet;
    const offers = Object.values(inventories).map(({ available }) => available.map((offer) => [offer.package, offer.version, offer.advisories]));
    expect(offers).toContainEqual([
      ['openssl', '1:3.0.8-1.amzn2023.0.5', ['ALAS2023-2026-901']],
      ['openssl-libs', '1:3.0.8-1.amzn2023.0.5', ['ALAS2023-2026-901']],
    ]);
    expect(offers).toContainEqual([]);
  });

  it('and coverage by a policy file that is there are said on the terminal, coverage first', () => {
    const lines = text.split('\n');
    expect(lines[0]).toBe('coverage      running 6 · managed 6 · reporting 6 · in a policy 1');
    expect(lines[1]?.trim()).toBe('running: 6 EC2, 0 hybrid; the proposed policy would take 6 nodes');
    expect(text).toMatch(/^exposure +4 of 5 nodes with inventory are exposed, 4 of them to what is known to be exploited$/m);
    expect(text).toMatch(/^ +held against 1 advisory; the oldest inventory is from \d{4}-\d\d-\d\d \d\d:\d\d UTC$/m);
    expect(text).toMatch(/nobody knows of 1 node without inventory: i-/);
    expect(Math.max(...lines.filter((line) => !/^(written|next)/.test(line)).map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

describe('the page', () => {
  let page: string;
  let elements: { name: string; attributes: Record<string, string> }[];
  beforeAll(() => {
    page = readFileSync(seen.files.report, 'utf8');
    elements = [];
    const parser = new SaxesParser();
    parser.on('error', (error) => {
      throw error;
    });
    parser.on('opentag', ({ name, attributes }) => void elements.push({ name, attributes: { ...attributes } }));
    parser.write(page).close();
  });

  it('is well-formed, runs its own script only and loads nothing', () => {
    expect(elements.flatMap(({ attributes }) => attributes.src ?? attributes.href ?? []).filter((link) => !link.startsWith('#'))).toEqual([]);
    const [script = ''] = /(?<=<script>)[\s\S]*?(?=<\/script>)/.exec(page) ?? [];
    expect(elements.filter(({ name }) => name === 'script')).toHaveLength(1);
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const policy = elements.find(({ attributes }) => attributes['http-equiv'] !== undefined)?.attributes.content;
    expect(policy).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(policy).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(style).toContain('@page{size:A4');
  });

  it('begins with coverage, then exposure, what is in the way, and every list', () => {
    const sections = elements.filter(({ name }) => name === 'section').map(({ attributes }) => attributes.id);
    expect(sections).toEqual([
      'coverage',
      'findings',
      'exposure',
      'obstacles',
      'unmanaged',
      'stopped',
      'silent',
      'never-scanned',
      'stale',
      'no-inventory',
      'old-agent',
      'owned',
      'self-updating',
      'baselines',
      'next',
    ]);
    expect(page).toContain('Of 6 machines that run, 6 are managed, 6 report, and 1 is in a policy.');
  });
});

describe('--max', () => {
  it('looks at so many nodes and says that there are more', async () => {
    const { stdout } = await start(
      ['assess', '--no-feeds', '--max', '2', '--json', '--out', join(world.folder, 'two')],
      world.environment(world.aws.credentials(ACCOUNT)),
    ).ended;
    const two = JSON.parse(stdout);
    expect(two.stoppedAt).toBe(2);
    expect(two.coverage.running).toBe(2);
  });
});
