/** From the value that a `wavelock.yaml` holds to the model's `PolicyFile`. */
import { Mode, PolicyFile } from '../model.ts';
import { policyAdvice } from './advice.ts';
import { WrittenPolicyFile } from './file.ts';
import { check } from './problems.ts';
import type { PathProblem } from './problems.ts';
import { checkReferences } from './references.ts';

/** Checks and normalises. `today` is an ISO date in UTC. Never throws: what does not fit comes back as problems, all of them. */
export function readPolicy(raw: unknown, today: string): { policy: PolicyFile } | { problems: PathProblem[] } {
  const checked = check(WrittenPolicyFile, raw, policyAdvice);
  const between = checkReferences(raw, today);
  if ('problems' in checked) return { problems: [...checked.problems, ...between] };
  return between.length > 0 ? { problems: between } : { policy: normalise(checked.value) };
}

function normalise(file: WrittenPolicyFile): PolicyFile {
  const policies = Object.entries(file.policies).map(([name, policy]) => {
    return { ...policy, name, mode: stricter(file.mode, policy.mode ?? file.mode) };
  });
  return PolicyFile.parse({ ...file, policies });
}

function stricter(a: Mode, b: Mode): Mode {
  const order = Mode.options;
  return order[Math.min(order.indexOf(a), order.indexOf(b))] ?? 'observe';
}
