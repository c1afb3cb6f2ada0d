import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { createEntities } from '../../lambdas/aws/entities.ts';
import { observe, patch, resourcesOf, statementsOf, synth } from './world.ts';
import type { Statement, Template } from './world.ts';

type Get = { Key: { pk: string } };

const actionsOf = (statements: Statement[]): string[] => statements.flatMap(({ actions }) => actions);

/** What a managed policy for people allows. */
function peopleMay(template: Template, policy: RegExp): string[] {
  const policies = resourcesOf(template, 'AWS::IAM::ManagedPolicy').filter(([id]) => policy.test(id));
  return policies
    .flatMap(([, { Properties }]) =>
      (Properties.PolicyDocument as { Statement: { Action: string | string[] }[] }).Statement.flatMap(({ Action }) => Action),
    )
    .toSorted();
}

describe('in observe', () => {
  it("nothing can run AWS's own Scan, which overwrites the account's compliance record", async () => {
    const { templates } = await synth(observe);
    for (const template of Object.values(templates)) {
      expect(JSON.stringify(template)).not.toMatch(/AWS-RunPatchBaseline|AWS-GatherSoftwareInventory/);
      const sends = statementsOf(template).filter((statement) => actionsOf([statement]).includes('ssm:SendCommand'));
      expect(sends).not.toEqual([]);
      const documents = sends
        .flatMap(({ resources }) => resources)
        .map((resource) => JSON.stringify(resource))
        .filter((text) => text.includes(':document/'));
      for (const text of documents) expect(text).toMatch(/:document\/Wavelock-(Scan|Verify)-(Linux|Windows)/);
      expect(actionsOf(statementsOf(template))).not.toContain('ssm:PutComplianceItems');
      expect(actionsOf(statementsOf(template))).not.toContain('ssm:PutInventory');
    }
  });

  it('inventory is read, by the spoke and in every mode', async () => {
    for (const mode of [observe, patch]) {
      const { templates } = await synth(mode);
      for (const template of Object.values(templates)) expect(actionsOf(statementsOf(template))).toContain('ssm:ListInventoryEntries');
    }
  });
});

describe('Amazon Inspector', () => {
  it('may be read only where the deployer asked for it', async () => {
    for (const mode of [observe, patch]) {
      const [without, withIt] = [await synth(mode), await synth({ ...mode, inspector: 'true' })];
      for (const template of Object.values(without.templates)) expect(JSON.stringify(template)).not.toContain('inspector2:');
      for (const template of Object.values(withIt.templates)) {
        expect(actionsOf(statementsOf(template)).filter((action) => action.startsWith('inspector2:'))).toEqual([
          'inspector2:ListCoverage',
          'inspector2:ListFindings',
        ]);
      }
    }
  });
});

describe('people', () => {
  it('who read may read record and store, in every mode, and nothing else', async () => {
    for (const mode of [observe, patch]) {
      const { hub } = await synth(mode);
      expect(peopleMay(hub, /^OperatorsReadersPolicy/)).toEqual([
        'dynamodb:GetItem',
        'dynamodb:Query',
        'kms:Decrypt',
        's3:GetObject',
        's3:ListBucket',
        'ssm:GetParameter',
      ]);
    }
  });

  it('who operate may also write the record, and wake what waits only where something is patched', async () => {
    const [watching, patching] = [(await synth(observe)).hub, (await synth(patch)).hub];
    const writes = ['dynamodb:PutItem', 'dynamodb:UpdateItem'];
    expect(peopleMay(watching, /^OperatorsPolicy/)).toEqual(expect.arrayContaining(writes));
    expect(peopleMay(watching, /^OperatorsPolicy/)).not.toContain('states:SendTaskSuccess');
    expect(peopleMay(patching, /^OperatorsPolicy/)).toEqual(expect.arrayContaining([...writes, 'states:SendTaskSuccess']));
  });

  it('change rows of decisions, and none of what commands, nodes and proofs are made of', async () => {
    const { hub } = await synth(patch);
    const statements = resourcesOf(hub, 'AWS::IAM::ManagedPolicy')
      .filter(([id]) => id.startsWith('OperatorsPolicy'))
      .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: { Action: string | string[]; Condition?: unknown }[] }).Statement);
    const writes = statements.filter(({ Action }) => [Action].flat().includes('dynamodb:UpdateItem'));
    expect(writes).toEqual([
      expect.objectContaining({
        Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [expect.any(String), expect.any(String), expect.any(String)] } },
      }),
    ]);
    const allowed = Object.values(Object.values(writes[0]!.Condition as { [operator: string]: { [key: string]: string[] } })[0]!).flat();
    const reaches = ({ Key }: Get) => allowed.some((pattern) => Key.pk.startsWith(pattern.slice(0, -1)));
    const rows = createEntities(DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-central-1' })), 'record');
    const [rollout, wave] = ['monthly-20261209-3f9ca1', 'test'];
    const decided = [
      rows.rollout.get({ id: rollout }).params<Get>(),
      rows.wave.get({ rollout, name: wave }).params<Get>(),
      rows.event.get({ rollout, at: '2026-12-09T08:00:00Z', what: 'approve' }).params<Get>(),
      rows.ownAdvisory.get({ list: 'all', id: 'CVE-2026-1' }).params<Get>(),
      rows.feed.get({ list: 'all', name: 'kev' }).params<Get>(),
    ];
    const others = [
      rows.batch.get({ group: `${rollout}-${wave}`, number: 'p1-0-0' }).params<Get>(),
      rows.nodeRun.get({ group: `${rollout}-${wave}`, node: 'i-0123456789abcdef0' }).params<Get>(),
      rows.node.get({ location: '111111111111/eu-central-1', id: 'i-0123456789abcdef0' }).params<Get>(),
      rows.lock.get({ sha256: 'a'.repeat(64) }).params<Get>(),
      rows.start.get({ policy: 'monthly', advisory: 'a' }).params<Get>(),
    ];
    expect(decided.map(reaches)).toEqual(decided.map(() => true));
    expect(others.map(reaches)).toEqual(others.map(() => false));
  });
});
