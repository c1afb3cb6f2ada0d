/** Who else installs updates on a machine: packages that do it by themselves, Windows Update, and Systems Manager's own schedules. */
import { documentName, whatItDoes } from './documents.ts';
import type { SeenAssociation, SeenLocation, SeenTarget, SeenWindow } from './model.ts';
import type { Machine } from './machines.ts';

/** One of them. `sure`: it installs; otherwise it may. */
export interface Updater {
  /** `unattended-upgrades`, `association nightly (8f1c…)`, `maintenance window sunday (mw-…)`. */
  by: string;
  kind: 'package' | 'windows-update' | 'association' | 'maintenance-window';
  sure: boolean;
}

/** Packages whose only purpose it is; on Ubuntu the first is there and switched on unless somebody took it away. */
const PACKAGES = ['unattended-upgrades', 'dnf-automatic', 'dnf5-plugin-automatic', 'yum-cron'];
/** Where Windows Update's policy is (Microsoft, "Manage additional Windows Update settings"): 4 installs on a schedule. */
const POLICY = /\\WindowsUpdate\\AU$/i;
const INSTALLS = '4';

/** Updaters of each machine, by id; machines without any are not in it. `targets` nothing could resolve are in `unresolved`. */
export function updatersOf(seen: SeenLocation, machines: readonly Machine[]): { byId: Map<string, Updater[]>; unresolved: string[] } {
  const byId = new Map<string, Updater[]>();
  const unresolved: string[] = [];
  const managed = machines.filter((machine) => machine.node !== undefined);
  const add = (id: string, updater: Updater): void => void byId.set(id, [...(byId.get(id) ?? []), updater]);
  for (const machine of managed) for (const updater of own(machine)) add(machine.id, updater);
  for (const { updater, targets } of [...associations(seen.associations ?? []), ...windows(seen.windows ?? [])]) {
    const found = resolve(targets, managed);
    if (found === 'unknown') unresolved.push(updater.by);
    else for (const machine of found) add(machine.id, updater);
  }
  return { byId, unresolved };
}

/** Windows Update's policy of a node, value by name; empty where its inventory does not have it. */
export function updatePolicy({ software }: Machine): Map<string, string> {
  const registry = (software?.parts ?? []).filter(({ TypeName }) => TypeName === 'AWS:WindowsRegistry').flatMap(({ Entries }) => Entries);
  return new Map(registry.filter(({ KeyPath = '' }) => POLICY.test(KeyPath)).map(({ ValueName = '', Value = '' }) => [ValueName, Value]));
}

function own(machine: Machine): Updater[] {
  const parts = machine.software?.parts ?? [];
  const installed = new Set(
    parts.filter(({ TypeName }) => TypeName === 'AWS:Application').flatMap(({ Entries }) => Entries.map(({ Name = '' }) => Name)),
  );
  const packages = PACKAGES.filter((name) => installed.has(name)).map((by): Updater => ({ by, kind: 'package', sure: true }));
  const values = updatePolicy(machine);
  const installs = values.get('AUOptions') === INSTALLS && values.get('NoAutoUpdate') !== '1';
  return installs ? [...packages, { by: 'Windows Update', kind: 'windows-update', sure: true }] : packages;
}

interface Scheduled {
  updater: Updater;
  targets: SeenTarget[];
}

function associations(all: SeenAssociation[]): Scheduled[] {
  return all.flatMap(({ id, name, document, operation, targets }) => {
    const does = whatItDoes(document, operation);
    if (does === 'scans') return [];
    const sure = does === 'installs';
    return [{ updater: { by: words(`association ${name} (${id})`, document, sure), kind: 'association' as const, sure }, targets }];
  });
}

function words(what: string, document: string, sure: boolean): string {
  return sure ? what : `${what} runs ${documentName(document)}, which may install`;
}

function windows(all: SeenWindow[]): Scheduled[] {
  return all
    .filter(({ enabled }) => enabled)
    .flatMap(({ id, name, tasks = [] }) =>
      tasks.flatMap(({ document, operation, targets }) => {
        const does = whatItDoes(document, operation);
        if (does === 'scans') return [];
        const sure = does === 'installs';
        return [{ updater: { by: words(`maintenance window ${name} (${id})`, document, sure), kind: 'maintenance-window' as const, sure }, targets }];
      }),
    );
}

/**
 * Machines that targets name: all keys must fit, each with any of its values (SSM API reference, Target). `unknown`: a resource group, a
 * parameter, or something newer, which only AWS can resolve.
 */
export function resolve(targets: readonly SeenTarget[], machines: readonly Machine[]): Machine[] | 'unknown' {
  if (targets.length === 0) return [];
  if (!targets.every(({ key }) => /^(instanceids|tag-key|tag:.+)$/i.test(key))) return 'unknown';
  return machines.filter((machine) => targets.every((target) => fits(machine, target)));
}

function fits({ id, tags }: Machine, { key, values }: SeenTarget): boolean {
  if (/^instanceids$/i.test(key)) return values.includes('*') || values.includes(id);
  if (key === 'tag-key') return values.some((name) => tags[name] !== undefined);
  const value = tags[key.slice('tag:'.length)];
  return value !== undefined && values.includes(value);
}
