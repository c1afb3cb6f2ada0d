/** Synthesises the app in process, once for each context, and looks into its templates. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addStacks, openApp } from '../../infra/build.ts';
import { readDocuments } from '../../infra/ingredients.ts';
import { PolicyFile } from '../../lambdas/core/model.ts';
import { reactions, tasks } from '../../statemachines/contracts.ts';

export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

export interface Template {
  Resources: Record<string, Resource>;
  Outputs?: Record<string, { Value: unknown; Description?: string }>;
}

export interface Synth {
  /** By stack. */
  templates: Record<string, Template>;
  hub: Template;
  outdir: string;
}

export const hubAccount = '111111111111';
export const demoLocations = '111111111111/eu-west-1,222222222222/eu-central-1,222222222222/eu-west-1';

/** Two policies of one wave, told to two audiences; one of them reads Slack too. */
export const policyFile = PolicyFile.parse({
  version: 1,
  mode: 'approve',
  windows: {},
  people: {
    ops: { email: ['ops@example.com'], slack: { secret: 'wavelock/slack' } },
    security: { email: ['soc@example.com', 'ops@example.com'] },
  },
  policies: ['monthly', 'weekly'].map((name) => ({
    name,
    mode: 'approve',
    nodes: {},
    plan:
      name === 'weekly'
        ? {
            every: 'week',
            on: 'mon',
            at: '09:00',
            timezone: 'Europe/Berlin',
          }
        : { cron: '0 9 1 * ? *', timezone: 'UTC' },
    patches: { kinds: ['security'], severity: { atLeast: 'important', unrated: 'include' }, leaveOut: [] },
    waves: [
      {
        name: 'test',
        nodes: {},
        soak: 0,
        promoteWhen: { provenOn: 1, failed: { count: 0 }, unreachable: { count: 0 } },
        stopWhen: { failed: { count: 1 }, unreachable: { count: 1 } },
      },
    ],
    tell: { ops: ['held'], security: ['failed', 'done'] },
  })),
});

const scratch = mkdtempSync(join(tmpdir(), 'wavelock-infra-'));

/** A folder with an `index.js` that exports a handler for each function: synth needs the file, not what it does. */
export function functionsDirectory(): string {
  const directory = join(scratch, 'functions');
  mkdirSync(directory, { recursive: true });
  const names = [...Object.keys(tasks), ...reactions];
  writeFileSync(join(directory, 'index.js'), names.map((name) => `exports.${name} = async () => {};`).join('\n'));
  return directory;
}

/** Path of the policy's JSON, which also serves where only a file must be there. */
export function policyPath(): string {
  const path = join(scratch, 'policy.json');
  writeFileSync(path, JSON.stringify(policyFile));
  return path;
}

/** The app before synth: for checks that walk constructs. */
export async function openWorld(context: Record<string, string>, file = policyFile) {
  const path = policyPath();
  const outdir = mkdtempSync(join(scratch, 'out-'));
  const { app, settings } = openApp(outdir, { region: 'eu-central-1', ...(context.mode === 'patch' && { policy: path }), ...context });
  const policy = settings.policy === undefined ? undefined : { file, path };
  await addStacks(app, settings, { functionsDirectory: functionsDirectory(), policy, documents: readDocuments() });
  return { app, settings, outdir };
}

async function synthesise(context: Record<string, string>): Promise<Synth> {
  const { app, outdir } = await openWorld(context);
  const stacks = app.synth().stacks;
  const templates = Object.fromEntries(
    stacks.map((stack) => [stack.stackName, JSON.parse(readFileSync(stack.templateFullPath, 'utf8')) as Template]),
  );
  const hub = Object.entries(templates).find(([name]) => name.endsWith('-Hub'))?.[1];
  if (!hub) throw new Error('There is no hub among the stacks');
  return { templates, hub, outdir };
}

const made = new Map<string, Promise<Synth>>();

/** Templates of a context; each context is synthesised once a test file. */
export function synth(context: Record<string, string> = {}): Promise<Synth> {
  const key = JSON.stringify(context);
  const known = made.get(key) ?? synthesise(context);
  made.set(key, known);
  return known;
}

export const observe = { mode: 'observe', account: hubAccount };
export const patch = { mode: 'patch', account: hubAccount };
export const demo = { ...patch, locations: demoLocations };

/** Resources of a type, by logical id. */
export function resourcesOf(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** Properties of the resources of a type, by logical id. */
export function propertiesOf(template: Template, type: string): Record<string, Record<string, unknown>> {
  return Object.fromEntries(resourcesOf(template, type).map(([id, { Properties }]) => [id, Properties]));
}

/** One value under every key of a record: a single comparison then names what differs. */
export function each<T>(record: object, value: T): Record<string, T> {
  return Object.fromEntries(Object.keys(record).map((key) => [key, value]));
}

/** The only resource of a type whose logical id begins so; without the hash that CDK appends, if one is called exactly so. */
export function one(template: Template, type: string, prefix = ''): Resource {
  const all = resourcesOf(template, type);
  const exact = all.filter(([id]) => id.slice(0, -8) === prefix);
  const found = exact.length > 0 ? exact : all.filter(([id]) => id.startsWith(prefix));
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type} begin with "${prefix}": ${found.map(([id]) => id).join(', ')}`);
  return found[0]![1];
}

export interface Statement {
  /** Logical id of the resource that holds it. */
  holder: string;
  type: string;
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Principal?: unknown;
  actions: string[];
  /** As in the template: texts or references. */
  resources: unknown[];
  Condition?: Record<string, Record<string, unknown>>;
}

function list<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

interface RawStatement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Principal?: unknown;
  Action?: string | string[];
  Resource?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

/** Every policy statement anywhere in a template: of roles, keys, buckets, topics, queues, buses. */
export function statementsOf(template: Template): Statement[] {
  return Object.entries(template.Resources).flatMap(([holder, { Type: type, Properties }]) =>
    policiesIn(Properties).map(({ Action, Resource, ...rest }) => ({ ...rest, holder, type, actions: list(Action), resources: list(Resource) })),
  );
}

function policiesIn(value: unknown): RawStatement[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Effect' in value && 'Action' in value) return [value as RawStatement];
  return Object.values(value).flatMap(policiesIn);
}

/** A reference or text of a template, readable: `${Store.Arn}/*`. */
export function readable(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[kind, content] = ['', '']] = Object.entries(value);
  if (kind === 'Ref') return `\${${String(content)}}`;
  if (kind === 'Fn::GetAtt') return `\${${(content as string[]).join('.')}}`;
  if (kind === 'Fn::Join') return (content as [string, unknown[]])[1].map(readable).join((content as [string, unknown[]])[0]);
  return JSON.stringify(value);
}

/** What a role may do: statements of its policies, by the beginning of its logical id. */
export function grantsOf(template: Template, rolePrefix: string): Statement[] {
  const policies = resourcesOf(template, 'AWS::IAM::Policy').filter(([, { Properties }]) =>
    list(Properties.Roles).some((role) => readable(role).startsWith(`\${${rolePrefix}`)),
  );
  const holders = new Set(policies.map(([id]) => id));
  return statementsOf(template).filter(({ holder }) => holders.has(holder));
}
