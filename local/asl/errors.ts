/** `Error` and `Cause` of a failed state, as Catch sees them. A Fail state may leave out both. */
export interface Failure {
  error?: string;
  cause?: string;
}

export interface FailureNotes {
  /** The field whose expression failed, e.g. `Output/a/b`: the history then has an EvaluationFailed event. */
  location?: string;
  /** A further name under which Retry and Catch find the error. */
  alias?: string;
  /** The interpreter itself found the error: AWS then names the state in the cause. */
  inState?: boolean;
}

/** A state failed, with an error that Retry and Catch may handle. */
export class StatesError extends Error {
  override readonly name = 'StatesError';

  constructor(
    readonly failure: Failure,
    readonly notes: FailureNotes = {},
  ) {
    super(`${failure.error ?? 'no error name'}: ${failure.cause ?? 'no cause'}`);
  }

  /** No Catch handles it and it ends the execution: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
  get terminal(): boolean {
    return this.failure.error === 'States.Runtime';
  }
}

/** The work was cut off: its execution ended, or a sibling branch failed. Nothing handles it. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** `States.Runtime`: the machine did something that can't go on. `cause` is completed with the state's name. */
export function runtimeError(cause: string): StatesError {
  return new StatesError({ error: 'States.Runtime', cause }, { inState: true });
}

/**
 * Whether one entry list of a Retry or Catch takes an error.
 *
 * `States.ALL` and `States.TaskFailed` are wildcards that leave out `States.DataLimitExceeded` and `States.Runtime`, the second one also
 * `States.Timeout`; a lapsed heartbeat is reported as `States.Timeout` and found under that name and under `States.HeartbeatTimeout`
 * (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
 */
export function matches(errorEquals: string[], error: StatesError): boolean {
  if (error.terminal) return false;
  const { error: name } = error.failure;
  return errorEquals.some((entry) => {
    if (entry === name || entry === error.notes.alias) return true;
    if (name === 'States.DataLimitExceeded') return false;
    return entry === 'States.ALL' || (entry === 'States.TaskFailed' && name !== 'States.Timeout');
  });
}
