/** What a policy runs of the user's, hooks and what stands in for a fix, against what a simulated fleet's owner has. */
import type { FleetFile, UserDocument } from '../../local/fleet/types.ts';
import { ACTION } from '../../lambdas/core/triggers/stand-in.ts';
import { didYouMean } from '../../lambdas/core/policy/problems.ts';
import type { PathProblem } from '../../lambdas/core/policy/problems.ts';
import type { WhileNoFix } from '../../lambdas/core/model.ts';
import type { ReadPolicy } from './policy.ts';
import { failIfAny } from './problems.ts';

type Path = PathProblem['path'];

/** Throws `InputErrors` where something, or a version of it, is not in the fleet, or could not be asked what it is asked: each node would fail. */
export function checkHooks(file: ReadPolicy, fleet: FleetFile): void {
  failIfAny(
    file.place(
      file.policy.policies.flatMap(({ name, hooks, whileNoFix }) => [
        ...(['before', 'after'] as const).flatMap((which) => {
          const hook = hooks?.[which];
          return hook ? missing(hook, fleet, ['policies', name, 'hooks', which]) : [];
        }),
        ...(whileNoFix ? standIn(whileNoFix, fleet, ['policies', name, 'whileNoFix']) : []),
      ]),
    ),
  );
}

function standIn({ run, lambda, automation }: WhileNoFix, fleet: FleetFile, path: Path): PathProblem[] {
  if (lambda !== undefined) return uncalled(lambda, fleet, [...path, 'lambda']);
  if (automation === undefined) return unfit(run ?? '', fleet.documents, { section: 'documents', path: [...path, 'run'] });
  const known = fleet.automations?.[automation.document];
  const role: PathProblem[] =
    known && known.role !== automation.role
      ? [
          {
            path: [...path, 'automation', 'role'],
            at: 'value',
            message: `${automation.document} works with the role ${known.role} in the fleet file`,
          },
        ]
      : [];
  return [...unfit(automation.document, fleet.automations, { section: 'automations', path: [...path, 'automation', 'document'] }), ...role];
}

interface Place {
  section: 'documents' | 'automations' | 'functions';
  path: Path;
}

function unfit(name: string, all: Record<string, Pick<UserDocument, 'parameters'>> = {}, { section, path }: Place): PathProblem[] {
  const known = all[name];
  if (!known) return [unknown(name, all, { section, path })];
  const values = known.parameters?.[ACTION] ?? [];
  if (values.includes('apply') && values.includes('withdraw')) return [];
  return [{ path, at: 'value', message: `${name} has no parameter ${ACTION} with the values apply and withdraw in the fleet file` }];
}

/** A function with its version or alias. */
function uncalled(written: string, { functions = {} }: FleetFile, path: Path): PathProblem[] {
  const [name = '', qualifier] = written.split(':');
  const known = functions[name];
  if (!known) return [unknown(name, functions, { section: 'functions', path })];
  const { versions = 0, aliases = {} } = known;
  const there = qualifier === undefined || Object.hasOwn(aliases, qualifier) || (Number(qualifier) >= 1 && Number(qualifier) <= versions);
  if (there) return [];
  const hint = `describe it there: functions: { ${name}: { versions, aliases } }`;
  return [{ path, at: 'value', message: `${name} has no version or alias ${qualifier} in the fleet file`, hint }];
}

function unknown(name: string, all: Record<string, unknown>, { section, path }: Place): PathProblem {
  const hint = didYouMean(name, Object.keys(all)) ?? `describe it there under \`${section}\``;
  return { path, at: 'value', message: `${name} is not among the ${section} of the fleet file`, hint };
}

function missing({ document, version }: { document: string; version: string }, fleet: FleetFile, path: Path): PathProblem[] {
  const documents = fleet.documents ?? {};
  const known = documents[document.slice(document.lastIndexOf('/') + 1)];
  if (known && Number(version) <= (known.version ?? 1)) return [];
  if (known) return [{ path: [...path, 'version'], at: 'value', message: `${document} has ${known.version ?? 1} versions in the fleet file` }];
  return [unknown(document, documents, { section: 'documents', path: [...path, 'document'] })];
}
