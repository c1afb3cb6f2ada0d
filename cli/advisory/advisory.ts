/**
 * `wavelock advisory add` and `withdraw`: what people announce in the hours before any feed knows. Written into the record with the
 * caller's ARN and reason; the next reckoning of exposures takes it in, and once a vendor names the CVE, the vendor's word takes over.
 */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { CveId } from '../../lambdas/core/advisory.ts';
import { eventsOf, readOwnAdvisory } from '../../lambdas/core/exposures/own.ts';
import { NoHub, openHub } from '../hub.ts';
import { EXIT } from '../run/messages.ts';
import type { HubOptions, OpenHub } from '../hub.ts';

export interface AddOptions extends HubOptions {
  /** Separated by commas. */
  packages: string;
  platform?: string;
  severity?: string;
  /** False with `--no-fix-yet`. */
  fixYet: boolean;
  why: string;
}

export interface WithdrawOptions extends HubOptions {
  why: string;
}

/** Announces a CVE; answers the exit status: 0 recorded, 2 refused, with every reason. */
export async function addAdvisory(cve: string, options: AddOptions): Promise<number> {
  const at = new Date().toISOString();
  const read = readOwnAdvisory({ cve, ...options }, at);
  const missing = options.fixYet ? ["--no-fix-yet is missing: what has a fix comes from its vendor's feed, with versions"] : [];
  if ('problems' in read || missing.length > 0) return refuse(...('problems' in read ? read.problems : []), ...missing);
  return asSomebody(options, async ({ record }, who) => {
    const isNew = await record.announce(read.advisory, who, options.why);
    if (!isNew) return refuse(`${cve} is announced already: withdraw it first to announce it in other words`);
    await record.putEvent({ rollout: eventsOf(cve), at, what: 'advisory-add', who, why: options.why });
    const where = read.advisory.platforms?.join(', ') ?? 'every platform';
    console.log(`${cve}: announced for ${read.advisory.packages.join(', ')} on ${where}, recorded as said by ${who}`);
    console.log('It counts from the next intake on. To have it at once, start the state machine Intake with {"maxAgeHours":24}.');
    return EXIT.succeeded;
  });
}

/** Takes an announcement back; answers the exit status: 0 recorded, 2 there is none. */
export async function withdrawAdvisory(cve: string, options: WithdrawOptions): Promise<number> {
  if (!CveId.safeParse(cve).success) return refuse(`"${cve}" is no CVE: expected one such as CVE-2026-31337`);
  if (options.why.trim() === '') return refuse('--why is empty: the record must say why');
  return asSomebody(options, async ({ record }, who) => {
    const at = new Date().toISOString();
    if (!(await record.takeBack(cve, at))) return refuse(`nobody here has announced ${cve}, or it was withdrawn before`);
    await record.putEvent({ rollout: eventsOf(cve), at, what: 'advisory-withdraw', who, why: options.why });
    console.log(`${cve}: withdrawn, recorded as said by ${who}`);
    return EXIT.succeeded;
  });
}

const DENIED = "you may not write the record: attach the managed policy that the hub's stack names as OperatorsPolicy to your role";

async function asSomebody(options: HubOptions, act: (hub: OpenHub, who: string) => Promise<number>): Promise<number> {
  try {
    const hub = await openHub(options);
    const { Arn: who = 'unknown' } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
    return await act(hub, who);
  } catch (error) {
    if (error instanceof NoHub) return refuse(error.message);
    if (isDenied(error)) return refuse(DENIED);
    throw error;
  }
}

/** electrodb wraps the SDK's error: its cause carries the name. */
function isDenied(error: unknown): boolean {
  return error instanceof Error && (/AccessDenied/.test(`${error.name} ${error.message}`) || isDenied(error.cause));
}

function refuse(...problems: string[]): number {
  for (const problem of problems) console.error(problem);
  return EXIT.badInput;
}
