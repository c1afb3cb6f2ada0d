import { AwsError, type Input } from '../types.ts';
import { isObject } from '../json.ts';
import { modelOf, type Protocol, type WireResponse } from './protocol.ts';
import type { ServiceSchema, Shape } from './schema.ts';
import { assertSimple, describe, misfit, readTimestamp, requireMembers, unknownMember, writeTimestamp, wrongOutput } from './values.ts';

/** AWS JSON 1.0 and 1.1: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
export function jsonProtocol(schema: ServiceSchema): Protocol {
  const contentType = schema.protocol === 'awsJson1_0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1';
  return {
    read(request) {
      const target = request.headers['x-amz-target'] ?? '';
      const name = target.slice(target.lastIndexOf('.') + 1);
      const operation = schema.operation(name);
      if (!operation) throw new AwsError('UnknownOperationException', `embedded AWS does not know ${target || 'a request without X-Amz-Target'}`);
      return { operation, input: readJson(operation.input, parse(request.body), name) };
    },
    write(operation, output): WireResponse {
      const body = operation.output.kind === 'unit' ? '{}' : JSON.stringify(writeJson(operation.output, output ?? {}, operation.name));
      return { status: 200, headers: { 'content-type': contentType }, body };
    },
    fail(error) {
      const { code, status, schema: model } = modelOf(schema, error);
      const name = model?.name ?? code;
      const type = model ? `${schema.namespace}#${name}` : name;
      const headers: Record<string, string> = { 'content-type': contentType };
      // Services that once spoke Query still tell such clients the old code: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
      if (model?.query) headers['x-amzn-query-error'] = `${model.query.code};${status >= 500 ? 'Receiver' : 'Sender'}`;
      return { status, headers, body: JSON.stringify({ __type: type, ...errorBody(error, model?.shape) }) };
    },
  };
}

/** Message (under the name that the model gives it) and further members of an error; members without a model stay as they are. */
export function errorBody(error: AwsError, shape: Shape | undefined): Record<string, unknown> {
  const members = shape?.members();
  const body: Record<string, unknown> = { [members?.has('Message') ? 'Message' : 'message']: error.message };
  for (const [name, value] of Object.entries(error.members)) {
    const member = members?.get(name);
    if (value !== undefined) body[name] = member ? writeJson(member, value, `${error.code}.${name}`) : value;
  }
  return body;
}

/** Bytes of a JSON body; none at all stands for `{}`. */
export function parse(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new AwsError('SerializationException', `The body is not JSON: ${(error as Error).message}`);
  }
}

/** JSON to the SDK's shapes: dates, bytes. @throws AwsError for members and types that the schema doesn't have */
export function readJson(shape: Shape, value: unknown, path: string): Input {
  switch (shape.kind) {
    case 'structure':
    case 'union':
      return readStructure(shape, value, path);
    case 'list':
      if (!Array.isArray(value)) throw misfit(path, `must be a list, not ${describe(value)}`);
      return value.map((item, index) => readJson(shape.item(), item, `${path}[${index}]`));
    case 'map':
      if (!isObject(value)) throw misfit(path, `must be a map, not ${describe(value)}`);
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readJson(shape.item(), item, `${path}.${key}`)]));
    case 'timestamp':
      if (typeof value !== 'number' && typeof value !== 'string') throw misfit(path, `must be a timestamp, not ${describe(value)}`);
      return readTimestamp(value, shape.timestampFormat ?? 'epoch-seconds', path);
    case 'blob':
      if (typeof value !== 'string') throw misfit(path, `must be base64 text, not ${describe(value)}`);
      return new Uint8Array(Buffer.from(value, 'base64'));
    case 'unit':
      return {};
    case 'document':
      return value;
    default:
      if (typeof value !== shape.kind) throw misfit(path, `must be a ${shape.kind}, not ${describe(value)}`);
      return value;
  }
}

function readStructure(shape: Shape, value: unknown, path: string): Input {
  if (!isObject(value)) throw misfit(path, `must be an object, not ${describe(value)}`);
  const members = shape.members();
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (value[key] === null || value[key] === undefined || key === '__type') continue;
    const name = members.get(key)?.traits.jsonName === undefined ? key : '';
    const member = members.get(name);
    if (member) result[name] = readJson(member, value[key], `${path}.${key}`);
    else readRenamed(shape, key, { value: value[key], path, result });
  }
  if (shape.kind === 'structure') requireMembers(shape, result, path);
  return result;
}

/** A member that JSON knows by another name than the SDK does. */
function readRenamed(shape: Shape, key: string, { value, path, result }: { value: unknown; path: string; result: Record<string, unknown> }): void {
  for (const [name, member] of shape.members()) {
    if (member.traits.jsonName !== key) continue;
    result[name] = readJson(member, value, `${path}.${key}`);
    return;
  }
  throw misfit(path, unknownMember(shape, key));
}

/** The SDK's shapes to JSON. @throws Error for members and types that the schema doesn't have */
export function writeJson(shape: Shape, value: unknown, path: string): unknown {
  switch (shape.kind) {
    case 'structure':
    case 'union':
      return writeStructure(shape, value, path);
    case 'list':
      if (!Array.isArray(value)) throw wrongOutput(path, `must be a list, not ${describe(value)}`);
      return value.map((item, index) => writeJson(shape.item(), item, `${path}[${index}]`));
    case 'map':
      if (!isObject(value)) throw wrongOutput(path, `must be a map, not ${describe(value)}`);
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, writeJson(shape.item(), item, `${path}.${key}`)]));
    default:
      assertSimple(shape, value, path);
      if (value instanceof Date) return writeTimestamp(value, shape.timestampFormat ?? 'epoch-seconds');
      return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') : value;
  }
}

function writeStructure(shape: Shape, value: unknown, path: string): Record<string, unknown> {
  if (!isObject(value)) throw wrongOutput(path, `must be an object, not ${describe(value)}`);
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (value[name] === undefined || value[name] === null) continue;
    const member = shape.members().get(name);
    if (!member) throw wrongOutput(path, unknownMember(shape, name));
    result[member.traits.jsonName ?? name] = writeJson(member, value[name], `${path}.${name}`);
  }
  return result;
}
