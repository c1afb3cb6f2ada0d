/** Finds the way through a JSON Schema beside the value that it describes: which keys are known at a place, which form was meant. */
import type { z } from 'zod';

export type Path = readonly (string | number)[];
/** A JSON Schema, as zod makes it: without references. */
export type Json = z.core.JSONSchema.BaseSchema;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path; `undefined` where there is none. */
export function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const step of path) {
    if (Array.isArray(value) && typeof step === 'number') value = value[step];
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}

/** The schema of the value at a path; where there are several forms, the one that the value most likely was meant to have. */
export function schemaAt(tree: Json, path: Path, raw: unknown): Json | undefined {
  let node: Json | undefined = tree;
  for (const [depth, step] of path.entries()) {
    const form: Json | undefined = formOf(node, valueAt(raw, path.slice(0, depth)));
    if (!form) return undefined;
    node = typeof step === 'number' ? asSchema(form.items) : (asSchema(form.properties?.[step]) ?? asSchema(form.additionalProperties));
  }
  return node;
}

/** Keys known at a path: `here` in the form that was most likely meant, `anywhere` in any form of this place. */
export function keysOf(tree: Json, path: Path, raw: unknown): { here: string[]; anywhere: string[] } {
  const node = schemaAt(tree, path, raw);
  if (!node) return { here: [], anywhere: [] };
  const forms = node.anyOf?.map(asSchema) ?? [node];
  return {
    here: Object.keys(formOf(node, valueAt(raw, path))?.properties ?? {}),
    anywhere: [...new Set(forms.flatMap((form) => Object.keys(form?.properties ?? {})))],
  };
}

/** The fixed words that the forms of a place allow for one of its keys: `every` → day, week, month. */
export function wordsOf(tree: Json, path: Path, raw: unknown): unknown[] {
  const key = String(path.at(-1));
  const forms = schemaAt(tree, path.slice(0, -1), raw)?.anyOf?.map(asSchema) ?? [];
  return forms.map((form) => asSchema(form?.properties?.[key])?.const).filter((word) => word !== undefined);
}

/** Which of several forms a value was most likely meant to have: most keys known, no fixed word contradicted, fewest keys missing. */
export function branchOf(forms: readonly (Json | boolean)[], value: unknown): number {
  const scores = forms.map((form) => score(asSchema(form), value));
  return scores.indexOf(Math.max(...scores));
}

function formOf(node: Json | undefined, value: unknown): Json | undefined {
  return node?.anyOf ? asSchema(node.anyOf[branchOf(node.anyOf, value)]) : node;
}

function score(form: Json | undefined, value: unknown): number {
  if (!isObject(value)) return form?.type === (Array.isArray(value) ? 'array' : typeof value) ? 1 : 0;
  if (form?.type !== 'object') return -1_000_000;
  const known = Object.keys(value).filter((key) => form.properties && Object.hasOwn(form.properties, key)).length;
  const missing = (form.required ?? []).filter((key) => !Object.hasOwn(value, key)).length;
  const contradicted = Object.entries(form.properties ?? {}).some(([key, property]) => contradicts(asSchema(property), value[key]));
  return known * 100 - missing - (contradicted ? 150 : 0);
}

function contradicts(property: Json | undefined, value: unknown): boolean {
  return property?.const !== undefined && value !== undefined && property.const !== value;
}

function asSchema(schema: unknown): Json | undefined {
  return isObject(schema) ? schema : undefined;
}
