/** Who looks, and the ways into other accounts. */
import { ListAccountsCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ASSUME_ROLE } from '../../core/survey/permissions.ts';
import type { Survey } from '../../core/survey/model.ts';
import { clientConfig, type Access, type Keys } from './clients.ts';
import { codeOf, problemOf, SurveyError } from './errors.ts';
import { pages, type Look } from './look.ts';

/** Who looks: the owner of the credentials. */
export interface Identity {
  account: string;
  arn: string;
  /** The Region that the credentials' configuration names. */
  region: string;
}

const SESSION = 'wavelock-assess';
const RENEW_BEFORE_MS = 5 * 60_000;

/**
 * Asks STS who the credentials belong to: the first call of a survey.
 *
 * @throws SurveyError in every case in which nothing could be looked at afterwards
 */
export async function identify(access: Access): Promise<Identity> {
  // Somebody waits for the first word: what cannot be reached at once is told at once.
  const sts = new STSClient({ ...clientConfig(access), retryMode: 'standard', maxAttempts: 2 });
  try {
    const region = await sts.config.region();
    const { Account = '', Arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
    return { account: Account, arn: Arn, region };
  } catch (error) {
    throw problemOf(error) ?? error;
  } finally {
    sts.destroy();
  }
}

/**
 * The credentials of a role in another account, renewed five minutes before they end. The first use fetches them.
 *
 * @param now milliseconds since the epoch
 */
export function roleCredentials(access: Access, role: { arn: string; externalId?: string }, now: () => number): () => Promise<Keys> {
  const sts = new STSClient(clientConfig(access));
  let session: Promise<Keys> | undefined;
  let ends = 0;
  const fetch = async (): Promise<Keys> => {
    const { Credentials: given } = await sts.send(
      new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: SESSION, ExternalId: role.externalId }),
    );
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken)
      throw new SurveyError('role', `STS gave no credentials for ${role.arn}`);
    ends = given.Expiration?.getTime() ?? 0;
    return { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey, sessionToken: given.SessionToken, expiration: given.Expiration };
  };
  return async () => {
    if (session === undefined || (ends > 0 && ends - now() < RENEW_BEFORE_MS)) session = fetch();
    return session;
  };
}

/** Whether a role can be assumed; a line in `look.blind` where it cannot. */
export async function canAssume(credentials: () => Promise<Keys>, look: Look): Promise<boolean> {
  return (await look.see(ASSUME_ROLE, async () => (await credentials()) !== undefined)) ?? false;
}

/** Names of the Regions that the account has switched on. */
export async function enabledRegions(access: Access, look: Look): Promise<string[] | undefined> {
  const ec2 = new EC2Client(clientConfig(access));
  try {
    return await look.see('ec2:DescribeRegions', async () => {
      const { Regions = [] } = await ec2.send(new DescribeRegionsCommand({}));
      return Regions.flatMap(({ RegionName }) => RegionName ?? []);
    });
  } finally {
    ec2.destroy();
  }
}

/** Accounts of the organization; `undefined` where there is none, or where it may not be seen. */
export async function organizationAccounts(access: Access, look: Look): Promise<Survey['organization']> {
  const client = new OrganizationsClient(clientConfig(access));
  try {
    return await look.see('organizations:ListAccounts', () => listAccounts(client));
  } finally {
    client.destroy();
  }
}

/** An account without an organization has nothing to list, and nothing is missing because of it. */
async function listAccounts(client: OrganizationsClient): Promise<Survey['organization']> {
  try {
    const accounts = await pages(async (NextToken) => {
      const page = await client.send(new ListAccountsCommand({ NextToken, MaxResults: 20 }));
      return { items: page.Accounts, next: page.NextToken };
    });
    return accounts.map(({ Id = '', Name = '', State, Status }) => ({ id: Id, name: Name, active: (State ?? Status) === 'ACTIVE' }));
  } catch (error) {
    if (codeOf(error) === 'AWSOrganizationsNotInUseException') return undefined;
    throw error;
  }
}
