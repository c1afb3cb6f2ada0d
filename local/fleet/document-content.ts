import { isObject, object, parseObject, text, type Json } from '../json.ts';

/** One parameter of a document (Systems Manager User Guide, "Data elements and parameters"). */
export interface DocumentParameter {
  type: string;
  default?: string | number | boolean | string[];
  allowedValues?: string[];
  allowedPattern?: string;
  minChars?: number;
  maxChars?: number;
}

export interface DocumentStep {
  action: string;
  name: string;
  precondition?: Record<string, string[]>;
  inputs: Json;
}

/** A Command document of schema 2.2, as far as the agent and the service read it. */
export interface DocumentContent {
  schemaVersion: string;
  parameters: Record<string, DocumentParameter>;
  mainSteps: DocumentStep[];
}

/** Plugins that the simulated agent has. Any other would run on AWS and not here, so it is refused when the document is created. */
const PLUGINS = ['aws:downloadContent', 'aws:runShellScript', 'aws:runPowerShellScript', 'aws:runDocument'];

/** Values of a document's parameters, as SendCommand carries them: always lists. */
export type ParameterValues = Record<string, string[]>;

/**
 * Reads a Command document.
 *
 * @throws Error that names what is wrong: not JSON, another schema, a step without name, two steps of one name, an unknown plugin
 */
export function parseDocument(name: string, source: string): DocumentContent {
  const content = parseObject(source, `document ${name}`);
  if (content.schemaVersion !== '2.2') {
    throw new Error(`document ${name}: schemaVersion must be "2.2", not ${JSON.stringify(content.schemaVersion)}`);
  }
  if (!Array.isArray(content.mainSteps) || content.mainSteps.length === 0) {
    throw new Error(`document ${name}: mainSteps must be a list of steps`);
  }
  const mainSteps = content.mainSteps.map((step, index) => parseStep(step, `document ${name}, step ${index + 1}`));
  const names = new Set<string>();
  for (const step of mainSteps) {
    if (names.has(step.name)) throw new Error(`document ${name}: two steps are named ${step.name}`);
    names.add(step.name);
  }
  return { schemaVersion: '2.2', parameters: parseParameters(content.parameters, `document ${name}`), mainSteps };
}

function parseStep(value: unknown, where: string): DocumentStep {
  const step = object(value, where);
  const name = text(step.name, `${where}: name`);
  if (!/^[a-zA-Z0-9_]+$/.test(name)) throw new Error(`${where}: name "${name}" may hold letters, digits and _ only`);
  const action = text(step.action, `${where}: action`);
  if (!PLUGINS.includes(action)) throw new Error(`${where}: action ${action} is not simulated; there are ${PLUGINS.join(', ')}`);
  const inputs = object(step.inputs, `${where}: inputs`);
  if (step.precondition === undefined) return { action, name, inputs };
  const precondition = Object.fromEntries(
    Object.entries(object(step.precondition, `${where}: precondition`)).map(([operator, list]) => [
      operator,
      Array.isArray(list) ? list.map(String) : [],
    ]),
  );
  return { action, name, inputs, precondition };
}

function parseParameters(value: unknown, where: string): Record<string, DocumentParameter> {
  if (value === undefined) return {};
  const entries = Object.entries(object(value, `${where}: parameters`)).map(([key, raw]): [string, DocumentParameter] => {
    const parameter = object(raw, `${where}: parameter ${key}`);
    return [key, parseParameter(parameter, `${where}: parameter ${key}`)];
  });
  return Object.fromEntries(entries);
}

function parseParameter(raw: Json, where: string): DocumentParameter {
  const { allowedValues, allowedPattern, minChars, maxChars } = raw;
  const value = raw.default;
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return {
    type: text(raw.type, `${where}: type`),
    ...(isPlain ? { default: value } : Array.isArray(value) ? { default: value.map(String) } : {}),
    ...(Array.isArray(allowedValues) ? { allowedValues: allowedValues.map(String) } : {}),
    ...(typeof allowedPattern === 'string' ? { allowedPattern } : {}),
    ...(typeof minChars === 'number' ? { minChars } : {}),
    ...(typeof maxChars === 'number' ? { maxChars } : {}),
  };
}

/** Given values with the document's defaults filled in. */
export function withDefaults(document: DocumentContent, values: ParameterValues): ParameterValues {
  const all: ParameterValues = {};
  for (const [name, parameter] of Object.entries(document.parameters)) {
    const value = values[name] ?? defaultOf(parameter);
    if (value) all[name] = value;
  }
  return all;
}

function defaultOf(parameter: DocumentParameter): string[] | undefined {
  const { default: value } = parameter;
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/**
 * Puts parameter values into a step's inputs as Systems Manager does, textually and before any shell sees them: `{{ Name }}` within
 * a text; a text that is nothing else becomes the list itself for a StringList (User Guide, "Data elements and parameters").
 */
export function resolveStep(step: DocumentStep, document: DocumentContent, values: ParameterValues): DocumentStep {
  const inputs = object(substitute(step.inputs, document, values), `inputs of ${step.name}`);
  if (!step.precondition) return { ...step, inputs };
  const texts = (list: string[]): string[] => list.map((item) => String(substituteText(item, document, values)));
  return {
    ...step,
    inputs,
    precondition: Object.fromEntries(Object.entries(step.precondition).map(([operator, list]) => [operator, texts(list)])),
  };
}

function substitute(value: unknown, document: DocumentContent, values: ParameterValues): unknown {
  if (typeof value === 'string') return substituteText(value, document, values);
  if (Array.isArray(value)) return value.map((item) => substitute(item, document, values));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, document, values)]));
}

function substituteText(source: string, document: DocumentContent, values: ParameterValues): string | string[] {
  const whole = /^\{\{\s*([a-zA-Z0-9_]+)\s*\}\}$/.exec(source)?.[1];
  if (whole !== undefined && document.parameters[whole]?.type === 'StringList') return values[whole] ?? [];
  return source.replaceAll(/\{\{\s*([a-zA-Z0-9_]+)\s*\}\}/g, (found, name: string) => {
    if (!document.parameters[name]) return found;
    return (values[name] ?? []).join(',');
  });
}
