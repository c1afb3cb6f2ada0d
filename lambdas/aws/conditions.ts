/** Conditional writes: a condition that failed is an answer. */

/** Runs a conditional write: false when its condition failed, which is an answer and not an error. */
export async function once(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (isConditionFailure(error)) return false;
    throw error;
  }
}

/** electrodb wraps the SDK's error: its cause carries the name. */
export function isConditionFailure(error: unknown): boolean {
  const names = [(error as Error).name, ((error as Error).cause as Error | undefined)?.name];
  return names.includes('ConditionalCheckFailedException') || /conditional request failed/i.test((error as Error).message);
}
