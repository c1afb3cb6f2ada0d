import { ASSIGN_LIMIT, tooLarge, VARIABLES_LIMIT } from './limits.ts';
import { byteLength, type JsonObject } from './values.ts';

/**
 * The variables of one scope. States of branches and iterations read those of the scopes around them and assign their own, which end
 * with them (https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html).
 */
export class Variables {
  private own: JsonObject = {};

  constructor(private readonly outer?: Variables) {}

  /** All that an expression here can read. */
  all(): JsonObject {
    return this.outer ? { ...this.outer.all(), ...this.own } : this.own;
  }

  /**
   * Checks what an Assign would set.
   *
   * @param values the evaluated Assign
   * @param state named in the error
   * @throws StatesError `States.DataLimitExceeded` when it is over 256 KiB, or all variables are over 10 MiB
   */
  check(values: JsonObject, state: string): void {
    const size = sizeOf(values);
    if (size > ASSIGN_LIMIT) throw tooLarge(state);
    // The sum is only counted when it can matter: most machines hold a few short texts.
    if (size > ASSIGN_LIMIT / 16 && sizeOf({ ...this.all(), ...values }) > VARIABLES_LIMIT) throw tooLarge(state);
  }

  assign(values: JsonObject): void {
    // A new object: expressions that still hold the old one must not see the change.
    this.own = { ...this.own, ...values };
  }
}

function sizeOf(values: JsonObject): number {
  return byteLength(JSON.stringify(values));
}
