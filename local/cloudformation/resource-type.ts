import { isObject, listOf, object, text, type Json } from '../json.ts';
import type { NameRules } from './names.ts';
import type { Parts } from './parts.ts';

/** What the loader knows of one type of resources. */
export interface ResourceType {
  type: string;
  /** Properties that are honoured, as paths without list positions: `Code.S3Bucket`. A path covers all below it. */
  honours: string[];
  /** Properties that are known and change nothing here, each with the reason. */
  withoutEffect: Record<string, string>;
  create(resource: Resource, parts: Parts): Promise<Created> | Created;
}

/** What a resource's creation leaves: the values of Ref and Fn::GetAtt. */
export interface Created {
  ref: string;
  attributes?: Record<string, string>;
}

/** The stack that a resource is created in. */
export interface StackFacts {
  name: string;
  id: string;
  account: string;
  region: string;
}

/** A resource with its functions resolved. */
export interface Resource {
  logicalId: string;
  type: string;
  properties: Json;
  stack: StackFacts;
  /** A name as CloudFormation makes it. */
  generatedName(rules: NameRules): string;
}

/** A property that must be a text. @throws Error that names resource and property */
export function textOf(resource: Resource, name: string): string {
  return text(resource.properties[name], `${name} of ${resource.logicalId}`);
}

/** A property that may be a text. */
export function optionalText(resource: Resource, name: string): string | undefined {
  return resource.properties[name] === undefined ? undefined : textOf(resource, name);
}

/** A property that must be an object. @throws Error that names resource and property */
export function objectOf(resource: Resource, name: string): Json {
  return object(resource.properties[name], `${name} of ${resource.logicalId}`);
}

/** A number, which templates may write as text; `undefined` when the property is absent. */
export function optionalNumber(resource: Resource, name: string): number | undefined {
  const value = resource.properties[name];
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isNaN(number)) throw new Error(`${name} of ${resource.logicalId} must be a number, not ${JSON.stringify(value)}`);
  return number;
}

/** A list of objects; none when the property is absent. */
export function objectsOf(resource: Resource, name: string): Json[] {
  return listOf(resource.properties[name]).map((entry) => object(entry, `each of ${name} of ${resource.logicalId}`));
}

/** `Tags` as a list of Key and Value, or as an object, to a plain record. */
export function tagsOf(resource: Resource): Record<string, string> {
  const { Tags } = resource.properties;
  const pairs = isObject(Tags) ? Object.entries(Tags) : objectsOf(resource, 'Tags').map((tag) => [tag.Key, tag.Value]);
  return Object.fromEntries(pairs.map(([key, value]) => [String(key), String(value)]));
}

/** The paths of everything that a resource's properties hold; objects and lists of objects are entered, all else is a leaf. */
function leaves(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [path] : [...new Set(value.flatMap((entry) => leaves(entry, path)))];
  if (!isObject(value) || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, entry]) => leaves(entry, path === '' ? key : `${path}.${key}`));
}

/** @throws Error that names the first property which the type neither honours nor knows to be without effect */
export function checkProperties(type: ResourceType, properties: Json): void {
  const known = [...type.honours, ...Object.keys(type.withoutEffect)];
  const unknown = leaves(properties, '').find((path) => path !== '' && !known.some((name) => path === name || path.startsWith(`${name}.`)));
  if (unknown !== undefined) {
    throw new Error(`the property "${unknown}" of ${type.type} is not known to the embedded AWS`);
  }
}
