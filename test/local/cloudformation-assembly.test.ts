import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAssembly, type StackSource } from '../../local/cloudformation/assembly.ts';
import type { Json } from '../../local/json.ts';

const fallback = { account: '999999999999', region: 'eu-north-1' };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assembly-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function write(path: string, content: Json): void {
  mkdirSync(join(directory, path, '..'), { recursive: true });
  writeFileSync(join(directory, path), JSON.stringify(content));
}

function stackArtifact(id: string, more: Json = {}): Json {
  write(`${id}.template.json`, { Description: id });
  return {
    type: 'aws:cloudformation:stack',
    environment: 'aws://111111111111/eu-central-1',
    properties: { templateFile: `${id}.template.json` },
    ...more,
  };
}

function read(artifacts: Json): StackSource[] {
  write('manifest.json', { version: '55.0.0', artifacts });
  return readAssembly(directory, fallback);
}

describe('a cloud assembly', () => {
  it('gives each stack its place, name and template', () => {
    const hub = stackArtifact('Hub');
    const named = stackArtifact('Spoke', { properties: { templateFile: 'Hub.template.json', stackName: 'wavelock-spoke', parameters: { P: 'v' } } });
    const [first, second] = read({ Tree: { type: 'cdk:tree' }, Hub: hub, Spoke: named });
    expect(first).toMatchObject({ name: 'Hub', account: '111111111111', region: 'eu-central-1', template: { Description: 'Hub' }, parameters: {} });
    expect(first?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toMatchObject({ name: 'wavelock-spoke', parameters: { P: 'v' } });
  });

  it.each([
    ['aws://unknown-account/unknown-region', fallback],
    ['aws://unknown-account/eu-west-1', { account: fallback.account, region: 'eu-west-1' }],
    [undefined, fallback],
  ])('puts %s where it is told to', (environment, expected) => {
    expect(read({ Hub: stackArtifact('Hub', { environment }) })[0]).toMatchObject(expected);
  });

  it('brings stacks after those that they depend on', () => {
    const stacks = read({ A: stackArtifact('A', { dependencies: ['B'] }), B: stackArtifact('B', { dependencies: ['C'] }), C: stackArtifact('C') });
    expect(stacks.map((stack) => stack.name)).toEqual(['C', 'B', 'A']);
  });

  it('reads the assemblies of stages', () => {
    write('stage/manifest.json', { artifacts: { Inner: stackArtifact('Inner') } });
    write('stage/Inner.template.json', {});
    expect(read({ Stage: { type: 'cdk:cloud-assembly', properties: { directoryName: 'stage' } } }).map((stack) => stack.name)).toEqual(['Inner']);
  });

  it('says where each asset belongs, with the environment filled in', () => {
    write('Hub.assets.json', {
      files: {
        abc: {
          source: { path: 'asset.abc', packaging: 'zip' },
          destinations: { here: { bucketName: 'cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}', objectKey: 'abc.zip' } },
        },
      },
    });
    const artifacts = {
      'Hub.assets': { type: 'cdk:asset-manifest', properties: { file: 'Hub.assets.json' } },
      Hub: stackArtifact('Hub', { dependencies: ['Hub.assets'] }),
    };
    expect(read(artifacts)[0]?.assets).toEqual([
      {
        bucket: 'cdk-hnb659fds-assets-111111111111-eu-central-1',
        key: 'abc.zip',
        account: '111111111111',
        region: 'eu-central-1',
        path: join(directory, 'asset.abc'),
        packaging: 'zip',
      },
    ]);
  });

  it('refuses container images and unknown artifacts by name', () => {
    write('Hub.assets.json', { files: {}, dockerImages: { x: {} } });
    const artifacts = {
      'Hub.assets': { type: 'cdk:asset-manifest', properties: { file: 'Hub.assets.json' } },
      Hub: stackArtifact('Hub', { dependencies: ['Hub.assets'] }),
    };
    expect(() => read(artifacts)).toThrow('container images');
    expect(() => read({ Odd: { type: 'terraform:stack' } })).toThrow('Artifact Odd: the type "terraform:stack"');
  });

  it('says how to make one that is not there', () => {
    expect(() => readAssembly(join(directory, 'none'), fallback)).toThrow('run "npx cdk synth" first');
  });
});
