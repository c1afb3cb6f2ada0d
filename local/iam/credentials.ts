import type { Caller, Random } from '../types.ts';

/** Access keys as the SDK wants them. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** Whose requests are whose: every session gets its own keys, so that each request is attributed to one role. */
export interface CredentialStore {
  /** New keys for a session. `expires` in ms since the epoch; without it they live as long as the embedded AWS. */
  issue(caller: Caller, expires?: number): Credentials;
  /** The session behind a request's keys; `undefined` when they were never issued, `expired` when their time is over. */
  identify(accessKeyId: string, sessionToken: string | undefined): Caller | 'expired' | undefined;
}

/** So long keys are known as expired after their end; later they are unknown. */
const REMEMBERED = 24 * 3_600_000;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function text(random: Random, length: number): string {
  let result = '';
  while (result.length < length) result += alphabet[Math.floor(random.next() * alphabet.length)]!;
  return result;
}

/** Temporary keys start with `ASIA` and have 20 characters (IAM User Guide, "IAM identifiers"). */
export function createCredentialStore(random: Random, now: () => number): CredentialStore {
  const sessions = new Map<string, { caller: Caller; token: string; expires: number }>();
  let nextSweep = 1_000;

  /** Hundreds of sessions end in a night; without this they would stay for the whole run. */
  function sweep(): void {
    for (const [id, session] of sessions) if (session.expires + REMEMBERED <= now()) sessions.delete(id);
    nextSweep = sessions.size * 2 + 1_000;
  }

  return {
    issue(caller, expires = Number.POSITIVE_INFINITY) {
      const accessKeyId = `ASIA${text(random, 16)}`;
      const sessionToken = text(random, 64);
      if (sessions.size >= nextSweep) sweep();
      sessions.set(accessKeyId, { caller, token: sessionToken, expires });
      return { accessKeyId, secretAccessKey: text(random, 40), sessionToken };
    },
    identify(accessKeyId, sessionToken) {
      const session = sessions.get(accessKeyId);
      if (!session || session.token !== sessionToken) return undefined;
      return session.expires <= now() ? 'expired' : session.caller;
    },
  };
}
