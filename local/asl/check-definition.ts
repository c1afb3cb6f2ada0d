import { AwsError } from '../types.ts';
import { isObject, type Json } from '../json.ts';
import { amount, anything, checkFields, oneOf, refuse, text, type Checker, type Problem, type Rule } from './check-fields.ts';
import { checkState } from './check-states.ts';
import type { MachineDefinition } from './definition.ts';
import type { Expressions } from './expressions.ts';
import { DEFINITION_LIMIT, MOST_SECONDS } from './limits.ts';
import { byteLength, parseJson } from './values.ts';

const LONGEST_STATE_NAME = 80;

/** What the levels of one definition share. */
interface Walk {
  checker: Checker;
  /** Names must be unique in the whole machine. */
  names: Set<string>;
  labels: Set<string>;
}

/** Where a level stands, and the variables that its states can see but not assign. */
interface LevelPlace {
  at: string;
  outer: ReadonlySet<string>;
}

const levelFields: Record<string, Rule> = { StartAt: text, States: anything, Comment: text };

/**
 * Reads a definition and refuses what AWS refuses, and what this interpreter doesn't know, by name.
 *
 * @param source JSON text or the object
 * @throws AwsError `InvalidDefinition`, worded as CreateStateMachine words it
 *   (https://github.com/floci-io/floci/issues/2735 and /2745, measured)
 */
export function checkDefinition(source: unknown, expressions: Expressions): MachineDefinition {
  const json = typeof source === 'string' ? source : JSON.stringify(source);
  const definition: unknown = parseJson(json);
  if (!isObject(definition)) throw invalid([{ code: 'INVALID_JSON_DESCRIPTION', message: 'A definition must be a JSON object' }]);
  const problems: Problem[] = [];
  const size = byteLength(json);
  if (size > DEFINITION_LIMIT) problems.push({ code: 'DEFINITION_TOO_LARGE', message: `${size} bytes are more than ${DEFINITION_LIMIT}` });
  const checker: Checker = { expressions, problems };
  const fields = { ...levelFields, QueryLanguage: oneOf('JSONata'), TimeoutSeconds: amount(1, MOST_SECONDS), Version: oneOf('1.0') };
  checkFields(checker, definition, fields, { at: '', required: ['StartAt', 'States', 'QueryLanguage'] });
  checkLevel({ checker, names: new Set(), labels: new Set() }, definition, { at: '', outer: new Set() });
  if (!hasPassed(definition, problems)) throw invalid(problems);
  return definition;
}

/** What has no problem has the shape that the checks ask for. */
function hasPassed(definition: unknown, problems: Problem[]): definition is MachineDefinition {
  return isObject(definition) && problems.length === 0;
}

function invalid(problems: Problem[]): AwsError {
  const texts = problems.map(({ code, message, location }) => `${code}: ${message} at ${location ?? null}`);
  return new AwsError('InvalidDefinition', `Invalid State Machine Definition: '${texts.join(', ')}'`);
}

function checkLevel(walk: Walk, level: Json, place: LevelPlace): void {
  const { checker } = walk;
  const { States: states } = level;
  if (!isObject(states) || Object.keys(states).length === 0) {
    refuse(checker, 'States must be an object that is not empty', place.at);
    return;
  }
  const assigned = new Set(Object.values(states).flatMap(assignedNames));
  for (const name of assigned) {
    if (place.outer.has(name)) refuse(checker, `The variable '${name}' is assigned in an outer scope already`, place.at);
  }
  for (const [name, state] of Object.entries(states)) {
    const at = `${place.at}/States/${name}`;
    if (name.length > LONGEST_STATE_NAME) refuse(checker, `The name of a state has at most ${LONGEST_STATE_NAME} characters`, at);
    if (walk.names.has(name)) refuse(checker, `The name '${name}' is used by another state`, at);
    walk.names.add(name);
    checkState(checker, state, at);
    if (isObject(state)) checkInner(walk, state, { at, outer: new Set([...place.outer, ...assigned]) });
  }
  checkTransitions(checker, { start: level['StartAt'], states }, place.at);
}

/** Branches and processors. The variables of a Distributed Map's children are their own. */
function checkInner(walk: Walk, state: Json, place: LevelPlace): void {
  const branches: unknown[] = Array.isArray(state['Branches']) && state['Type'] === 'Parallel' ? state['Branches'] : [];
  for (const [index, branch] of branches.entries()) {
    const at = `${place.at}/Branches[${index}]`;
    checkFields(walk.checker, branch, levelFields, { at, required: ['StartAt', 'States'] });
    if (isObject(branch)) checkLevel(walk, branch, { at, outer: place.outer });
  }
  const processor = state['ItemProcessor'];
  if (state['Type'] !== 'Map' || processor === undefined) return;
  const at = `${place.at}/ItemProcessor`;
  checkFields(walk.checker, processor, { ...levelFields, ProcessorConfig: processorConfig }, { at, required: ['StartAt', 'States'] });
  if (!isObject(processor)) return;
  const config = processor['ProcessorConfig'];
  const distributed = isObject(config) && config['Mode'] === 'DISTRIBUTED';
  checkLevel(walk, processor, { at, outer: distributed ? new Set() : place.outer });
  const label = state['Label'];
  if (typeof label !== 'string') return;
  if (walk.labels.has(label)) refuse(walk.checker, `The label '${label}' is used by another Map`, place.at);
  walk.labels.add(label);
}

const processorConfig: Rule = (checker, value, at) => {
  checkFields(checker, value, { Mode: oneOf('INLINE', 'DISTRIBUTED'), ExecutionType: oneOf('STANDARD') }, { at });
  if (!isObject(value)) return;
  const distributed = value['Mode'] === 'DISTRIBUTED';
  if (distributed !== (value['ExecutionType'] !== undefined)) refuse(checker, 'ExecutionType belongs to the mode DISTRIBUTED, and only to it', at);
};

function assignedNames(state: unknown): string[] {
  if (!isObject(state)) return [];
  const rules: unknown[] = [state, ...listAt(state, 'Choices'), ...listAt(state, 'Catch')];
  return rules.flatMap((rule) => (isObject(rule) && isObject(rule['Assign']) ? Object.keys(rule['Assign']) : []));
}

function listAt(object: Json, member: string): unknown[] {
  const list = object[member];
  return Array.isArray(list) ? list : [];
}

/** Every transition leads to a state of its level, every state can be reached, and the level can end. */
function checkTransitions(checker: Checker, { start, states }: { start: unknown; states: Json }, at: string): void {
  const missing = (target: unknown, location: string): void => {
    checker.problems.push({ code: 'MISSING_TRANSITION_TARGET', message: `Missing 'Next' target: ${String(target)}`, location });
  };
  if (!Object.hasOwn(states, String(start))) missing(start, `${at}/StartAt`);
  const reached = new Set([String(start)]);
  for (const [name, state] of Object.entries(states)) {
    for (const { target, place } of transitions(state)) {
      reached.add(String(target));
      if (!Object.hasOwn(states, String(target))) missing(target, `${at}/States/${name}/${place}`);
    }
  }
  if (!Object.values(states).some(isTerminal)) {
    checker.problems.push({ code: 'MISSING_END_STATE', message: 'Workflow has no terminal state' });
    return;
  }
  for (const name of Object.keys(states)) {
    if (reached.has(name)) continue;
    const message = `State "${name}" is not reachable.`;
    checker.problems.push({ code: 'MISSING_TRANSITION_TARGET', message, location: `${at}/States/${name}` });
  }
}

function isTerminal(state: unknown): boolean {
  return isObject(state) && (state['End'] === true || state['Type'] === 'Succeed' || state['Type'] === 'Fail');
}

function transitions(state: unknown): Array<{ target: unknown; place: string }> {
  if (!isObject(state)) return [];
  const found: Array<{ target: unknown; place: string }> = [];
  for (const field of ['Next', 'Default']) if (state[field] !== undefined) found.push({ target: state[field], place: field });
  for (const field of ['Choices', 'Catch']) {
    for (const [index, rule] of listAt(state, field).entries()) {
      if (isObject(rule) && rule['Next'] !== undefined) found.push({ target: rule['Next'], place: `${field}[${index}]/Next` });
    }
  }
  return found;
}
