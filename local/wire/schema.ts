import { createRequire } from 'node:module';
import { NormalizedSchema } from '@smithy/core/schema';

/** What a value of the wire is. The SDK keeps number widths and enum values to itself. */
export type Kind = 'structure' | 'union' | 'list' | 'map' | 'string' | 'number' | 'boolean' | 'blob' | 'timestamp' | 'document' | 'unit';

/** How a timestamp is written: https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait */
export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

/** Where and under which name a member stands in a message, as Smithy's traits say it. */
export interface Traits {
  httpLabel?: unknown;
  httpHeader?: string;
  httpQuery?: string;
  httpQueryParams?: unknown;
  httpPrefixHeaders?: string;
  httpPayload?: unknown;
  httpResponseCode?: unknown;
  jsonName?: string;
  xmlName?: string;
  xmlFlattened?: unknown;
  xmlNamespace?: [string, string] | string[];
  xmlAttribute?: unknown;
  ec2QueryName?: string;
  streaming?: unknown;
}

/** A type, as a message shows it. Members are read from the SDK's tables when they are first needed: types may contain themselves. */
export interface Shape {
  kind: Kind;
  /** `SendCommandRequest`, or the member's name for simple values. */
  name: string;
  traits: Traits;
  /** The name that the member itself carries; a structure's own XML name is in `traits`. */
  xmlName?: string;
  timestampFormat?: TimestampFormat;
  /** Of structures and unions, by member name. */
  members(): ReadonlyMap<string, Shape>;
  /** Names of members that a request can't leave out. */
  required(): ReadonlySet<string>;
  /** A list's item or a map's value. */
  item(): Shape;
}

export interface OperationSchema {
  name: string;
  /** Method, path template with labels and constant query, and status of success; REST services only. */
  http?: { method: string; path: string; status: number };
  input: Shape;
  output: Shape;
}

export interface ErrorSchema {
  name: string;
  shape: Shape;
  status?: number;
  /** Code and status under which the Query protocol (and clients that came from it) know the error. */
  query?: { code: string; status: number };
}

export type ProtocolName = 'awsJson1_0' | 'awsJson1_1' | 'awsQuery' | 'ec2Query' | 'restJson1' | 'restXml';

/** All that the wire needs to know of a service, from the tables that its SDK client exports. */
export interface ServiceSchema {
  sdk: string;
  protocol: ProtocolName;
  /** Prefix of `X-Amz-Target`. */
  target?: string;
  /** Of XML answers. */
  xmlNamespace?: string;
  /** `com.amazonaws.dynamodb`, before the `#` of error types. */
  namespace: string;
  operationNames: string[];
  operation(name: string): OperationSchema | undefined;
  errors: ReadonlyMap<string, ErrorSchema>;
}

/** The SDK's static schemas are arrays that start with a number for what they are; 9 is an operation, -3 an error. */
type StaticSchema = [number, string, string, ...unknown[]];

const require = createRequire(import.meta.url);
const loaded = new Map<string, ServiceSchema>();

/** Reads an SDK client's tables, once. `sdk` is its package, e.g. `@aws-sdk/client-ssm`. Takes 5 to 120 ms. */
export function loadSchema(sdk: string): ServiceSchema {
  const known = loaded.get(sdk);
  if (known) return known;
  const exported = Object.values(require(sdk) as Record<string, unknown>);
  const schemas = exported.filter((value): value is StaticSchema => Array.isArray(value) && typeof value[0] === 'number');
  // EC2 alone has 823 operations, of which few are ever called.
  const operations = new Map(schemas.filter(([id]) => id === 9).map((operation) => [operation[2], once(() => readOperation(operation))]));
  const schema = {
    ...readProtocol(sdk, exported),
    operationNames: [...operations.keys()],
    operation: (name: string) => operations.get(name)?.(),
    errors: new Map(schemas.filter(([id]) => id === -3).map((error) => [error[2], readError(error)])),
  };
  loaded.set(sdk, schema);
  return schema;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

interface ClientProtocol {
  getShapeId(): string;
  options?: { xmlNamespace?: string; defaultNamespace?: string; serviceTarget?: string };
  serviceTarget?: string;
}

type Client = new (config: object) => { config: { protocol: ClientProtocol } };

/** Which protocol a client speaks is only known by the client itself. */
function readProtocol(sdk: string, exported: unknown[]): Pick<ServiceSchema, 'sdk' | 'protocol' | 'target' | 'xmlNamespace' | 'namespace'> {
  const ClientClass = exported.find(isClient);
  if (!ClientClass) throw new Error(`${sdk} exports no client`);
  const { protocol } = new ClientClass({ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }).config;
  const name = protocol.getShapeId().replace('aws.protocols#', '');
  if (!isKnownProtocol(name)) throw new Error(`${sdk} speaks ${name}, which the embedded AWS does not`);
  return {
    sdk,
    protocol: name,
    target: protocol.options?.serviceTarget ?? protocol.serviceTarget,
    xmlNamespace: protocol.options?.xmlNamespace,
    namespace: protocol.options?.defaultNamespace ?? '',
  };
}

function isClient(value: unknown): value is Client {
  return typeof value === 'function' && /^[A-Z].*Client$/.test(value.name) && value.name !== 'Client';
}

function isKnownProtocol(name: string): name is ProtocolName {
  return ['awsJson1_0', 'awsJson1_1', 'awsQuery', 'ec2Query', 'restJson1', 'restXml'].includes(name);
}

function readOperation([, , name, traits, input, output]: StaticSchema): OperationSchema {
  const http = (traits as { http?: [string, string, number] }).http;
  return {
    name,
    http: http && { method: http[0], path: http[1], status: http[2] },
    input: shapeOf(normalized(input), name),
    output: shapeOf(normalized(output), name),
  };
}

function readError(error: StaticSchema): ErrorSchema {
  const schema = normalized(error);
  const traits = schema.getMergedTraits() as { httpError?: number; awsQueryError?: [string, number] };
  return {
    name: error[2],
    shape: shapeOf(schema, error[2]),
    status: traits.httpError,
    query: traits.awsQueryError && { code: traits.awsQueryError[0], status: traits.awsQueryError[1] },
  };
}

function normalized(schema: unknown): NormalizedSchema {
  return NormalizedSchema.of(schema as Parameters<typeof NormalizedSchema.of>[0]);
}

interface StructureParts {
  members: ReadonlyMap<string, Shape>;
  required: ReadonlySet<string>;
}

const structures = new WeakMap<object, StructureParts>();
const nothing: StructureParts = { members: new Map(), required: new Set() };

function shapeOf(schema: NormalizedSchema, name: string): Shape {
  const traits = schema.getMergedTraits() as Traits;
  const kind = kindOf(schema);
  return {
    kind,
    name: kind === 'structure' || kind === 'union' ? (schema.getName() ?? name) : name,
    traits,
    xmlName: (schema.getMemberTraits() as Traits).xmlName,
    timestampFormat: kind === 'timestamp' ? timestampFormatOf(schema) : undefined,
    members: () => partsOf(schema).members,
    required: () => partsOf(schema).required,
    item: once(() => shapeOf(schema.getValueSchema(), name)),
  };
}

function partsOf(schema: NormalizedSchema): StructureParts {
  if (!schema.isStructSchema()) return nothing;
  const table = schema.getSchema() as unknown as unknown[];
  let parts = structures.get(table);
  if (!parts) {
    const members = new Map<string, Shape>();
    for (const [name, member] of schema.structIterator()) members.set(name, shapeOf(member, name));
    // Required members come first, and the seventh entry of the table counts them.
    const required = new Set([...members.keys()].slice(0, typeof table[6] === 'number' ? table[6] : 0));
    parts = { members, required };
    structures.set(table, parts);
  }
  return parts;
}

function kindOf(schema: NormalizedSchema): Kind {
  const tests: [Kind, boolean][] = [
    ['unit', schema.isUnitSchema()],
    ['union', schema.isUnionSchema()],
    ['structure', schema.isStructSchema()],
    ['list', schema.isListSchema()],
    ['map', schema.isMapSchema()],
    ['blob', schema.isBlobSchema()],
    ['timestamp', schema.isTimestampSchema()],
    ['boolean', schema.isBooleanSchema()],
    ['number', schema.isNumericSchema() || schema.isBigIntegerSchema() || schema.isBigDecimalSchema()],
    ['string', schema.isStringSchema()],
  ];
  return tests.find(([, holds]) => holds)?.[0] ?? 'document';
}

/** Codes of the SDK's timestamp schemas; 4 leaves the format to the protocol. */
function timestampFormatOf(schema: NormalizedSchema): TimestampFormat | undefined {
  const formats: Record<number, TimestampFormat> = { 5: 'date-time', 6: 'http-date', 7: 'epoch-seconds' };
  return formats[Number(schema.getSchema())];
}
