/** Two kinds of error, and Step Functions retries only the first by name. Anything else becomes Terminal once, at the edge. */

/** The same call may be made again: nothing was done, or doing it again changes nothing. */
export class Retryable extends Error {
  override readonly name = 'Retryable';
}

/** Calling again would not help, or might do something twice. A person or a verdict decides. */
export class Terminal extends Error {
  override readonly name = 'Terminal';
}
