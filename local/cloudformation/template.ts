import { isObject, listOf, object, text, type Json } from '../json.ts';

/** A template's sections, checked: what is not known is an error, never skipped. */
export interface Template {
  parameters: Record<string, Json>;
  mappings: Json;
  conditions: Json;
  resources: Map<string, ResourceSource>;
  outputs: Record<string, Json>;
}

/** A resource as the template writes it, functions unresolved. */
export interface ResourceSource {
  type: string;
  properties: Json;
  dependsOn: string[];
  condition: string | undefined;
}

/** Sections and attributes that change nothing here, and why. */
const sections: Record<string, string> = {
  AWSTemplateFormatVersion: 'there is one version',
  Description: 'for people',
  Metadata: 'for tools',
  Rules: 'CDK writes one, which checks that the bootstrap stack is there; it is built in',
  Parameters: '',
  Mappings: '',
  Conditions: '',
  Resources: '',
  Outputs: '',
};

const attributes: Record<string, string> = {
  Type: '',
  Properties: '',
  DependsOn: '',
  Condition: '',
  Metadata: 'for tools',
  DeletionPolicy: 'stacks are not deleted here',
  UpdateReplacePolicy: 'stacks are not updated here',
};

function records(value: unknown, section: string): Record<string, Json> {
  return Object.fromEntries(Object.entries(object(value ?? {}, section)).map(([name, entry]) => [name, object(entry, `${section} ${name}`)]));
}

function resource(id: string, source: Json): ResourceSource {
  for (const name of Object.keys(source)) {
    if (!(name in attributes)) throw new Error(`Resource ${id}: the attribute "${name}" is not known to the embedded AWS`);
  }
  return {
    type: text(source.Type, `Type of resource ${id}`),
    properties: object(source.Properties ?? {}, `Properties of resource ${id}`),
    dependsOn: listOf(source.DependsOn).map((name) => text(name, `DependsOn of resource ${id}`)),
    condition: source.Condition === undefined ? undefined : text(source.Condition, `Condition of resource ${id}`),
  };
}

/** What one template may hold: CloudFormation User Guide, "CloudFormation quotas". */
const quotas: [section: string, word: string, most: number][] = [
  ['Resources', 'resources', 500],
  ['Parameters', 'parameters', 200],
  ['Mappings', 'mappings', 200],
  ['Outputs', 'outputs', 200],
];

/** @throws Error that names a section, resource attribute or dependency which is not known, or a section that holds too much */
export function readTemplate(source: Json): Template {
  for (const name of Object.keys(source)) {
    if (!(name in sections)) throw new Error(`The template section "${name}" is not known to the embedded AWS`);
  }
  for (const [section, word, most] of quotas) {
    const count = Object.keys(object(source[section] ?? {}, section)).length;
    if (count > most) throw new Error(`Template format error: Number of ${word}, ${count}, is greater than maximum allowed, ${most}`);
  }
  const resources = Object.entries(records(source.Resources, 'Resources')).map(([id, entry]) => [id, resource(id, entry)] as const);
  const ids = new Set(resources.map(([id]) => id));
  const missing = resources.flatMap(([, { dependsOn }]) => dependsOn).find((id) => !ids.has(id));
  if (missing !== undefined) {
    throw new Error(`Template format error: Unresolved resource dependencies [${missing}] in the Resources block of the template`);
  }
  return {
    parameters: records(source.Parameters, 'Parameters'),
    mappings: object(source.Mappings ?? {}, 'Mappings'),
    conditions: object(source.Conditions ?? {}, 'Conditions'),
    resources: new Map(resources),
    outputs: records(source.Outputs, 'Outputs'),
  };
}

/** The only key of a function call, `{ "Ref": … }` or `{ "Fn::…": … }`. */
export function functionName(value: Json): string | undefined {
  const [name, ...more] = Object.keys(value);
  if (name === undefined || more.length > 0) return undefined;
  return name === 'Ref' || name.startsWith('Fn::') ? name : undefined;
}

/** Names inside `${…}` of Fn::Sub, `${!literal}` left out. */
export function subNames(source: string): string[] {
  return [...source.matchAll(/\$\{([^!}][^}]*)\}/g)].map((match) => match[1]!.trim());
}

/** Everything that a value refers to by Ref, Fn::GetAtt or Fn::Sub: logical ids, parameters and pseudo parameters. */
export function references(value: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(walk);
    if (!isObject(part)) return;
    const name = functionName(part);
    if (name === 'Ref') found.add(String(part.Ref));
    else if (name === 'Fn::GetAtt') found.add(String(listOf(part[name])[0]).split('.')[0]!);
    else if (name === 'Fn::Sub') subReferences(part[name], found, walk);
    else Object.values(part).forEach(walk);
  };
  walk(value);
  return found;
}

function subReferences(argument: unknown, found: Set<string>, walk: (value: unknown) => void): void {
  const [source, own] = listOf(argument);
  const named = isObject(own) ? own : {};
  subNames(String(source))
    .filter((name) => !(name in named))
    .forEach((name) => found.add(name.split('.')[0]!));
  walk(named);
}

/**
 * Logical ids in an order in which each comes after what it needs.
 *
 * @throws Error with CloudFormation's text when resources need each other in a circle
 */
export function creationOrder(resources: Map<string, ResourceSource>): string[] {
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string, path: string[]): void => {
    const source = resources.get(id);
    if (!source || state.get(id) === 'done') return;
    if (state.get(id) === 'open') throw new Error(`Circular dependency between resources: [${path.slice(path.indexOf(id)).join(', ')}]`);
    state.set(id, 'open');
    for (const needed of [...source.dependsOn, ...references(source.properties)]) visit(needed, [...path, id]);
    state.set(id, 'done');
    order.push(id);
  };
  for (const id of resources.keys()) visit(id, []);
  return order;
}
