/** From the command's options to a survey: whose credentials, which accounts and Regions, and the look itself. */
import { canAssume, enabledRegions, identify, organizationAccounts, roleCredentials } from '../../lambdas/aws/survey/accounts.ts';
import type { Identity } from '../../lambdas/aws/survey/accounts.ts';
import type { Access } from '../../lambdas/aws/survey/clients.ts';
import { createLook } from '../../lambdas/aws/survey/look.ts';
import { surveyPlaces, type Place } from '../../lambdas/aws/survey/survey.ts';
import type { Blind, Survey } from '../../lambdas/core/survey/model.ts';
import type { AccountEntry } from '../files/accounts.ts';
import { fileProblem, InputErrors } from '../files/problems.ts';
import { regionsToSee, type Chosen, type Wanted } from './regions.ts';

export interface GatherOptions {
  access: Access;
  accounts: AccountEntry[] | undefined;
  /** Regions of the command; `all`: every Region that an account has switched on. Empty: that of the credentials' configuration. */
  regions: string[];
  max: number;
  tell: (text: string) => void;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A survey, and what lies outside of it. */
export interface Gathered {
  survey: Survey;
  /** Regions that are switched on and were not looked at, by account. */
  otherRegions: Record<string, string[]>;
}

interface Account {
  number: string;
  access: Access;
  regions: string[];
}

/** Looks. @throws SurveyError where nothing can be looked at, InputErrors for a Region that does not exist */
export async function gather(options: GatherOptions): Promise<Gathered> {
  const { access, regions, tell, now, max } = options;
  const identity = await identify({ ...access, region: startRegion(options) });
  tell(`looking as ${identity.arn}`);
  const look = createLook(identity.account);
  const organization = await organizationAccounts({ ...access, region: identity.region }, look);
  const accounts = await openAccounts(options, identity, look.blind);
  const chosen = await chooseRegions(accounts, look.blind, options.accounts === undefined || regions.length > 0 ? '--region' : '--accounts');
  const places = chosen.flatMap(({ account, here }) =>
    here.map((region): Place => ({ location: { account: account.number, region }, access: { ...account.access, region } })),
  );
  const { locations, stopped } = await surveyPlaces(places, { max, tell: (where, what) => tell(`${where}  ${what}`) });
  const survey: Survey = {
    at: new Date(now()).toISOString(),
    caller: identity.arn,
    locations,
    ...(organization && { organization }),
    blind: look.blind,
    ...(stopped && { stoppedAt: max }),
  };
  return { survey, otherRegions: Object.fromEntries(chosen.map(({ account, others }) => [account.number, others])) };
}

/** STS needs some Region to be asked in: one of those that will be looked at. */
function startRegion({ access, accounts, regions }: GatherOptions): string | undefined {
  return [...regions, ...(accounts ?? []).flatMap((entry) => entry.regions ?? [])].find((region) => region !== 'all') ?? access.region;
}

/** The ways into all accounts; those that cannot be entered are lines in `blind`. */
async function openAccounts({ access, accounts, regions, now }: GatherOptions, identity: Identity, blind: Blind[]): Promise<Account[]> {
  const wanted = accounts ?? [{ account: identity.account }];
  const opened: Account[] = [];
  for (const entry of wanted) {
    const own = regions.length > 0 ? regions : (entry.regions ?? [identity.region]);
    const base = { number: entry.account, regions: own };
    if (entry.role === undefined && entry.account === identity.account) {
      opened.push({ ...base, access });
      continue;
    }
    if (entry.role === undefined) {
      const foreign = `${entry.account} has no role, and the credentials belong to ${identity.account}`;
      throw new InputErrors([fileProblem('--accounts', foreign, 'name a role there that they may assume')]);
    }
    const arn = roleArn(entry.account, entry.role);
    const region = own.find((candidate) => candidate !== 'all') ?? identity.region;
    const credentials = roleCredentials({ ...access, region }, { arn, externalId: entry.externalId }, now);
    const look = createLook(entry.account);
    if (await canAssume(credentials, look)) opened.push({ ...base, access: { endpoint: access.endpoint, credentials } });
    blind.push(...look.blind);
  }
  return opened;
}

/** A role of the accounts file, which may be named by its name alone. */
export function roleArn(account: string, role: string): string {
  return role.startsWith('arn:') ? role : `arn:aws:iam::${account}:role/${role}`;
}

/** The Regions of each account; those that cannot be looked at are lines in `blind`. @throws InputErrors for a Region that nobody has */
async function chooseRegions(accounts: readonly Account[], blind: Blind[], option: string): Promise<(Chosen & { account: Account })[]> {
  const wanted: Wanted[] = [];
  for (const account of accounts) {
    const { number, access, regions } = account;
    const look = createLook(number);
    const first = regions.find((region) => region !== 'all') ?? access.region ?? 'us-east-1';
    wanted.push({ number, regions, enabled: await enabledRegions({ ...access, region: first }, look) });
    blind.push(...look.blind);
  }
  const { chosen, switchedOff } = regionsToSee(wanted, option);
  blind.push(...switchedOff);
  return accounts.flatMap((account, index) => (chosen[index] ? [{ ...chosen[index], account }] : []));
}
