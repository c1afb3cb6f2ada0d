import type { AwsError, Input } from '../types.ts';
import type { ErrorSchema, OperationSchema, ServiceSchema } from './schema.ts';

/** A request as it comes in; header names in lower case. */
export interface WireRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface WireResponse {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** What a request asks for, in the SDK's shapes. */
export interface Question {
  operation: OperationSchema;
  input: Input;
}

/** One of AWS's ways to put operations on HTTP. */
export interface Protocol {
  /** @throws AwsError when the operation is unknown or the input doesn't fit its schema */
  read(request: WireRequest): Question;
  /** @throws Error when the output has members that the schema doesn't */
  write(operation: OperationSchema, output: Input, requestId: string): WireResponse;
  fail(error: AwsError, requestId: string, request: WireRequest): WireResponse;
}

/** How the service models an error, with the code and status that stand on the wire. */
export interface ModelledError {
  code: string;
  status: number;
  schema?: ErrorSchema;
}

/** Finds an error's shape by its name or by the code that the Query protocol gives it; codes without a shape stand for themselves. */
export function modelOf(schema: ServiceSchema, error: AwsError): ModelledError {
  const named = schema.errors.get(error.code) ?? [...schema.errors.values()].find(({ query }) => query?.code === error.code);
  const modelled = named?.query?.status ?? named?.status;
  const status = error.statusCode === 400 ? (modelled ?? 400) : error.statusCode;
  return { code: error.code, status, schema: named };
}
