/** The SDK's clients of a survey: ordinary credentials, adaptive retries, one client a service and place. */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { Inspector2Client } from '@aws-sdk/client-inspector2';
import { SSMClient } from '@aws-sdk/client-ssm';

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

/** What the SDK's credentials chain does not know by itself. */
export interface Access {
  /** Of `~/.aws/config` and `~/.aws/credentials`. */
  profile?: string;
  /** Instead of AWS; without it `AWS_ENDPOINT_URL` counts, as ever. */
  endpoint?: string;
  region?: string;
  /** Instead of the chain. */
  credentials?: () => Promise<Keys>;
}

export interface ClientConfig extends Access {
  retryMode: 'adaptive';
  maxAttempts: number;
}

/**
 * Adaptive retries hold requests back when a service throttles (AWS SDKs and Tools Reference Guide, "Retry behavior"): the rates of Systems
 * Manager's reads are not published, and the account's own tools need them too.
 */
export function clientConfig(access: Access): ClientConfig {
  const given = Object.fromEntries(Object.entries(access).filter(([, value]) => value !== undefined));
  return { ...given, retryMode: 'adaptive', maxAttempts: 8 };
}

export interface Clients {
  ec2: EC2Client;
  ssm: SSMClient;
  scaling: AutoScalingClient;
  balancing: ElasticLoadBalancingV2Client;
  inspector: Inspector2Client;
  /** Closes their connections. */
  close(): void;
}

/** Clients for one account and Region. */
export function openClients(access: Access): Clients {
  const config = clientConfig(access);
  const clients = {
    ec2: new EC2Client(config),
    ssm: new SSMClient(config),
    scaling: new AutoScalingClient(config),
    balancing: new ElasticLoadBalancingV2Client(config),
    inspector: new Inspector2Client(config),
  };
  return { ...clients, close: () => Object.values(clients).forEach((client) => client.destroy()) };
}
