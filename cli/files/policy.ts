/** Reads `wavelock.yaml`. */
import { readPolicy } from '../../lambdas/core/policy/read.ts';
import { emptySelections } from '../../lambdas/core/policy/selections.ts';
import type { Node, PolicyFile } from '../../lambdas/core/model.ts';
import type { PathProblem } from '../../lambdas/core/policy/problems.ts';
import { fail, failIfAny } from './problems.ts';
import type { Problem } from './problems.ts';
import { readYaml } from './yaml.ts';

export interface ReadPolicy {
  policy: PolicyFile;
  text: string;
  /** Of the file's bytes, hexadecimal. */
  sha256: string;
  /** Gives problems that were found later their places in the file. */
  place(problems: readonly PathProblem[]): Problem[];
}

/** Checks and normalises a policy file. `today` is an ISO date (UTC): exceptions that end before it are refused. Throws `InputErrors`. */
export function readPolicyFile(file: string, today = new Date().toISOString().slice(0, 10)): ReadPolicy {
  const source = readYaml(file);
  const read = readPolicy(source.value, today);
  const hidden = source.hidden((value) => problemsOf(readPolicy(value, today)));
  if ('problems' in read) fail([...source.problems, ...source.place(read.problems), ...hidden]);
  failIfAny([...source.problems, ...hidden]);
  return { policy: read.policy, text: source.text, sha256: source.sha256, place: (problems) => source.place(problems) };
}

function problemsOf(read: ReturnType<typeof readPolicy>): readonly PathProblem[] {
  return 'problems' in read ? read.problems : [];
}

/** Holds a policy file against a fleet: throws `InputErrors` for policies and waves that reach no node. */
export function checkSelections(file: ReadPolicy, nodes: Node[], optIn = { key: 'Wavelock', value: 'enabled' }): void {
  failIfAny(file.place(emptySelections(file.policy, nodes, optIn)));
}
