import type { StackSource } from '../../local/cloudformation/assembly.ts';
import type { Parts } from '../../local/cloudformation/parts.ts';
import type { ResourceType } from '../../local/cloudformation/resource-type.ts';
import { createStack, type LoadContext, type LoadedStack } from '../../local/cloudformation/stack.ts';
import type { Json } from '../../local/json.ts';

export const account = '111111111111';
export const region = 'eu-central-1';

/** A stack's source around a template. */
export function source(template: Json, more: Partial<StackSource> = {}): StackSource {
  return { name: 'Stack', account, region, template, file: 'Stack.template.json', sha256: '', parameters: {}, assets: [], ...more };
}

/** A type that creates nothing and shows what it was given: `Echo` is its properties as JSON. */
export const thing: ResourceType = {
  type: 'Test::Thing',
  honours: ['Value', 'Nested.Known', 'List.Known'],
  withoutEffect: { Silent: 'a test says so' },
  create: (resource) => ({
    ref: `${resource.logicalId}-ref`,
    attributes: {
      Arn: `arn:${resource.logicalId}`,
      Echo: JSON.stringify(resource.properties),
      Name: resource.generatedName({ max: 64 }),
      'Dotted.Name': 'dotted',
    },
  }),
};

const noParts: Parts = JSON.parse('{}');

/** A context whose only type is `Test::Thing`. */
export function context(more: Partial<LoadContext> = {}): LoadContext {
  return {
    seed: 1,
    parts: noParts,
    types: new Map([[thing.type, thing]]),
    systemParameter: (_account, _region, name) => `value of ${name}`,
    exports: new Map(),
    ...more,
  };
}

/** The resolved value of a template expression, as a resource would get it; other sections of the template may be given. */
export async function resolved(value: unknown, sections: Json = {}, more: Partial<StackSource> = {}): Promise<unknown> {
  const template = {
    ...sections,
    Resources: { Probe: { Type: 'Test::Thing', Properties: { Value: value } }, Other: { Type: 'Test::Thing' } },
    Outputs: { Echo: { Value: { 'Fn::GetAtt': ['Probe', 'Echo'] } } },
  };
  const stack = await createStack(source(template, more), context());
  return JSON.parse(stack.outputs.Echo!).Value;
}

/** Loads resources into one stack. */
export async function load(Resources: Json, more: Json = {}, with_: Partial<LoadContext> = {}): Promise<LoadedStack> {
  return createStack(source({ ...more, Resources }), context(with_));
}
