import { createHash } from 'node:crypto';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Text of `length` capital letters and digits that follows from `source` alone: other resources don't move it. */
function suffix(source: string, length: number): string {
  const bytes = createHash('sha256').update(source).digest();
  return Array.from({ length }, (_, index) => letters[bytes[index]! % letters.length]).join('');
}

export interface NameRules {
  /** Most characters that the resource's names may have. */
  max: number;
  /** Names of buckets are in small letters. */
  lower?: boolean;
}

/**
 * A name as CloudFormation makes it: stack, logical id and 12 characters of chance, cut to fit (CloudFormation User Guide, "Name type":
 * it "generates a unique physical ID").
 *
 * @param seed the run's seed; `place` (stack's id) and logical id make it unique
 */
export function physicalName(seed: number, stack: { name: string; id: string }, logicalId: string, rules: NameRules): string {
  const room = rules.max - 14;
  const own = Math.min(logicalId.length, Math.max(room - stack.name.length, Math.ceil(room / 2)));
  const name = `${stack.name.slice(0, room - own)}-${logicalId.slice(0, own)}-${suffix(`${seed} ${stack.id} ${logicalId}`, 12)}`;
  return rules.lower === true ? name.toLowerCase() : name;
}

/** Id of a stack, `arn:aws:cloudformation:region:account:stack/name/uuid`. */
export function stackId(seed: number, account: string, region: string, name: string): string {
  const hex = createHash('sha256').update(`${seed} ${account} ${region} ${name}`).digest('hex');
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return `arn:aws:cloudformation:${region}:${account}:stack/${name}/${uuid}`;
}
