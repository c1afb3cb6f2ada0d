/** The hub that is installed in an account and Region, as its operators and readers reach it: with their own AWS credentials. */
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { z } from 'zod';
import { createRecord } from '../lambdas/aws/record.ts';
import { settingsFrom } from '../lambdas/aws/settings.ts';
import { createStore } from '../lambdas/aws/store.ts';
import { problemOf } from './hub-problem.ts';
import { EXIT } from './run/messages.ts';
import { plain } from './ui/text.ts';
import type { Record as WavelockRecord } from '../lambdas/aws/record.ts';
import type { Store } from '../lambdas/aws/store.ts';
import type { PeoplePolicy } from './hub-problem.ts';

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

/** Why the hub cannot be asked, in words for people. */
export class NoHub extends Error {}

/** What the hub stack says of itself, in a parameter that its readers may read. */
const Parts = z.object({ table: z.string(), store: z.string(), policies: z.array(z.string()).default([]) });

/**
 * Opens the hub and answers what `act` answers. Throws `NoHub` where there is none, or where AWS refuses anything that `act` asks:
 * `policy` is the one that people need for it.
 */
export async function askHub<T>(options: HubOptions, policy: PeoplePolicy, act: (hub: OpenHub) => Promise<T>): Promise<T> {
  const { qualifier, endpoint } = options;
  if (endpoint !== undefined && !isAddress(endpoint)) throw new NoHub(`--endpoint: "${endpoint}" is no address such as http://127.0.0.1:4599`);
  // The rule of the context key `qualifier`: anything else is a slip of the hand.
  if (!/^[A-Z][A-Za-z0-9]{1,11}$/.test(qualifier))
    throw new NoHub(`--qualifier: "${qualifier}" is none: expected 2 to 12 letters and digits, the first a capital, such as Wavelock`);
  if (endpoint !== undefined) process.env.AWS_ENDPOINT_URL = endpoint;
  try {
    return await act(await openHub(`/${qualifier}/hub`));
  } catch (error) {
    const words = error instanceof NoHub ? undefined : problemOf(error, { policy, endpoint: process.env.AWS_ENDPOINT_URL || undefined });
    throw words === undefined ? error : new NoHub(plain(words), { cause: error });
  }
}

/** The same for a command: says on standard error why the hub cannot be asked, and answers the exit status. */
export async function withHub(options: HubOptions, policy: PeoplePolicy, act: (hub: OpenHub) => Promise<number>): Promise<number> {
  try {
    return await askHub(options, policy, act);
  } catch (error) {
    if (!(error instanceof NoHub)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT.badInput;
  }
}

/** Whose decision it is: the ARN of whoever asks. */
export async function callerArn(): Promise<string> {
  return (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn ?? 'unknown';
}

function isAddress(text: string): boolean {
  return /^https?:\/\/./.test(text) && URL.canParse(text);
}

async function openHub(Name: string): Promise<OpenHub> {
  const value = await parameter(Name);
  const parts = Parts.safeParse(parsed(value));
  if (!parts.success)
    throw new NoHub(`the parameter ${Name} does not say what a Wavelock hub says of itself: is it another program's, or of another version?`);
  const { table, store, policies } = parts.data;
  const setting = settingsFrom({ TABLE_NAME: table, STORE_BUCKET: store });
  return { record: createRecord(setting), store: createStore(setting), policies };
}

async function parameter(Name: string): Promise<string> {
  try {
    return (await new SSMClient({}).send(new GetParameterCommand({ Name }))).Parameter?.Value ?? '';
  } catch (error) {
    if ((error as Error).name !== 'ParameterNotFound') throw error;
    throw new NoHub(`no Wavelock hub here: there is no parameter ${Name} in this account and Region (--qualifier, AWS_REGION, AWS_PROFILE)`, {
      cause: error,
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
