/** Secrets are read when they are needed, and never logged, stored or passed on. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

export interface Secrets {
  /** The secret's text, or `undefined` when there is none or it may not be read: a missing Slack never fails a rollout. */
  read(name: string): Promise<string | undefined>;
}

const UNAVAILABLE = new Set(['ResourceNotFoundException', 'AccessDeniedException', 'DecryptionFailure', 'InvalidRequestException']);

export function createSecrets(): Secrets {
  const client = new SecretsManagerClient({});
  return {
    async read(name) {
      try {
        return (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
      } catch (error) {
        if (UNAVAILABLE.has((error as Error).name)) return undefined;
        throw error;
      }
    },
  };
}
