/** What goes wrong with calls to AWS, switched on and off by a test; only what Wavelock's own functions call is hit. */
import { AwsError } from '../../local/types.ts';
import type { CallContext, Faults, Input } from '../../local/types.ts';

/** `ssm:SendCommand` is answered so. */
export interface Fault {
  call: string;
  /** `before` it ran, or `after` it ran, with its answer lost. */
  when: 'before' | 'after';
  code: string;
  status: number;
  /** Lets so many calls through first. */
  skip?: number;
  /** How often; for ever without it. */
  times?: number;
}

/** What a test can do to the calls and events of its world. */
export interface FaultSwitch {
  /** Breaks a call until `mend`, or for `times`. */
  fail: (fault: Fault) => void;
  /** Events of Systems Manager are lost from now on. */
  loseEvents: () => void;
  /** Each of them comes three times, the last one a minute late. */
  repeatEvents: () => void;
  mend: () => void;
}

/** The error with which AWS sends a caller away when it is busy (Common errors of the API references). */
export const THROTTLED = { code: 'ThrottlingException', status: 400 } as const;

const OURS = /:assumed-role\/Wavelock-/;

/** Makes a switch; hand its `faults` to the embedded AWS. `passed` is told of every call that ran and whose answer arrived. */
export function createFaultSwitch(passed: (context: CallContext, input: Input) => void): { faults: Faults; controls: FaultSwitch } {
  let open: Fault[] = [];
  const faults: Faults = {
    call(when, context, input) {
      const error = strike(open, when, context);
      if (error === undefined && when === 'after') passed(context, input);
      return error;
    },
  };
  return {
    faults,
    controls: {
      fail: (fault) => void open.push({ ...fault }),
      loseEvents: () => void (faults.event = () => []),
      repeatEvents: () => void (faults.event = () => [200, 300, 60_000]),
      mend() {
        open = [];
        delete faults.event;
      },
    },
  };
}

function strike(open: Fault[], when: 'before' | 'after', { caller, service, operation }: CallContext): AwsError | undefined {
  if (!OURS.test(caller.arn)) return undefined;
  const found = open.find((fault) => fault.when === when && fault.call === `${service}:${operation}` && fault.times !== 0);
  if (!found) return undefined;
  if (found.skip !== undefined && found.skip > 0) {
    found.skip -= 1;
    return undefined;
  }
  if (found.times !== undefined) found.times -= 1;
  return new AwsError(found.code, 'asked for by a test', found.status);
}
