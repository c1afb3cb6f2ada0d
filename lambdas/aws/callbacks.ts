/** Wakes parked machines. A token that is no longer waited for is no error: its state went on by time-out or was woken before. */
import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';

export interface Callbacks {
  /** Answers whether somebody was still waiting. */
  wake(taskToken: string, output: unknown): Promise<boolean>;
}

/** Step Functions API reference, SendTaskSuccess errors that say that nobody waits. */
const GONE = new Set(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']);

export function createCallbacks(): Callbacks {
  const sfn = new SFNClient({});
  return {
    async wake(taskToken, output) {
      try {
        await sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
        return true;
      } catch (error) {
        if (GONE.has((error as Error).name)) return false;
        throw error;
      }
    },
  };
}
