import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../cli/command.ts';
import type { RunDocument } from '../../cli/run/messages.ts';
import type { Ended } from '../cli/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wavelock-nothing-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FLEET_HEAD = `version: 1
locations: [111111111111/eu-central-1]
inventories:
  al:
    platform: amazon-linux-2023-x86_64
    releasever: 2023.6.20241010
    installed: { openssl-libs: "1:3.0.8-1.amzn2023.0.3" }
    available: [{ package: openssl-libs, version: "1:3.0.8-1.amzn2023.0.5", kind: security, severity: important, advisories: [ALAS2023-2026-901] }]
    services: [sshd.service]
  ub:
    platform: ubuntu-24.04-x86_64
    installed: { openssl: "3.0.13-0ubuntu3.5" }
    available: []
    services: [ssh.service]
nodes:
`;

function nodesOf(name: string, inventory: string, count: number, env: string): string {
  return `  - { count: ${count}, name: "${name}{n}", location: 111111111111/eu-central-1, inventory: ${inventory}, tags: { Wavelock: enabled, Env: ${env} } }\n`;
}

function policyOf(production: string): string {
  return `version: 1
mode: auto
people: { ops: { email: [ops@example.com] } }
policies:
  monthly:
    nodes: { os: linux }
    plan: { every: day, at: "09:00", timezone: UTC }
    patches: { kinds: [security] }
    waves:
      - { name: test, nodes: { tags: { Env: test } } }
      - { name: production, nodes: everything-else${production} }
    tell: { ops: everything }
`;
}

async function run(name: string, fleet: string, policy: string): Promise<Ended & { document: RunDocument }> {
  const at = (file: string) => join(folder, `${name}-${file}`);
  writeFileSync(at('fleet.yaml'), FLEET_HEAD + fleet);
  writeFileSync(at('policy.yaml'), policy);
  const ended = await command('run', '--json', '--fleet', at('fleet.yaml'), '--policy', at('policy.yaml'), '--out', at('out'));
  if (ended.stdout === '') throw new Error(ended.stderr);
  return { ...ended, document: JSON.parse(ended.stdout) as RunDocument };
}

const outcomesOf = ({ document }: { document: RunDocument }) => document.waves.map(({ name, verdict, outcomes }) => ({ name, verdict, outcomes }));

describe('a platform that is up to date', () => {
  let ended: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    const test = nodesOf('t', 'al', 2, 'test') + nodesOf('tu', 'ub', 2, 'test');
    ended = await run('idle', test + nodesOf('p', 'al', 3, 'prod') + nodesOf('pu', 'ub', 3, 'prod'), policyOf(''));
  });

  it('does not keep the others from being patched', () => {
    expect(ended.status, ended.stderr).toBe(0);
    expect(outcomesOf(ended)).toEqual([
      { name: 'test', verdict: 'pass', outcomes: { patched: 2 } },
      { name: 'production', verdict: 'pass', outcomes: { patched: 3 } },
    ]);
    expect(new Set(ended.document.nodes.map(({ platform }) => platform))).toEqual(new Set(['amazon-linux-2023-x86_64']));
  });

  it('is told in the plan', () => {
    expect(ended.stderr.replaceAll(/\s+/g, ' ')).toContain(
      'nothing to install: on ubuntu-24.04-x86_64 the first wave is offered nothing that the policy wants',
    );
  });
});

describe('a brake for which one silent node is too many', () => {
  let ended: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    const fleet =
      nodesOf('t', 'al', 2, 'test') + nodesOf('p', 'al', 4, 'prod') + nodesOf('off', 'al', 1, 'prod').replace('tags:', 'online: false, tags:');
    ended = await run('brake', fleet, policyOf(', atOnce: 2, promoteWhen: { failed: 1, unreachable: 1 }, stopWhen: { failed: 0, unreachable: 0 }'));
  });

  it('holds before anything is sent in the wave, and says so', () => {
    expect(ended.status, ended.stderr).toBe(3);
    expect(outcomesOf(ended)).toEqual([
      { name: 'test', verdict: 'pass', outcomes: { patched: 2 } },
      { name: 'production', verdict: 'inconclusive', outcomes: { skipped: 4, unreachable: 1 } },
    ]);
    expect(ended.document.aws.commands.filter(({ wave, nodes }) => wave === 'production' && nodes > 0)).toEqual([]);
    expect(ended.document.waves[1]?.reasons[0]).toBe('1 of 5 nodes unreachable, 0 allowed: nothing more is sent');
  });
});
