import { isObject, text, type Json } from '../json.ts';

/**
 * What a rule's target gets: the event, one part of it, a constant, or a template.
 * Facts: EventBridge User Guide, "Amazon EventBridge input transformation".
 */
export interface InputSettings {
  Input?: string;
  InputPath?: string;
  InputTransformer?: { InputPathsMap?: Record<string, string>; InputTemplate: string };
}

export interface RuleFacts {
  ruleArn: string;
  ruleName: string;
  /** When the event came to the bus, ISO 8601. */
  ingestionTime: string;
}

/** `$.detail.list[0].name` in an event; `undefined` where the path leads nowhere. */
function at(path: string, event: Json): unknown {
  if (!/^\$(\.[\w-]+|\[\d+\]|\['[^']+'\])*$/.test(path)) throw new Error(`The path "${path}" is not known to the embedded AWS`);
  let value: unknown = event;
  for (const [step] of path.slice(1).matchAll(/\.[\w-]+|\[\d+\]|\['[^']+'\]/g)) {
    const key = step.replace(/^\.|^\['?|'?\]$/g, '');
    if (Array.isArray(value)) value = value[Number(key)];
    else value = isObject(value) ? value[key] : undefined;
  }
  return value;
}

/**
 * Fills `<name>`. Inside a JSON text a value is written bare, elsewhere as JSON, so that `{"a": <a>, "b": "is <b>"}` stays JSON;
 * a template that is no JSON object is taken as text with bare values.
 */
function fill(template: string, values: Map<string, unknown>): string {
  const json = template.trimStart().startsWith('{') || template.trimStart().startsWith('[');
  let quoted = false;
  return template.replace(/<([\w.-]+)>|\\.|"/g, (found: string, name: string | undefined) => {
    if (found === '"') quoted = !quoted;
    if (name === undefined) return found;
    if (!values.has(name)) throw new Error(`The input template names <${name}>, which InputPathsMap doesn't define`);
    return written(values.get(name), json && !quoted, json);
  });
}

function written(value: unknown, asJson: boolean, escaped: boolean): string {
  if (asJson) return value === undefined ? '""' : JSON.stringify(value);
  const bare = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return escaped ? JSON.stringify(bare).slice(1, -1) : bare;
}

/** The text that a target of a rule gets for an event. */
export function targetInput(settings: InputSettings, event: Json, facts: RuleFacts): string {
  if (settings.Input !== undefined) return settings.Input;
  if (settings.InputPath !== undefined) return JSON.stringify(at(settings.InputPath, event) ?? null);
  if (!settings.InputTransformer) return JSON.stringify(event);
  const { InputPathsMap = {}, InputTemplate } = settings.InputTransformer;
  const values = new Map<string, unknown>(Object.entries(InputPathsMap).map(([name, path]) => [name, at(text(path, name), event)]));
  const { detail: _detail, ...withoutDetail } = event;
  values.set('aws.events.rule-arn', facts.ruleArn).set('aws.events.rule-name', facts.ruleName);
  values.set('aws.events.event.ingestion-time', facts.ingestionTime);
  values.set('aws.events.event', withoutDetail).set('aws.events.event.json', event);
  return fill(InputTemplate, values);
}
