import type { AwsError, Input } from '../types.ts';
import { isObject } from '../json.ts';
import { errorBody, parse, readJson, writeJson } from './json.ts';
import { modelOf, type Protocol, type WireRequest, type WireResponse } from './protocol.ts';
import { createRouter, type Route } from './routes.ts';
import type { OperationSchema, ServiceSchema, Shape } from './schema.ts';
import { describe, misfit, readText, requireMembers, unknownMember, writeText, wrongOutput } from './values.ts';
import { element, readXml, writeMembers, writeXmlError } from './xml.ts';

/** How a REST service writes bodies: JSON or XML. */
interface BodyFormat {
  contentType: string;
  read(shape: Shape, body: Buffer, path: string): Input;
  /** `root` names the document's element in XML. */
  write(shape: Shape, value: unknown, root: string): string;
  fail(error: AwsError, code: string, shape: Shape | undefined, requestId: string): string;
}

/**
 * REST JSON and REST XML: members stand in the path, the query, headers and the body.
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html, https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html,
 * https://smithy.io/2.0/spec/http-bindings.html
 */
export function restProtocol(schema: ServiceSchema): Protocol {
  const format = schema.protocol === 'restJson1' ? jsonFormat : xmlFormat(schema.xmlNamespace ?? '');
  const router = createRouter(schema);
  return {
    read(request) {
      const route = router(request);
      const input = readBindings(route, request);
      Object.assign(input, readBody(route.operation, request, format));
      requireMembers(route.operation.input, input, route.operation.name);
      return { operation: route.operation, input };
    },
    write: (operation, output) => writeOutput(operation, output ?? {}, format),
    fail(error, requestId, request) {
      const { code, status, schema: model } = modelOf(schema, error);
      // A HEAD request gets no body, so that clients only see the status.
      const body = request.method === 'HEAD' ? '' : format.fail(error, model?.name ?? code, model?.shape, requestId);
      return { status, headers: { 'content-type': format.contentType, 'x-amzn-errortype': model?.name ?? code }, body };
    },
  };
}

const jsonFormat: BodyFormat = {
  contentType: 'application/json',
  read: (shape, body, path) => readJson(shape, parse(body), path),
  write: (shape, value) => JSON.stringify(writeJson(shape, value, shape.name)),
  fail: (error, code, shape) => JSON.stringify({ __type: code, ...errorBody(error, shape) }),
};

function xmlFormat(namespace: string): BodyFormat {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  return {
    contentType: 'application/xml',
    read: readXml,
    write: (shape, value, root) => `${declaration}<${root} xmlns="${namespace}">${writeMembers(shape, value, root)}</${root}>`,
    fail: (error, code, shape, requestId) => `${declaration}<Error>${writeXmlError(error, code, shape)}${element('RequestId', requestId)}</Error>`,
  };
}

/** Members that stand in the path, the query and headers. */
function readBindings({ operation, labels, query }: Route, request: WireRequest): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [name, member] of operation.input.members()) {
    const path = `${operation.name}.${name}`;
    const { httpLabel, httpQuery, httpHeader, httpPrefixHeaders } = member.traits;
    const header = httpHeader === undefined ? undefined : request.headers[httpHeader.toLowerCase()];
    if (httpLabel !== undefined && labels[name] !== undefined) input[name] = readText(member, labels[name], 'date-time', path);
    else if (httpQuery !== undefined && query.has(httpQuery)) input[name] = readTexts(member, query.getAll(httpQuery), 'date-time', path);
    else if (header !== undefined) input[name] = readTexts(member, [header], 'http-date', path);
    else if (httpPrefixHeaders !== undefined) input[name] = prefixed(request.headers, httpPrefixHeaders.toLowerCase());
  }
  return input;
}

function readTexts(member: Shape, texts: string[], format: 'date-time' | 'http-date', path: string): unknown {
  if (member.kind !== 'list') return readText(member, texts[0] ?? '', format, path);
  const items = format === 'http-date' ? texts.flatMap((text) => text.split(',')).map((text) => text.trim()) : texts;
  return items.map((text) => readText(member.item(), text, format, path));
}

function prefixed(headers: Record<string, string>, prefix: string): Record<string, string> | undefined {
  const entries = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return entries.length > 0 ? Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value])) : undefined;
}

/** Members that stand in the body: one that is the whole payload, or all that have no other place. */
function readBody(operation: OperationSchema, request: WireRequest, format: BodyFormat): Record<string, unknown> {
  const members = [...operation.input.members()];
  const payload = members.find(([, member]) => member.traits.httpPayload !== undefined);
  if (payload) {
    const [name, member] = payload;
    if (member.kind === 'blob') return { [name]: new Uint8Array(request.body) };
    if (request.body.length === 0) return {};
    return {
      [name]: member.kind === 'string' ? request.body.toString('utf8') : format.read(member, request.body, `${operation.name}.${name}`),
    };
  }
  const inBody = members.filter(([, member]) => !isBound(member));
  if (request.body.length === 0 || inBody.length === 0) return {};
  return format.read(only(operation.input, new Map(inBody)), request.body, operation.name);
}

function isBound({ traits }: Shape): boolean {
  return [
    traits.httpLabel,
    traits.httpQuery,
    traits.httpQueryParams,
    traits.httpHeader,
    traits.httpPrefixHeaders,
    traits.httpResponseCode,
    traits.httpPayload,
  ].some((trait) => trait !== undefined);
}

/** The same structure with some of its members; which are required is looked at when all are read. */
function only(shape: Shape, members: ReadonlyMap<string, Shape>): Shape {
  return { ...shape, members: () => members, required: () => new Set() };
}

function writeOutput(operation: OperationSchema, output: Input, format: BodyFormat): WireResponse {
  const response: WireResponse = { status: operation.http?.status ?? 200, headers: {}, body: '' };
  if (!isObject(output)) throw wrongOutput(operation.name, `must be an object, not ${describe(output)}`);
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(output)) {
    const member = operation.output.members().get(name);
    if (value === undefined || value === null) continue;
    if (!member) throw wrongOutput(operation.name, unknownMember(operation.output, name));
    if (isBound(member)) writeBound(response, member, { value, path: `${operation.name}.${name}` });
    else rest[name] = value;
    if (member.traits.httpPayload !== undefined) writePayload(response, member, { value, format });
  }
  // RFC 9110 section 15.3.7; the schemas leave it out.
  if (response.headers['content-range'] !== undefined) response.status = 206;
  const inBody = [...operation.output.members()].filter(([, member]) => !isBound(member));
  if (inBody.length > 0) {
    response.headers['content-type'] ??= format.contentType;
    response.body = format.write(only(operation.output, new Map(inBody)), rest, operation.output.traits.xmlName ?? operation.output.name);
  }
  return response;
}

function writeBound(response: WireResponse, member: Shape, { value, path }: { value: unknown; path: string }): void {
  const { httpHeader, httpPrefixHeaders, httpResponseCode } = member.traits;
  if (httpResponseCode !== undefined) response.status = Number(value);
  else if (httpHeader !== undefined) response.headers[httpHeader.toLowerCase()] = writeText(member, value, 'http-date', path);
  else if (httpPrefixHeaders !== undefined && isObject(value)) {
    for (const [key, text] of Object.entries(value)) response.headers[httpPrefixHeaders.toLowerCase() + key.toLowerCase()] = String(text);
  }
}

function writePayload(response: WireResponse, member: Shape, { value, format }: { value: unknown; format: BodyFormat }): void {
  if (member.kind === 'blob' || member.kind === 'string') {
    if (typeof value !== 'string' && !(value instanceof Uint8Array)) throw wrongOutput(member.name, `must be bytes, not ${describe(value)}`);
    response.body = value;
    return;
  }
  if (!isObject(value)) throw misfit(member.name, 'must be an object');
  response.headers['content-type'] ??= format.contentType;
  response.body = format.write(member, value, member.xmlName ?? member.traits.xmlName ?? member.name);
}
