/**
 * `wavelock advisory add` and `withdraw`: what people announce in the hours before any feed knows. Written into the record with the
 * caller's ARN and reason; the next reckoning of exposures takes it in, and once a vendor names the CVE, the vendor's word takes over.
 */
import { CveId } from '../../lambdas/core/advisory.ts';
import { eventsOf, readOwnAdvisory } from '../../lambdas/core/exposures/own.ts';
import { callerArn, withHub } from '../hub.ts';
import { EXIT } from '../run/messages.ts';
import { plain } from '../ui/text.ts';
import { lookAround, notesOn, whyIdle } from './reach.ts';
import type { HubOptions, OpenHub } from '../hub.ts';

export interface AddOptions extends HubOptions {
  /** Separated by commas. */
  packages: string;
  platform?: string;
  severity?: string;
  /** False with `--no-fix-yet`. */
  fixYet: boolean;
  anyway?: boolean;
  why: string;
}

export interface WithdrawOptions extends HubOptions {
  why: string;
}

/**
 * Announces a CVE; answers the exit status: 0 recorded, 2 refused, with every reason. What nobody here would notice is refused, unless it
 * is wanted anyway: a package that no node has is more often a slip of the hand than foresight, and a vendor's word needs no repeating.
 */
export async function addAdvisory(cve: string, options: AddOptions): Promise<number> {
  const at = new Date().toISOString();
  const read = readOwnAdvisory({ cve, ...options }, at);
  const missing = options.fixYet ? ["--no-fix-yet is missing: what has a fix comes from its vendor's feed, with versions"] : [];
  if ('problems' in read || missing.length > 0) return refuse(...('problems' in read ? read.problems : []), ...missing);
  const { advisory } = read;
  return asSomebody(options, async (hub, who) => {
    const { record } = hub;
    const standing = await standingFor(cve, hub);
    if (standing !== undefined) return refuse(standing);
    const looked = await lookAround(advisory, hub);
    const idle = options.anyway === true ? undefined : whyIdle(advisory, looked);
    if (idle) return refuse(...idle);
    if (!(await record.announce(advisory, who, options.why))) return refuse(`somebody else has just announced ${cve}`);
    await record.putEvent({ rollout: eventsOf(cve), at, what: 'advisory-add', who, why: options.why });
    for (const line of notesOn(advisory, looked)) console.error(line);
    const where = advisory.platforms?.join(', ') ?? 'every platform';
    console.log(`${cve}: announced for ${advisory.packages.join(', ')} on ${where}, recorded as said by ${who}`);
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
    const standing = await record.announced(cve);
    if (!standing) return refuse(`nobody here has announced ${cve}`);
    if (standing.withdrawn !== undefined) return refuse(`the announcement of ${cve} was withdrawn on ${minute(standing.withdrawn)}`);
    if (!(await record.takeBack(cve, at))) return refuse(`somebody else has just withdrawn ${cve}`);
    await record.putEvent({ rollout: eventsOf(cve), at, what: 'advisory-withdraw', who, why: options.why });
    console.log(`${cve}: withdrawn, recorded as said by ${who}`);
    return EXIT.succeeded;
  });
}

/** What stands there already, in words. */
async function standingFor(cve: string, { record }: OpenHub): Promise<string | undefined> {
  const own = (await record.ownAdvisories()).find(({ advisory }) => advisory.cve === cve && advisory.withdrawn === undefined);
  if (!own) return undefined;
  const { advisory, who, why } = own;
  const words = `${cve} was announced on ${minute(advisory.added)} for ${advisory.packages.join(', ')} by ${plain(who)}: "${plain(why)}"`;
  return `${words}. To announce it in other words, withdraw it first`;
}

/** `2026-11-23 13:03 UTC` */
function minute(at: string): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC`;
}

async function asSomebody(options: HubOptions, act: (hub: OpenHub, who: string) => Promise<number>): Promise<number> {
  return withHub(options, 'OperatorsPolicy', async (hub) => act(hub, await callerArn()));
}

function refuse(...problems: string[]): number {
  for (const problem of problems) console.error(problem);
  return EXIT.badInput;
}
