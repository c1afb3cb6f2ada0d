import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { PropertyType, Property, SpecDatabase } from '@aws-cdk/service-spec-types';
import { describe, expect, it } from 'vitest';
import { demo, observe, synth } from './world.ts';

/** Holds templates against CloudFormation's own specification: CDK's escape hatches and typings let more through. */
function problemsOf(database: SpecDatabase, id: string, resource: { Type: string; Properties: Record<string, unknown> }): string[] {
  const [known] = database.lookup('resource', 'cloudFormationType', 'equals', resource.Type);
  if (!known) return [`${id}: there is no type ${resource.Type}`];
  return problemsIn(database, `${id} (${resource.Type})`, resource.Properties, known.properties);
}

function isIntrinsic(value: object): boolean {
  const keys = Object.keys(value);
  return keys.length === 1 && /^(Ref|Fn::\w+)$/.test(keys[0] ?? '');
}

function problemsIn(database: SpecDatabase, path: string, value: Record<string, unknown>, properties: Record<string, Property>): string[] {
  const missing = Object.entries(properties)
    .filter(([name, { required }]) => required === true && value[name] === undefined)
    .map(([name]) => `${path}: ${name} is missing`);
  const inner = Object.entries(value).flatMap(([name, part]) => {
    const property = properties[name];
    if (!property) return [`${path}: there is no property ${name}`];
    const types = [property.type, ...(property.previousTypes ?? [])];
    const found = types.map((type) => problemsOfType(database, `${path}.${name}`, part, type));
    return found.find((problems) => problems.length === 0) ?? found[0] ?? [];
  });
  return [...missing, ...inner];
}

function problemsOfType(database: SpecDatabase, path: string, value: unknown, type: PropertyType): string[] {
  if (typeof value !== 'object' || value === null || isIntrinsic(value)) return [];
  if (type.type === 'array')
    return Array.isArray(value)
      ? value.flatMap((part, index) => problemsOfType(database, `${path}[${index}]`, part, type.element))
      : [`${path} must be a list`];
  if (type.type === 'map') return Object.entries(value).flatMap(([key, part]) => problemsOfType(database, `${path}.${key}`, part, type.element));
  if (type.type === 'ref')
    return problemsIn(database, path, value as Record<string, unknown>, database.get('typeDefinition', type.reference.$ref).properties);
  if (type.type === 'union') {
    const found = type.types.map((option) => problemsOfType(database, path, value, option));
    return found.find((problems) => problems.length === 0) ?? found[0] ?? [];
  }
  return type.type === 'json' ? [] : [`${path} must be a ${type.type}`];
}

describe('CloudFormation’s specification', () => {
  const database = loadAwsServiceSpecSync();

  it.each([
    ['observe', observe],
    ['patch with spokes', demo],
  ])('knows every type and property: %s', async (_name, context) => {
    const { templates } = await synth(context);
    const problems = Object.entries(templates).flatMap(([stack, template]) =>
      Object.entries(template.Resources).flatMap(([id, resource]) => problemsOf(database, `${stack}/${id}`, resource)),
    );
    expect(problems).toEqual([]);
  });

  it('would tell of what it does not know', () => {
    const broken = { Type: 'AWS::Events::Rule', Properties: { Targets: [{ Id: 'x', RetryPolicy: { Tries: 1 } }], Colour: 'red' } };
    expect(problemsOf(database, 'Rule', broken)).toEqual([
      'Rule (AWS::Events::Rule).Targets[0]: Arn is missing',
      'Rule (AWS::Events::Rule).Targets[0].RetryPolicy: there is no property Tries',
      'Rule (AWS::Events::Rule): there is no property Colour',
    ]);
    expect(problemsOf(database, 'X', { Type: 'AWS::No::Such', Properties: {} })).toEqual(['X: there is no type AWS::No::Such']);
  });
});
