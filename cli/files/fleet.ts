/** Reads `fleet.yaml`. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { check } from '../../lambdas/core/policy/problems.ts';
import type { PathProblem } from '../../lambdas/core/policy/problems.ts';
import type { FleetFile } from '../../local/fleet/types.ts';
import { checkFleet } from './fleet-checks.ts';
import { expandEntry } from '../../local/fleet/nodes.ts';
import { FleetSchema } from './fleet-schema.ts';
import { fail, failIfAny } from './problems.ts';
import { readYaml } from './yaml.ts';

export interface ReadFleet {
  /** One entry a node: `count` is dealt out, every node has its id and its full zone name. Functions have the absolute paths of their code. */
  fleet: FleetFile;
  text: string;
  /** Of the file's bytes, hexadecimal. */
  sha256: string;
}

/** Checks a fleet file and deals it out into single nodes. Throws `InputErrors`. */
export function readFleetFile(file: string): ReadFleet {
  const source = readYaml(file);
  const read = check<FleetFile>(FleetSchema, source.value);
  const between = [...source.place(checkFleet(source.value)), ...source.hidden(problemsOf)];
  if ('problems' in read) fail([...source.problems, ...source.place(read.problems), ...between]);
  const functions = withCode(read.value, dirname(file));
  const missing = Object.entries(functions ?? {}).flatMap(([name, { code }]): PathProblem[] =>
    existsSync(code) ? [] : [{ path: ['functions', name, 'code'], at: 'value', message: `there is no file ${code}` }],
  );
  failIfAny([...source.problems, ...between, ...source.place(missing)]);
  const fleet = { ...read.value, nodes: read.value.nodes.flatMap(expandEntry), ...(functions ? { functions } : {}) };
  return { fleet, text: source.text, sha256: source.sha256 };
}

/** All that is wrong in a value, but for files that it names. */
function problemsOf(value: unknown): PathProblem[] {
  const read = check<FleetFile>(FleetSchema, value);
  return [...('problems' in read ? read.problems : []), ...checkFleet(value)];
}

function withCode({ functions }: FleetFile, folder: string): FleetFile['functions'] {
  return functions && Object.fromEntries(Object.entries(functions).map(([name, one]) => [name, { ...one, code: resolve(folder, one.code) }]));
}
