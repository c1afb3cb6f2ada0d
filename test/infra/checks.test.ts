import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validations } from 'aws-cdk-lib/core';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { PolicyFile } from '../../lambdas/core/model.ts';
import { demo, observe, openWorld, patch, policyFile } from './world.ts';

const inNetwork = {
  ...patch,
  subnetIds: 'subnet-01234567',
  securityGroupIds: 'sg-01234567',
  keyArn: 'arn:aws:kms:eu-central-1:111111111111:key/1234',
};

describe('cdk-nag’s AwsSolutions rules', () => {
  it.each([
    ['observe', observe],
    ['hub and spokes', demo],
    ['in a VPC with a key of one’s own', inNetwork],
    ['without an account', {}],
  ])('find nothing: %s', async (_name, context: Record<string, string>) => {
    const { app } = await openWorld(context);
    const { violations } = new AwsSolutionsChecks(app, { verbose: true }).validateScope(app);
    expect(
      violations.map(({ ruleName, violatingResources }) => `${ruleName} ${violatingResources.map(({ constructPath }) => constructPath).join(' ')}`),
    ).toEqual([]);
  });

  it('find nothing where policies have something that stands in for a fix', async () => {
    const forms = [{ run: 'Corp-X' }, { lambda: 'waf-block:live' }, { automation: { document: 'Corp-Isolate', role: 'Corp-IsolateRole' } }];
    const [first] = policyFile.policies;
    const policies = forms.map((form, index) => ({
      ...first,
      name: `p${index}`,
      plan: undefined,
      startWhen: [{ knownExploited: true }],
      whileNoFix: { ...form, withdrawWhen: 'patched' },
    }));
    const { app } = await openWorld(demo, PolicyFile.parse({ ...policyFile, policies }));
    const { violations } = new AwsSolutionsChecks(app, { verbose: true }).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
  });

  it('would find a wildcard that nobody gave a reason for', async () => {
    const { app } = await openWorld(observe);
    const role = app.node.findAll().find((node): node is Role => node instanceof Role && node.node.path.includes('PickFeeds'));
    role?.addToPrincipalPolicy(new PolicyStatement({ actions: ['ssm:SendCommand'], resources: ['arn:aws:ssm:*:*:document/*'] }));
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual(['AwsSolutions-IAM5[Resource::arn:aws:ssm:*:*:document/*]']);
  });

  it('are set aside only with a reason that says why', async () => {
    const { app } = await openWorld(demo);
    const key = Validations.ACKNOWLEDGED_RULES_METADATA_KEY;
    const reasons = app.node
      .findAll()
      .flatMap(({ node }) => node.metadata.filter(({ type }) => type === key).flatMap(({ data }) => Object.values(data as Record<string, string>)));
    expect(reasons.length).toBeGreaterThan(20);
    expect(reasons.filter((reason) => reason.split(' ').length < 7)).toEqual([]);
  });
});

describe('-c nag=true', () => {
  it('makes cdk-nag and CDK’s own checks of the templates part of synth, and both are content', async () => {
    const { app, outdir } = await openWorld({ ...patch, nag: 'true' });
    app.synth();
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as { pluginReports: unknown[] };
    expect(report.pluginReports).toEqual([]);
  });
});
