import { AwsError } from '../types.ts';
import type { WireRequest } from './protocol.ts';
import type { OperationSchema, ServiceSchema } from './schema.ts';

/** The operation that a REST request means. */
export interface Route {
  operation: OperationSchema;
  /** Values of the path's labels, decoded. */
  labels: Record<string, string>;
  query: URLSearchParams;
}

/** A path template such as `/{Bucket}/{Key+}?list-type=2`, made ready. */
interface Template {
  operation: OperationSchema;
  method: string;
  pattern: RegExp;
  labels: string[];
  /** Constant query parameters; an empty value only asks for presence. */
  constants: [string, string][];
  /** Letters outside of labels: the more of them, the more specific. */
  weight: number;
  requiredQuery: string[];
  requiredHeaders: string[];
  queries: Set<string>;
}

/** S3's own templates leave the bucket to the host name; in path style it comes first. */
const withoutBucket = new Set(['ListBuckets', 'ListDirectoryBuckets', 'WriteGetObjectResponse']);

/** Parameters of a presigned request, and the SDK's own mark. */
const signing = /^(x-id|x-amz-.*|X-Amz-.*)$/;

/** Finds the operation that a request means, by method, path, constant and required query parameters and required headers. */
export function createRouter(schema: ServiceSchema): (request: WireRequest) => Route {
  const isS3 = schema.namespace === 'com.amazonaws.s3';
  const operations = schema.operationNames.map((name) => schema.operation(name)).filter((operation) => operation !== undefined);
  const templates = operations.filter((operation) => operation.http).map((operation) => compile(operation, isS3));
  return (request) => {
    // Not by URL: it would resolve `..`, which is an ordinary part of an object's key.
    const [pathname = '', search = ''] = request.url.split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const found = templates
      .filter((template) => matches(template, request, { pathname, query }))
      .toSorted((a, b) => specificity(b, query) - specificity(a, query))[0];
    if (!found)
      throw new AwsError('UnknownOperationException', `embedded AWS does not know ${request.method} ${pathname} of ${schema.namespace}`, 404);
    rejectUnknown(found, query);
    return { operation: found.operation, labels: labelsOf(found, pathname), query };
  };
}

function compile(operation: OperationSchema, isS3: boolean): Template {
  const { method, path: template } = operation.http ?? { method: '', path: '' };
  const [path = '', constants = ''] = template.split('?');
  const full = isS3 && !withoutBucket.has(operation.name) ? `/{Bucket}${path}` : path;
  const labels: string[] = [];
  const pattern = full.replace(/[.*^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)(\+?)\}/g, (_, label: string, greedy: string) => {
    labels.push(label);
    return greedy ? '(.+)' : '([^/]+)';
  });
  const members = [...operation.input.members()];
  const required = members.filter(([name]) => operation.input.required().has(name)).map(([, member]) => member.traits);
  return {
    operation,
    method,
    pattern: new RegExp(`^${pattern.replace(/\/$/, '')}/?$`),
    labels,
    constants: [...new URLSearchParams(constants)].filter(([name]) => name !== 'x-id'),
    weight: path.replace(/\{[^}]*\}/g, '').length,
    requiredQuery: required.flatMap(({ httpQuery }) => httpQuery ?? []),
    requiredHeaders: required.flatMap(({ httpHeader }) => httpHeader?.toLowerCase() ?? []),
    queries: new Set(members.flatMap(([, member]) => member.traits.httpQuery ?? [])),
  };
}

function matches(template: Template, request: WireRequest, { pathname, query }: { pathname: string; query: URLSearchParams }): boolean {
  const mark = query.get('x-id');
  return (
    template.method === request.method &&
    template.pattern.test(pathname) &&
    (mark === null || mark === template.operation.name) &&
    template.constants.every(([name, value]) => query.has(name) && (value === '' || query.get(name) === value)) &&
    template.requiredQuery.every((name) => query.has(name)) &&
    template.requiredHeaders.every((name) => request.headers[name] !== undefined)
  );
}

/** The template that accounts for more of the request wins: `?uploads` before a plain list, an upload's part before a whole object. */
function specificity(template: Template, query: URLSearchParams): number {
  const accounted = template.constants.length + template.requiredQuery.length + template.requiredHeaders.length;
  const unread = [...query.keys()].filter((name) => !isKnown(template, name)).length;
  return accounted * 1000 - unread * 10_000 + template.weight;
}

function isKnown(template: Template, name: string): boolean {
  return template.queries.has(name) || signing.test(name) || template.constants.some(([constant]) => constant === name);
}

function rejectUnknown(template: Template, query: URLSearchParams): void {
  const takesAll = [...template.operation.input.members().values()].some((member) => member.traits.httpQueryParams !== undefined);
  const unknown = [...query.keys()].find((name) => !takesAll && !isKnown(template, name));
  if (unknown !== undefined) throw new AwsError('SerializationException', `${template.operation.name} has no query parameter ${unknown}`);
}

function labelsOf(template: Template, pathname: string): Record<string, string> {
  const values = template.pattern.exec(pathname)?.slice(1) ?? [];
  return Object.fromEntries(template.labels.map((label, index) => [label, decoded(values[index] ?? '')]));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}
