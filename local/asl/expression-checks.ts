import { isObject, type Json } from '../json.ts';

/** The members of `$states` that a field may read: `result` and `errorOutput` only exist at the end of some states. */
export type StatesMember = 'input' | 'context' | 'result' | 'errorOutput';

/** What is being read at a place in an expression: is there an item that bare names and `$` refer to? */
interface Place {
  item: boolean;
  readable: ReadonlySet<string>;
  problems: Set<string>;
}

/**
 * What AWS refuses about an expression that parses, as texts; an empty list when nothing. An expression in a machine is evaluated
 * without an item, so bare names, `$` and `$$` refer to nothing at its top level; `$eval` does not exist; `$states.result` and
 * `$states.errorOutput` exist in few places.
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, wording: https://github.com/floci-io/floci/issues/2670
 *
 * @param tree jsonata's syntax tree
 */
export function expressionProblems(tree: unknown, readable: ReadonlySet<string>): string[] {
  const problems = new Set<string>();
  visit(tree, { item: false, readable, problems });
  return [...problems];
}

function visit(node: unknown, place: Place): void {
  if (Array.isArray(node)) {
    for (const inner of node) visit(inner, place);
    return;
  }
  if (!isObject(node)) return;
  if (node['type'] === 'path') visitPath(node, place);
  else visitOther(node, place);
}

/** The first step of a path reads the place's item, all others read what the step before gave. */
function visitPath(path: Json, place: Place): void {
  const steps: unknown[] = Array.isArray(path['steps']) ? path['steps'] : [];
  const [first, second] = steps;
  if (isObject(first) && first['type'] === 'variable' && first['value'] === 'states') checkMember(second, place);
  visit(first, place);
  visit(steps.slice(1), { ...place, item: true });
  visit(path['group'], { ...place, item: true });
}

function visitOther(node: Json, place: Place): void {
  checkReference(node, place);
  for (const [part, inner] of Object.entries(node)) {
    if (part === 'slot' || part === 'signature') continue;
    const hasItem = place.item || part === 'predicate' || part === 'stages' || part === 'group' || part === 'terms' || node['type'] === 'transform';
    if (node['type'] === 'lambda' && part === 'arguments') continue;
    visit(inner, { ...place, item: hasItem });
  }
}

function checkReference(node: Json, place: Place): void {
  const { type, value } = node;
  if (type === 'variable' && value === 'eval') place.problems.add('$eval is not supported, use $parse');
  if (type === 'variable' && value === '$') place.problems.add("Reference to '$$' is not supported.");
  if (place.item) return;
  if (type === 'variable' && value === '') place.problems.add("Reference to '$' at the top level is not supported.");
  if (type === 'name') place.problems.add(`Reference to '${String(value)}' at the top level is not supported.`);
}

function checkMember(step: unknown, place: Place): void {
  if (!isObject(step) || step['type'] !== 'name') return;
  const member = String(step['value']);
  if (!place.readable.has(member)) place.problems.add(`Reference to '$states.${member}' is not supported here.`);
}
