import { StatesError } from './errors.ts';
import { byteLength, type JsonValue } from './values.ts';

// Quotas: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html

/** Input or output of a task, state or execution: 256 KiB as UTF-8. */
export const PAYLOAD_LIMIT = 262_144;
/** A definition: 1 MB. */
export const DEFINITION_LIMIT = 1_048_576;
/** Events of one execution; the last one is the failure: https://github.com/floci-io/floci/issues/2734 (measured). */
export const HISTORY_LIMIT = 25_000;
/** Redrive needs room for two more events: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html */
export const REDRIVABLE_HISTORY_LIMIT = 24_999;
/** Days after its end in which an execution can be redriven, same page. */
export const REDRIVABLE_DAYS = 14;
/** An execution may be open for one year. */
export const LONGEST_EXECUTION_SECONDS = 31_536_000;
/** A name can be used again 90 days after its execution ended (API reference, StartExecution). */
export const NAME_REUSE_DAYS = 90;
/** Parallel iterations of an inline Map, and children of a Map Run. */
export const INLINE_CONCURRENCY = 40;
export const DISTRIBUTED_CONCURRENCY = 10_000;
/** The largest number of seconds that a field takes: https://states-language.net/spec.html#task-state */
export const MOST_SECONDS = 99_999_999;
/** All variables of an Assign, each variable, and all variables of an execution: workflow-variables.html#variable-limits */
export const ASSIGN_LIMIT = PAYLOAD_LIMIT;
export const VARIABLES_LIMIT = 10_485_760;
/** Task token length: API model, `TaskToken` max 2048. */
export const TOKEN_LIMIT = 2_048;

export const DAY = 86_400_000;

/**
 * The JSON text of a payload.
 *
 * @param owner what AWS names in the error: a state, or the service that a task called
 * @throws StatesError `States.DataLimitExceeded` over 262,144 bytes
 */
export function payloadText(value: JsonValue, owner: string): string {
  const payload = JSON.stringify(value);
  // Only a text near the limit can be longer in bytes than in characters by enough to matter.
  if (payload.length > PAYLOAD_LIMIT / 4 && byteLength(payload) > PAYLOAD_LIMIT) throw tooLarge(owner);
  return payload;
}

/** The error of a payload over the limit, in AWS's words. */
export function tooLarge(owner: string): StatesError {
  const cause = `The state/task '${owner}' returned a result with a size exceeding the maximum number of bytes service limit.`;
  return new StatesError({ error: 'States.DataLimitExceeded', cause });
}
