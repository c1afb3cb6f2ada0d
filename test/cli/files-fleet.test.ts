import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readFleetFile } from '../../cli/files/fleet.ts';
import { nodesOf } from '../../cli/files/fleet-nodes.ts';
import { nodeId } from '../../local/fleet/nodes.ts';
import { InputErrors } from '../../cli/files/problems.ts';
import { readScenario } from '../../cli/files/scenario.ts';
import { checkFeedsFolder } from '../../cli/files/feeds.ts';
import { Node } from '../../lambdas/core/model.ts';
import { durationOf } from '../../local/fleet/scenario.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-fleet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FLEET = `version: 1
locations: [111111111111/eu-central-1, 222222222222/eu-west-1]
inventories:
  al2023:
    platform: amazon-linux-2023-x86_64
    releasever: 2023.6.20241010
    installed: { openssl: "1:3.0.8-1.amzn2023.0.3", openssl-libs: "1:3.0.8-1.amzn2023.0.3" }
    available:
      - { package: openssl, version: "1:3.0.8-1.amzn2023.0.5", kind: security, severity: important, needs: [openssl-libs] }
    services: [nginx.service]
  win2022:
    platform: windows-2022-x86_64
    installed: { KB5070000: "" }
    available: [ { package: KB5071234, version: "", kind: security, severity: critical, reboot: true } ]
nodes:
  - { id: i-0aa0000000000001a, name: web-t1, location: 111111111111/eu-central-1, inventory: al2023, zone: a, tags: { Wavelock: enabled } }
  - { name: plant-01, hybrid: true, location: 222222222222/eu-west-1, inventory: win2022, tags: { Wavelock: enabled } }
  - { count: 3, name: "shop-{n}", location: 222222222222/eu-west-1, inventory: al2023, zones: [a, eu-west-1b] }
`;

function write(text: string, name = 'fleet.yaml'): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function refusal(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof InputErrors) return error.message.replaceAll(`${folder}/`, '').split('\n');
    throw error;
  }
  return [];
}

describe('a fleet file', () => {
  const { fleet } = readFleetFile(write(FLEET));

  it('is dealt out into nodes with ids, names and zones', () => {
    expect(fleet.nodes.map(({ id, name, zone, count }) => [id, name, zone, count])).toEqual([
      ['i-0aa0000000000001a', 'web-t1', 'eu-central-1a', undefined],
      [nodeId('plant-01', true), 'plant-01', undefined, undefined],
      [nodeId('shop-1', false), 'shop-1', 'eu-west-1a', undefined],
      [nodeId('shop-2', false), 'shop-2', 'eu-west-1b', undefined],
      [nodeId('shop-3', false), 'shop-3', 'eu-west-1a', undefined],
    ]);
  });

  it('makes ids from names, the same on every machine', () => {
    expect(nodeId('plant-01', true)).toBe('mi-24f7ce94ce8bb5ad4');
    expect(nodeId('plant-01', false)).toBe('i-24f7ce94ce8bb5ad4');
  });

  it('gives the nodes that Systems Manager would describe', () => {
    const nodes = nodesOf(fleet);
    expect(nodes.every((node) => Node.safeParse(node).success)).toBe(true);
    expect(nodes.map(({ os, name, tags, scan }) => [os, name, tags['Name'], scan?.platform])).toEqual([
      ['linux', 'web-t1', 'web-t1', 'amazon-linux-2023-x86_64'],
      ['windows', 'plant-01', undefined, 'windows-2022-x86_64'],
      ...['shop-1', 'shop-2', 'shop-3'].map((name) => ['linux', name, name, 'amazon-linux-2023-x86_64']),
    ]);
  });
});

describe('a node with a mistake in it', () => {
  it('is still held against its fleet', () => {
    const NODES = `nodes:
  - { name: n1, location: 111111111111/eu-central-1, inventory: a, id: i-0123456789abcdef0 }
  - { name: n1, location: 111111111111/eu-west-1, inventory: b, hybrid: yess }
  - { name: "n{n}", inventory: c, count: 99999, id: mi-0123456789abcdef0, zones: [a] }
  - 5
`;
    const file = write(
      `version: 1\nlocations: [111111111111/eu-central-1]\ninventories:\n  a: { platform: rhel-9-x86_64, installed: {}, available: [] }\n${NODES}`,
    );
    expect(
      refusal(() => readFleetFile(file))
        .map((line) => line.replace(/^\S+ /, ''))
        .toSorted(),
    ).toEqual([
      'nodes[1].hybrid: expected true or false, not "yess"',
      'nodes[1].inventory: there is no inventory "b" (did you mean `a`?)',
      'nodes[1].location: 111111111111/eu-west-1 is not among the locations (did you mean `111111111111/eu-central-1`?)',
      'nodes[1].name: two nodes are called n1',
      'nodes[2].count: must be at most 5000',
      'nodes[2].inventory: there is no inventory "c" (did you mean `a`?)',
      'nodes[2].location: is missing',
      'nodes[3]: expected keys and values, not 5',
    ]);
  });
});

describe('a fleet file with a mistake', () => {
  const NODE = '{ name: plant-01, hybrid: true, location: 222222222222/eu-west-1, inventory: win2022, tags: { Wavelock: enabled } }';
  it.each([
    [
      'the same name twice',
      NODE,
      '{ name: web-t1, location: 222222222222/eu-west-1, inventory: al2023 }',
      '17:13 nodes[1].name: two nodes are called web-t1',
    ],
    [
      'a name that counting makes again',
      NODE,
      '{ name: shop-2, location: 222222222222/eu-west-1, inventory: al2023 }',
      '18:23 nodes[2].name: two nodes are called shop-2',
    ],
    [
      'the same id twice',
      'name: plant-01, hybrid: true',
      'name: plant-01, id: i-0aa0000000000001a',
      'nodes[1].id: two nodes have the id i-0aa0000000000001a',
    ],
    [
      'a document that fails on nobody',
      'nodes:',
      'documents: { Corp-Drain: { version: 7, failsOn: [web-t2] } }\nnodes:',
      'documents.Corp-Drain.failsOn[0]: there is no node "web-t2" (did you mean `web-t1`?)',
    ],
    ['a runbook without role', 'nodes:', 'automations: { Corp-Isolate: {} }\nnodes:', 'automations.Corp-Isolate.role: is missing'],
    [
      'a runbook that hangs on nobody',
      'nodes:',
      'automations: { Corp-Isolate: { role: R, hangsOn: [web-t2] } }\nnodes:',
      'automations.Corp-Isolate.hangsOn[0]: there is no node "web-t2" (did you mean `web-t1`?)',
    ],
    [
      'a runbook that is a document as well',
      'nodes:',
      'documents: { Corp-X: {} }\nautomations: { Corp-X: { role: R } }\nnodes:',
      'automations.Corp-X: Corp-X is a document as well: one name is one document',
    ],
    ['a function whose code is not there', 'nodes:', 'functions: { waf: { code: ./waf.mjs } }\nnodes:', 'functions.waf.code: there is no file '],
    [
      'a function that is no JavaScript',
      'nodes:',
      'functions: { waf: { code: ./waf.py } }\nnodes:',
      'functions.waf.code: expected a JavaScript file',
    ],
    [
      'an alias of no version',
      'nodes:',
      'functions: { waf: { code: ./waf.mjs, versions: 1, aliases: { live: 2 } } }\nnodes:',
      'functions.waf.aliases.live: there is no version 2: `versions` is 1',
    ],
    ["a document that is AWS's", 'nodes:', 'documents: { AWS-Drain: {} }\nnodes:', 'the name of a document is 3 to 128 letters'],
    ['an id that is none', 'id: i-0aa0000000000001a', 'id: i-0aa', '16:11 nodes[0].id: expected i- or mi- and 17'],
    [
      'an id of the other sort',
      'id: i-0aa0000000000001a',
      'id: mi-0aa0000000000001a',
      'nodes[0].id: an id with mi- belongs to a node with `hybrid: true`',
    ],
    ['an id for several nodes', 'count: 3,', 'count: 3, id: i-0aa0000000000001c,', 'nodes[2].id: cannot stand beside `count`'],
    [
      'an unknown inventory',
      'inventory: win2022',
      'inventory: win202',
      'nodes[1].inventory: there is no inventory "win202" (did you mean `win2022`?)',
    ],
    [
      'a location that is not listed',
      '{ name: plant-01, hybrid: true, location: 222222222222/eu-west-1',
      '{ name: plant-01, hybrid: true, location: 222222222222/eu-west-2',
      'nodes[1].location: 222222222222/eu-west-2 is not among the locations (did you mean `222222222222/eu-west-1`?)',
    ],
    [
      'a location that is none',
      '222222222222/eu-west-1]',
      '2222/eu-west-1]',
      'locations[1]: expected an account and a Region such as 111111111111/eu-central-1',
    ],
    [
      'a location twice',
      '222222222222/eu-west-1]',
      '222222222222/eu-west-1, 111111111111/eu-central-1]',
      'locations[2]: 111111111111/eu-central-1 is there twice',
    ],
    [
      'a platform',
      'windows-2022-x86_64',
      'windows-2012-x86_64',
      '12:15 inventories.win2022.platform: "windows-2012-x86_64" is not a platform that can be simulated',
    ],
    [
      'a dependency that does not exist',
      'needs: [openssl-libs]',
      'needs: [openssl-lib]',
      'inventories.al2023.available[0].needs[0]: "openssl-lib" is neither offered nor installed here (did you mean `openssl-libs`?)',
    ],
    [
      'a KB with a version',
      'package: KB5071234, version: ""',
      'package: KB5071234, version: "1"',
      'available[0].version: a KB has no version; write ""',
    ],
    [
      'a number as version',
      'openssl-libs: "1:3.0.8-1.amzn2023.0.3"',
      'openssl-libs: 3.0',
      'installed.openssl-libs: expected a text; write versions and numbers in quotes',
    ],
    ['a zone of another Region', 'zone: a', 'zone: eu-west-1a', 'nodes[0].zone: "eu-west-1a" is not a zone of eu-central-1'],
    ['a zone outside EC2', 'hybrid: true', 'hybrid: true, zone: a', 'nodes[1].zone: a hybrid node is in no Availability Zone'],
    ['several nodes of one name', 'shop-{n}', 'shop', 'nodes[2].name: needs {n} in it, so that each node has its own name'],
    ['a number without count', 'count: 3, ', '', 'nodes[2].name: has {n} in it, but there is no `count`'],
    [
      'releasever elsewhere',
      'installed: { KB5070000: "" }',
      'releasever: "2022"\n    installed: {}',
      'inventories.win2022.releasever: only Amazon Linux 2023 has a releasever',
    ],
    ['an unknown key', 'zone: a', 'zon: a', '16:102 nodes[0].zon: unknown key (did you mean `zone`?)'],
  ])('%s', (_name, right, wrong, problem) => {
    expect(refusal(() => readFleetFile(write(FLEET.replace(right, wrong))))).toContainEqual(expect.stringContaining(problem));
  });

  it('that has no nodes at all', () => {
    expect(refusal(() => readFleetFile(write(`${FLEET.split('nodes:')[0]}nodes: []\n`)))).toEqual([
      'fleet.yaml:15:8 nodes: is empty: a fleet has at least one node',
    ]);
  });

  it('shows problems within parts and between parts together', () => {
    const text = FLEET.replace('kind: security, severity: critical', 'kind: securty').replace('inventory: win2022', 'inventory: win');
    expect(refusal(() => readFleetFile(write(text)))).toHaveLength(2);
  });
});

describe('a scenario', () => {
  const { fleet } = readFleetFile(write(FLEET));
  const read = (faults: string) => {
    const file = write(`title: Something breaks\nfaults:\n${faults}`, 'scenario.yaml');
    return refusal(() => readScenario(file, fleet));
  };

  it('may hold every fault', () => {
    expect(
      read(`  - breaks: { package: openssl, version: "1:3.0.8-1.amzn2023.0.5", service: nginx.service }
  - silent: { name: [plant-01], from: start }
  - silent: { tags: { Wavelock: enabled }, hybrid: true, from: PT72H }
  - events: { lose: all }
  - events: { lose: 1 }
  - updates-itself: { ids: [i-0aa0000000000001a], packages: { openssl: "1:3.0.8-1.amzn2023.0.9" }, after: PT60H }
  - repository: { inventory: al2023, after: P1DT12H, available: [ { package: zlib, version: "1.2", kind: other, needs: [openssl] } ] }
`),
    ).toEqual([]);
  });

  it.each([
    [
      'a package that nobody has',
      'breaks: { package: opnssl, version: "1", service: nginx.service }',
      'breaks.package: no inventory has the package "opnssl" (did you mean `openssl`?)',
    ],
    [
      'a service that nobody has',
      'breaks: { package: openssl, version: "1", service: httpd.service }',
      'breaks.service: no inventory has the service "httpd.service"',
    ],
    [
      'a node that does not exist',
      'silent: { name: [plant-1], from: start }',
      'silent.name[0]: no node is called plant-1 (did you mean `plant-01`?)',
    ],
    ['nodes that do not exist together', 'silent: { name: [web-t1], hybrid: true, from: start }', 'silent: no node fits all of this'],
    [
      'an inventory',
      'repository: { inventory: al2, after: PT1H, available: [ { package: a, version: "1", kind: other } ] }',
      'repository.inventory: there is no inventory "al2"',
    ],
    [
      'a need',
      'repository: { inventory: al2023, after: PT1H, available: [ { package: a, version: "1", kind: other, needs: [b] } ] }',
      'needs[0]: "b" is neither offered nor installed here',
    ],
    ['a duration', 'silent: { name: [plant-01], from: 3h }', 'silent.from: expected an ISO 8601 duration such as PT60H or P1DT12H, or start'],
    ['a fault', 'silnt: { name: [plant-01], from: start }', 'faults[0].silnt: unknown key (did you mean `silent`?)'],
    ['two faults in one', 'silent: { from: start }, events: { lose: all }', 'faults[0].events: does not go together with `silent`'],
    ['no event', 'events: { lose: 0 }', 'events.lose: expected all, or a number from 1'],
  ])('must not name %s', (_name, fault, problem) => {
    expect(read(`  - { ${fault} }\n`)).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['PT60H', 'P1DT12H', 'PT0S', 'P2W', 'PT1H30M'])('knows the duration %s as the simulator does', (after) => {
    expect(read(`  - silent: { from: ${after} }\n`)).toEqual([]);
    expect(durationOf(after)).toBeGreaterThanOrEqual(0);
  });

  it.each(['P', 'PT', 'P1M', 'PT1.5H', '-PT1H'])('does not know the duration %s, nor does the simulator', (after) => {
    expect(read(`  - silent: { from: ${after} }\n`)).toHaveLength(1);
    expect(() => durationOf(after)).toThrow('is not a duration');
  });
});

describe('a story', () => {
  const read = (keys: string) => {
    const file = write(`title: Something is published\nfaults: []\n${keys}`, 'scenario.yaml');
    return refusal(() => readScenario(file));
  };

  it('may say which policy, when, how often feeds are read, what is published and who decides', () => {
    expect(
      read(`policy: demo/zero-day/policy.yaml
begins: 2026-12-21
feedsSchedule: rate(1 hour)
story:
  - publishes: { folder: demo/zero-day/before, from: start }
  - publishes: { folder: demo/zero-day/after, from: PT9H, says: CISA lists it }
  - decides: { verb: approve, after: PT40M, as: ana@example.com, why: plan read }
`),
    ).toEqual([]);
  });

  it.each([
    ['a policy that is not there', 'policy: demo/policies.yaml', 'policy: there is no file demo/policies.yaml'],
    [
      'a folder that is not there',
      'story: [ { publishes: { folder: demo/zero-day/later, from: PT1H } } ]',
      'story[0].publishes.folder: there is no folder demo/zero-day/later',
    ],
    [
      'a file for a folder',
      'story: [ { publishes: { folder: demo/policy.yaml, from: PT1H } } ]',
      'story[0].publishes.folder: there is no folder demo/policy.yaml',
    ],
    ['a schedule that is none', 'feedsSchedule: hourly', 'feedsSchedule: expected cron(…) or rate(…), in UTC'],
    ['a day that is none', 'begins: Monday', 'begins: expected a date such as 2026-12-21'],
    ['a decision that nobody can make', 'story: [ { decides: { verb: shrug, after: PT1H, as: ana, why: because } } ]', 'story[0]'],
  ])('must not name %s', (_name, keys, problem) => {
    expect(read(`${keys}\n`)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('a folder of advisories', () => {
  it('is fine as the demo has it', () => {
    expect(refusal(() => checkFeedsFolder('demo/feeds'))).toEqual([]);
  });

  it('must be there, be a folder, have something in it, and nothing that no feed would see', () => {
    const empty = mkdtempSync(join(folder, 'feeds-'));
    expect(refusal(() => checkFeedsFolder(join(folder, 'none')))).toEqual(['none: does not exist']);
    expect(refusal(() => checkFeedsFolder(write(FLEET)))).toEqual(['fleet.yaml: is a file; expected a folder of advisories']);
    expect(refusal(() => checkFeedsFolder(empty))).toEqual([expect.stringContaining('is empty; expected files of vendors: updateinfo')]);
    writeFileSync(join(empty, 'kev.json'), '{"vulnerabilities": [');
    expect(refusal(() => checkFeedsFolder(empty))).toEqual([expect.stringContaining('kev.json: no feed would see it: ')]);
  });
});
