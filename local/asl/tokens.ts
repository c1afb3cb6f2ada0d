import { AwsError, type Random } from '../types.ts';
import type { Failure } from './errors.ts';

/** A task that waits for somebody to come back with its token. */
interface Waiting {
  account: string;
  region: string;
  open: boolean;
  succeed(output: string): void;
  fail(failure: Failure): void;
  heartbeat(): void;
}

/** Who waits, and what the callbacks do. Output is JSON text. */
export interface Callbacks {
  succeed(output: string): void;
  fail(failure: Failure): void;
  heartbeat(): void;
}

/** Tokens begin alike, so that a text that never was one can be told from a token that is not known here. */
const PREFIX = 'AQDEAAAAKgAAAAMAAAAAAAAAA';
/** AWS's tokens are several hundred characters long (the API allows 2,048): who stores one must have room. */
const TOKEN_PARTS = 14;

/** The task tokens of all executions. A token dies with the attempt that made it: retries and redrives get new ones. */
export class Tokens {
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly random: Random) {}

  /** A new token, unknown to everybody yet. */
  issue(): string {
    const parts = Array.from({ length: TOKEN_PARTS }, () => this.random.uuid()).join('');
    return PREFIX + Buffer.from(parts).toString('base64url');
  }

  /** From now on callbacks with `token` reach the task; the result makes the token dead. */
  open(token: string, place: { account: string; region: string }, callbacks: Callbacks): () => void {
    const close = (): void => {
      entry.open = false;
    };
    const entry: Waiting = {
      ...place,
      open: true,
      // The first callback counts: the token is dead before the task has gone on.
      succeed: (output) => (close(), callbacks.succeed(output)),
      fail: (failure) => (close(), callbacks.fail(failure)),
      heartbeat: () => callbacks.heartbeat(),
    };
    this.waiting.set(token, entry);
    return close;
  }

  /**
   * The task that a callback is for.
   *
   * @throws AwsError `InvalidToken` for a text that is no token, `TaskDoesNotExist` for a token that this account and Region never
   *   gave out, `TaskTimedOut` when its task has ended
   *   (https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html)
   */
  find(token: string, place: { account: string; region: string }): Callbacks {
    if (!token.startsWith(PREFIX)) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
    const entry = this.waiting.get(token);
    if (entry?.account !== place.account || entry.region !== place.region) {
      throw new AwsError('TaskDoesNotExist', "Task does not exist: 'Provided task does not exist'");
    }
    // Wording: https://github.com/aws-samples/amazon-mwaa-examples/issues/61
    if (!entry.open) throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
    return entry;
  }
}
