/** The way into a location: its role, and what its stack says of itself. The hub's own location goes the same way. */
import { STSClient, AssumeRoleCommand } from '@aws-sdk/client-sts';
import { SSMClient, GetParameterCommand } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { locationKey } from '../core/model.ts';
import { Terminal } from '../core/errors.ts';
import type { Location } from '../core/model.ts';
import type { ReadSetting } from './settings.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}

const SpokeConfig = z.object({ lockBucket: z.string().optional(), documents: z.record(z.string(), z.string()) });
export type SpokeConfig = z.infer<typeof SpokeConfig>;

export interface ClientConfig {
  region: string;
  credentials: () => Promise<Credentials>;
  maxAttempts?: number;
}

export interface Spokes {
  /**
   * One client a location, made by `make` when it is first asked for: building one costs more than most of its calls. It speaks with the
   * spoke role's credentials, renewed five minutes before they end.
   */
  clients<C>(make: (config: ClientConfig) => C): (location: Location) => C;
  config(location: Location): Promise<SpokeConfig>;
}

const RENEW_BEFORE_MS = 5 * 60_000;

export function createSpokes(setting: ReadSetting, now: () => number): Spokes {
  const sts = new STSClient({});
  const sessions = new Map<string, Promise<Credentials>>();
  const configs = new Map<string, Promise<SpokeConfig>>();

  async function credentials(location: Location): Promise<Credentials> {
    // IAM is global: one session an account and Region, because the role's name carries the Region.
    const key = locationKey(location);
    const known = await sessions.get(key)?.catch(() => undefined);
    if (known && known.expiration.getTime() - now() > RENEW_BEFORE_MS) return known;
    const fresh = assume(location);
    sessions.set(key, fresh);
    return fresh;
  }

  async function assume(location: Location): Promise<Credentials> {
    const RoleArn = setting('SPOKE_ROLE').replace('{account}', location.account).replace('{region}', location.region);
    const { Credentials: given } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'wavelock' }));
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration)
      throw new Terminal(`STS gave no credentials for ${RoleArn}`);
    return { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey, sessionToken: given.SessionToken, expiration: given.Expiration };
  }

  function client(location: Location): ClientConfig {
    return { region: location.region, credentials: () => credentials(location) };
  }

  async function readConfig(location: Location): Promise<SpokeConfig> {
    const ssm = new SSMClient(client(location));
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: setting('SPOKE_PARAMETER') }));
    return SpokeConfig.parse(JSON.parse(Parameter?.Value ?? '{}'));
  }

  return {
    clients(make) {
      const made = new Map<string, ReturnType<typeof make>>();
      return (location) => {
        const key = locationKey(location);
        const known = made.get(key) ?? make(client(location));
        made.set(key, known);
        return known;
      };
    },
    config(location) {
      const key = locationKey(location);
      const known = configs.get(key) ?? readConfig(location);
      configs.set(key, known);
      known.catch(() => configs.delete(key));
      return known;
    },
  };
}
