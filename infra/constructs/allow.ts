import { Stack, Validations } from 'aws-cdk-lib/core';
import { PolicyStatement, type IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** One permission: what may be done, on what, and where a wildcard stands, why nothing narrower is possible. */
export interface Allowance {
  actions: string[];
  resources: string[];
  conditions?: Record<string, Record<string, string | string[]>>;
  /** The true reason of each `*` in `resources`, for cdk-nag and for people. */
  because?: string;
}

/** What cdk-nag calls a resource: references in angle brackets (cdk-nag, "flatten-cfn-reference"). */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value.replaceAll('${', '<').replaceAll('}', '>');
  const [[kind, content] = []] = Object.entries(value as Record<string, unknown>);
  if (kind === 'Ref') return `<${content as string}>`;
  const parts = content as [string, unknown];
  if (kind === 'Fn::GetAtt') return `<${parts.join('.')}>`;
  if (kind === 'Fn::Join') return (parts[1] as unknown[]).map(flatten).join(parts[0]);
  throw new Error(`A resource of a policy holds ${kind}, which allow() can't name`);
}

/** The statement of an allowance; `holder`, the role or policy that gets it, carries the reason of its wildcards. */
export function statementOf(holder: IConstruct, allowance: Allowance): PolicyStatement {
  const { actions, resources, conditions, because } = allowance;
  if (because !== undefined) {
    const wild = resources.map((resource) => flatten(Stack.of(holder).resolve(resource))).filter((resource) => resource.includes('*'));
    for (const resource of new Set(wild)) {
      Validations.of(holder).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason: because });
    }
  }
  return new PolicyStatement({ actions, resources, conditions });
}

/** Adds permissions to a role. */
export function allow(role: IConstruct & IPrincipal, ...allowances: Allowance[]): void {
  for (const allowance of allowances) role.addToPrincipalPolicy(statementOf(role, allowance));
}

/** X-Ray knows no resources, so every traced role holds a `*`, which CDK adds. */
export function acknowledgeTracing(role: IConstruct): void {
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'xray:PutTraceSegments and its siblings have no resource types (Service Authorization Reference, AWS X-Ray).',
  });
}
