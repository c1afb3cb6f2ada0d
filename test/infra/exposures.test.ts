import { describe, expect, it } from 'vitest';
import { observe, patch, resourcesOf, statementsOf, synth } from './world.ts';
import type { Statement, Template } from './world.ts';

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
});
