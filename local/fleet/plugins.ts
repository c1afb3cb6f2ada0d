import { isObject, object, parseObject, reason, text, type Json } from '../json.ts';
import type { Host } from './host.ts';
import type { Process } from './process.ts';

/** How a script ended. */
export interface StepExit {
  code: number;
  stdout?: string;
  stderr?: string;
}

/** What a simulated script gets: its host, the values of the document's parameters, and a process to wait and call AWS with. */
export interface StepContext {
  host: Host;
  process: Process;
  /** Parameter values, lists joined by commas as in the script's text. */
  parameters: Record<string, string>;
  inputs: Json;
  commandId: string;
}

/** What a step's script does on a simulated host. */
export type Behaviour = (context: StepContext) => Promise<StepExit>;

/** Behaviours by kind of document and step (`Patch-Linux/Install`) or, for documents that are not Wavelock's, `DocumentName/Step`. */
export type Behaviours = Record<string, Behaviour>;

/** Plugins whose effect lies in their script, which only a behaviour can simulate. */
export const SCRIPT_PLUGINS = ['aws:runShellScript', 'aws:runPowerShellScript'];

/** What one of Wavelock's documents is for, whatever its qualifier: `Wavelock-Patch-Linux` is `Patch-Linux`. */
export function kindOf(document: string): string | undefined {
  return /-((?:Scan|Patch|Verify)-(?:Linux|Windows))$/.exec(document)?.[1];
}

/** The behaviour of a document's step, if there is one. */
export function behaviourOf(behaviours: Behaviours, document: string, step: string): Behaviour | undefined {
  return behaviours[`${document}/${step}`] ?? behaviours[`${kindOf(document)}/${step}`];
}

/**
 * aws:downloadContent from S3: one object, with the node's own role, into a file. (The agent's own client lists the prefix first
 * and takes a refused listing for "this is one file": amazon-ssm-agent, plugins/downloadcontent/s3resource.)
 */
export async function downloadContent({ host, process, inputs }: StepContext): Promise<StepExit> {
  try {
    if (inputs.sourceType !== 'S3') throw new Error(`sourceType ${JSON.stringify(inputs.sourceType)} is not simulated; there is S3`);
    const { path } = sourceInfo(inputs.sourceInfo);
    const { bucket, key } = s3Address(path);
    await process.sleep(0.5 + host.chance('download', key) * 2);
    const output: Json = await process.call('s3', 'GetObject', { Bucket: bucket, Key: key });
    const target = destination(text(inputs.destinationPath ?? '', 'destinationPath'), key);
    host.files.set(target, bodyText(output.Body));
    return { code: 0, stdout: `Content downloaded to ${target}` };
  } catch (error) {
    return { code: 1, stderr: `failed to download the content: ${reason(error)}` };
  }
}

function sourceInfo(value: unknown): { path: string } {
  const info = isObject(value) ? value : parseObject(text(value, 'sourceInfo'), 'sourceInfo');
  return { path: text(info.path, 'path in sourceInfo').trim() };
}

/** Both URL styles of S3, with and without Region (S3 User Guide, "Methods for accessing a bucket"). @throws Error on any other */
export function s3Address(url: string): { bucket: string; key: string } {
  const { hostname, pathname } = new URL(url);
  const path = decodeURIComponent(pathname.slice(1));
  const virtual = /^(.+)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com$/.exec(hostname)?.[1];
  if (virtual !== undefined) return { bucket: virtual, key: path };
  const slash = path.indexOf('/');
  if (!/^s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com$/.test(hostname) || slash < 1) throw new Error(`${url} is not the address of an S3 object`);
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

function destination(path: string, key: string): string {
  const file = key.slice(key.lastIndexOf('/') + 1);
  return path === '' || /[/\\]$/.test(path) ? path + file : path;
}

/** A body as a service in this process returns it: bytes or text. */
function bodyText(body: unknown): string {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  throw new Error('GetObject returned no bytes');
}

/** A nested document's parameters: a map, or JSON text of one. */
export function nestedParameters(value: unknown): Record<string, string[]> {
  if (value === undefined || value === '') return {};
  const map = isObject(value) ? value : object(JSON.parse(text(value, 'documentParameters')), 'documentParameters');
  return Object.fromEntries(Object.entries(map).map(([key, item]) => [key, Array.isArray(item) ? item.map(String) : [String(item)]]));
}

/** Parameter values as they stand in a script's text. */
export function flat(values: Record<string, string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, list]) => [key, list.join(',')]));
}
