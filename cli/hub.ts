/** The hub that is installed in an account and Region, as its operators and readers reach it: with their own AWS credentials. */
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { createRecord } from '../lambdas/aws/record.ts';
import { settingsFrom } from '../lambdas/aws/settings.ts';
import { createStore } from '../lambdas/aws/store.ts';
import type { Record as WavelockRecord } from '../lambdas/aws/record.ts';
import type { Store } from '../lambdas/aws/store.ts';

export interface HubOptions {
  qualifier: string;
  /** An embedded AWS instead of AWS. */
  endpoint?: string;
}

export interface OpenHub {
  record: WavelockRecord;
  store: Store;
  /** Names of its policies, in the order of the file. */
  policies: string[];
}

/** Why the hub cannot be reached, in words for people. */
export class NoHub extends Error {}

/** What the hub stack says of itself, in a parameter that its readers may read. */
const Parts = z.object({ table: z.string(), store: z.string(), policies: z.array(z.string()).default([]) });

/** Opens record and store. Throws `NoHub` where there is none, or the caller may not read what it says of itself. */
export async function openHub({ qualifier, endpoint }: HubOptions): Promise<OpenHub> {
  if (endpoint !== undefined && !/^https?:\/\/./.test(endpoint)) throw new NoHub(`--endpoint: "${endpoint}" is no address such as http://127.0.0.1:4599`);
  if (endpoint !== undefined) process.env.AWS_ENDPOINT_URL = endpoint;
  const { table, store, policies } = Parts.parse(JSON.parse(await parameter(`/${qualifier}/hub`)));
  const setting = settingsFrom({ TABLE_NAME: table, STORE_BUCKET: store });
  return { record: createRecord(setting), store: createStore(setting), policies };
}

async function parameter(Name: string): Promise<string> {
  try {
    return (await new SSMClient({}).send(new GetParameterCommand({ Name }))).Parameter?.Value ?? '{}';
  } catch (error) {
    throw new NoHub(wordsFor(error as Error, Name), { cause: error });
  }
}

function wordsFor({ name, message }: Error, parameterName: string): string {
  if (name === 'ParameterNotFound') return `no Wavelock hub here: there is no parameter ${parameterName} in this account and Region (--qualifier, AWS_REGION)`;
  if (/AccessDenied/.test(name)) return `you may not read ${parameterName}: attach the managed policy that the hub's stack names as ReadersPolicy to your role`;
  if (/Region is missing|Could not load credentials/.test(message)) return `AWS cannot be asked: ${message} (AWS_REGION and your credentials; for an embedded AWS --endpoint, with those that \`wavelock local\` printed)`;
  return `AWS cannot be asked: ${message}`;
}
