import { AwsError } from '../types.ts';

/** Bounds of one request member, as the service model declares them. */
export interface Bounds {
  min?: number;
  max?: number;
  pattern?: RegExp;
  oneOf?: readonly string[];
}

/**
 * Checks members of a request against the model's bounds and throws one ValidationException for all of them, in AWS's words.
 * A member that is not set is fine. `min` and `max` are lengths of texts and lists, and values of numbers.
 */
export function checkBounds(members: Array<[name: string, value: unknown, bounds: Bounds]>): void {
  const complaints = members.flatMap(([name, value, bounds]) => (value === undefined ? [] : complain(name, value, bounds)));
  if (complaints.length === 0) return;
  const count = complaints.length === 1 ? '1 validation error' : `${complaints.length} validation errors`;
  throw new AwsError('ValidationException', `${count} detected: ${complaints.join('; ')}`);
}

function complain(name: string, value: unknown, { min, max, pattern, oneOf }: Bounds): string[] {
  const constraints: string[] = [];
  const size = typeof value === 'number' ? value : Array.isArray(value) || typeof value === 'string' ? value.length : 0;
  const measure = typeof value === 'number' ? 'value' : 'length';
  if (min !== undefined && size < min) constraints.push(`Member must have ${measure} greater than or equal to ${min}`);
  if (max !== undefined && size > max) constraints.push(`Member must have ${measure} less than or equal to ${max}`);
  if (typeof value === 'number' && !Number.isInteger(value)) constraints.push('Member must be an integer');
  const texts = Array.isArray(value) ? value.map(String) : [String(value)];
  if (pattern && texts.some((text) => !pattern.test(text))) {
    constraints.push(`Member must satisfy regular expression pattern: ${pattern.source}`);
  }
  if (oneOf && texts.some((text) => !oneOf.includes(text))) constraints.push(`Member must satisfy enum value set: [${oneOf.join(', ')}]`);
  const shown = Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
  return constraints.map((constraint) => `Value '${shown}' at '${name}' failed to satisfy constraint: ${constraint}`);
}

/** Refuses members that exist on AWS and do nothing here: silence would be a lie. */
export function refuseUnsupported(operation: string, input: Record<string, unknown>, members: string[]): void {
  const used = members.filter((member) => input[member] !== undefined);
  if (used.length > 0) throw new AwsError('NotImplemented', `The embedded AWS does not know ${used.join(', ')} of ssm:${operation}`, 501);
}
