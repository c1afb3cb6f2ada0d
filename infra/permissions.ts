/**
 * Writes docs/permissions.md from the templates themselves: `npx tsx infra/permissions.ts`. A test holds the page to what is deployed.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PolicyFile } from '../lambdas/core/model.ts';
import { addStacks, openApp } from './build.ts';
import type { DeployMode } from './context.ts';
import { readDocuments } from './ingredients.ts';

interface Template {
  Resources: { [id: string]: { Type: string; Properties: { [name: string]: unknown } } };
}

interface Grant {
  /** Which role, in words. */
  who: string;
  actions: string[];
  on: string;
}

/** A policy file with everything that brings permissions: somebody to tell, and Slack. */
const samplePolicy = PolicyFile.parse({
  version: 1,
  mode: 'observe',
  windows: { erp: { ssm: 'mw-0123456789abcdef0', lastStart: 0 } },
  people: { people: { email: ['people@example.com'], slack: { secret: 'slack-secret' } } },
  policies: [],
});

/** The same with policies that have something to stand in for a fix, in each of its forms. */
const standIns = PolicyFile.parse({
  ...samplePolicy,
  policies: [{ run: 'Corp-Document' }, { lambda: 'corp-function' }, { automation: { document: 'Corp-Runbook', role: 'Corp-Role' } }].map(
    (form, index) => ({
      name: `policy-${index}`,
      mode: 'approve',
      nodes: {},
      startWhen: [{ knownExploited: true }],
      whileNoFix: { ...form, withdrawWhen: 'patched' },
      patches: { kinds: ['security'], severity: { atLeast: 'low', unrated: 'include' }, leaveOut: [] },
      waves: [
        {
          name: 'all',
          nodes: {},
          soak: 0,
          promoteWhen: { provenOn: 1, failed: { count: 0 }, unreachable: { count: 0 } },
          stopWhen: { failed: { count: 0 }, unreachable: { count: 0 } },
        },
      ],
      tell: {},
    }),
  ),
});

/** The template of a hub with its own spoke. */
async function templateOf(mode: DeployMode, file = samplePolicy): Promise<Template> {
  const directory = mkdtempSync(join(tmpdir(), 'wavelock-permissions-'));
  try {
    const path = join(directory, 'policy.json');
    writeFileSync(path, JSON.stringify(file));
    const functionsDirectory = join(directory, 'functions');
    mkdirSync(functionsDirectory);
    writeFileSync(join(functionsDirectory, 'index.js'), '');
    const context = { mode, policy: path, account: '111111111111', region: 'eu-central-1' };
    const { app, settings } = openApp(join(directory, 'out'), context);
    await addStacks(app, settings, { functionsDirectory, policy: { file, path }, documents: readDocuments() });
    const [hub] = app.synth().stacks;
    return JSON.parse(readFileSync(hub?.templateFullPath ?? '', 'utf8')) as Template;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A reference or text as one text: `${StoreBucket1A2B3C4D.Arn}/*`. */
function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[kind, content] = ['', '']] = Object.entries(value);
  if (kind === 'Ref') return `\${${content as string}}`;
  if (kind === 'Fn::GetAtt') return `\${${(content as string[]).join('.')}}`;
  const [separator, parts] = content as [string, unknown[]];
  return parts.map(textOf).join(separator);
}

/** Resources in words, first match counts. */
const words: [RegExp, (match: RegExpExecArray) => string][] = [
  [/^\*$/, () => 'actions that know no resources'],
  [/^\$\{RecordTable\w+\.Arn\}$/, () => 'the record'],
  [/^\$\{StoreBucket\w+\.Arn\}(\/\*)?$/, ([, objects]) => (objects === undefined ? 'the store' : 'objects of the store')],
  [/^\$\{StoreBucket\w+\.Arn\}\/advisories\/\*$/, () => 'what feeds have left in the store'],
  [/^\$\{SpokeLocksBucket\w+\.Arn\}\/(.*)$/, () => 'locks, in the lock bucket'],
  [/^\$\{Key\w+\.Arn\}$/, () => 'the hub’s key'],
  [/Logs\w{8}\.Arn\}$/, () => 'its own log group'],
  [/^\$\{Undelivered\w+\.Arn\}$/, () => 'the queue of undelivered events'],
  [/^\$\{NoticesTo/, () => 'the audiences’ topics'],
  [/^\$\{(Intake|Feed|Wave|Rollout)\w{8}\}$/, ([, machine]) => `the machine ${machine?.toLowerCase()}`],
  [/:execution:\$\{(Intake|Feed|Wave|Rollout)\w{8}\.Name\}(\/\*)?:\*$/, ([, machine]) => `executions of the machine ${machine?.toLowerCase()}`],
  [/^\$\{\w+\.Arn\}:\*$/, () => 'the functions that its text names'],
  [/:role\/Wavelock-Spoke-/, () => 'the spokes’ roles'],
  [/^arn:aws:s3:::cdk-.*\.json$/, () => 'the policy file as deployed'],
  [/:secret:(.*)$/, () => 'the Slack secrets that the policy file names'],
  [/:instance\/\*$|:managed-instance\/\*$/, () => 'nodes that carry the opt-in tag'],
  [/:document\/(Wavelock-\w+)-\w+$/, ([, name]) => `documents ${name}-*`],
  [/:document\/Corp-Document$/, () => 'the documents that policies name'],
  [/:document\/Corp-Runbook$/, () => 'the runbooks that policies name'],
  [/:automation-definition\/Corp-Runbook:\*$/, () => 'versions of these runbooks'],
  [/:automation-execution\/\*$/, () => 'executions: which may be started, the runbook decides'],
  [/:role\/Corp-Role$/, () => 'the roles that policies name for their runbooks, to Systems Manager only'],
  [/:function:corp-function$/, () => 'the functions that policies name'],
  [/:maintenancewindow\/mw-\w+$/, () => 'the maintenance windows that the policy file names'],
  [/:parameter(\/.*)$/, ([, name]) => `parameter ${name}`],
  [/:event-bus\/(.*)$/, () => 'the hub’s bus'],
  [/:opsitem\/\*$/, () => 'OpsItems, the tickets'],
  [/:rule\/(.*)$/, ([, name]) => `rule ${name}, which Step Functions itself keeps`],
];

function inWords(resource: unknown): string {
  const text = textOf(resource);
  for (const [pattern, say] of words) {
    const match = pattern.exec(text);
    if (match) return say(match);
  }
  throw new Error(`infra/permissions.ts has no words for the resource ${text}`);
}

function list<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

/** `PlanRolloutRole1A2B3C4D` → `PlanRollout`; the spoke's and the machines' roles by what they are. */
function roleInWords(role: string): string {
  const name = role.replace(/Role\w{8}$/, '');
  if (/^(Intake|Feed|Wave|Rollout)$/.test(name)) return `machine ${name.toLowerCase()}`;
  if (name === 'Schedules') return 'schedules';
  if (name === 'Starts') return 'rules that start machines';
  return name === 'SpokeForwarding' ? 'event rule' : name;
}

function grantsOf(template: Template): Grant[] {
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy')
    .flatMap(([id, { Properties }]) => {
      const { Statement } = Properties.PolicyDocument as { Statement: { Action: string | string[]; Resource: unknown; Condition?: object }[] };
      // A managed policy is for people: their roles are not in the template.
      const roles = Properties.Roles === undefined ? [] : list(Properties.Roles);
      const who =
        roles.map((role) => roleInWords(textOf(role).slice(2, -1))).join(', ') || (id.startsWith('OperatorsReaders') ? 'readers' : 'operators');
      return Statement.flatMap(({ Action, Resource, Condition }) => {
        const some = JSON.stringify(Condition ?? {}).includes('dynamodb:LeadingKeys') ? ': rollouts, waves, events, announcements, feeds' : '';
        const things = new Set(list(Resource).map((resource) => `${inWords(resource)}${some}`));
        return [...things].map((on) => ({ who, actions: list(Action), on }));
      });
    });
}

/** One line for each pair of action and resource, then lines of the same people on the same thing put together. */
function rowsOf(grants: Grant[]): Map<string, { actions: string[]; on: string; who: string }> {
  const holders = new Map<string, Set<string>>();
  for (const { who, actions, on } of grants) {
    for (const action of actions) {
      const key = `${action}\n${on}`;
      holders.set(key, (holders.get(key) ?? new Set()).add(who));
    }
  }
  const rows = new Map<string, { actions: string[]; on: string; who: string }>();
  for (const [key, people] of [...holders].toSorted(([left], [right]) => (left < right ? -1 : 1))) {
    const [action = '', on = ''] = key.split('\n');
    const who = [...people].join(', ');
    const row = rows.get(`${on}\n${who}`) ?? { actions: [], on, who };
    row.actions.push(action);
    rows.set(`${on}\n${who}`, row);
  }
  return rows;
}

function actionsInWords(actions: string[]): string {
  const byService = new Map<string, string[]>();
  for (const action of actions) {
    const [service = '', name = ''] = action.split(':');
    byService.set(service, [...(byService.get(service) ?? []), name]);
  }
  return [...byService].map(([service, names]) => `\`${service}\` ${names.join(', ')}`).join('; ');
}

/** Names that are most of all names are said as "all but". */
function peopleInWords(who: string, all: string[]): string {
  const people = who.split(', ');
  const missing = all.filter((name) => !people.includes(name));
  const others = people.filter((name) => !all.includes(name));
  if (people.length <= all.length / 2 || missing.length > 4) return who;
  const most = missing.length === 0 ? 'every function' : `every function but ${missing.join(', ')}`;
  return [most, ...others].join('; ');
}

function hubTable(template: Template): string {
  const grants = grantsOf(template).filter(({ who }) => who !== 'Spoke');
  const functions = Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => String(Properties.Handler).replace('index.', ''));
  const rows = [...rowsOf(grants).values()];
  const lines = rows.map(({ actions, on, who }) => `| ${peopleInWords(who, functions)} | ${actionsInWords(actions)} | ${on} |`);
  return ['| who | may | on |', '| --- | --- | --- |', ...lines].join('\n');
}

function spokeRows(template: Template): string[] {
  const rows = rowsOf(grantsOf(template).filter(({ who }) => who === 'Spoke'));
  return [...rows.values()].map(({ actions, on }) => `${actionsInWords(actions)} | ${on}`);
}

function spokeTable(observe: Template, patch: Template): string {
  const before = new Set(spokeRows(observe));
  const lines = spokeRows(patch).map((row) => `| ${row} | ${before.has(row) ? 'yes' : '**no**'} | yes |`);
  return ['| may | on | observe | patch |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** One grant for each action. */
function pairsOf({ who, actions, on }: Grant): Grant[] {
  return actions.map((action) => ({ who, actions: [action], on }));
}

/** What a template allows and another does not. */
function addedTable(before: Template, after: Template): string {
  const has = new Set(
    grantsOf(before)
      .flatMap(pairsOf)
      .map((pair) => JSON.stringify(pair)),
  );
  const added = grantsOf(after)
    .flatMap(pairsOf)
    .filter((pair) => !has.has(JSON.stringify(pair)));
  const lines = [...rowsOf(added).values()].map(
    ({ actions, on, who }) => `| ${who === 'Spoke' ? 'the spoke’s role' : who} | ${actionsInWords(actions)} | ${on} |`,
  );
  return ['| who | may | on |', '| --- | --- | --- |', ...lines].join('\n');
}

/** The whole page. */
export async function permissionsPage(): Promise<string> {
  const observe = await templateOf('observe');
  const patch = await templateOf('patch');
  const standing = await templateOf('patch', standIns);
  return `# What Wavelock may do

Written by \`npx tsx infra/permissions.ts\` from the templates that \`cdk deploy\` ships; a test fails when it is out of date. What is not
here is not allowed. The mode (\`-c mode=\`) decides what is *synthesised*: in \`observe\`, the default, no statement, function or document
exists that could change a node, an instance or a volume. A policy file can only be stricter.

## On nodes: the spoke’s role, one for each account and Region

Only the hub’s functions may assume it. A command needs both: a document of ours, and a node that carries the opt-in tag.

${spokeTable(observe, patch)}

Nodes themselves get one thing: any principal of their account may find and read locks in the lock bucket (\`s3\` GetObject and ListBucket, TLS only, in \`patch\`).

## In the hub’s account, in \`observe\`

${hubTable(observe)}

## In the hub’s account, in \`patch\`

${hubTable(patch)}

## With \`whileNoFix\` in a policy, in \`patch\`

Only where a policy names one, and only what it names: a document (\`run\`), a function (\`lambda\`), a runbook with its role (\`automation\`).

${addedTable(patch, standing)}

SendCommand stays tied to nodes with the opt-in tag. Invoke and StartAutomationExecution know no nodes that IAM could ask about: Wavelock asks for
the tag right before each call.

## People

Readers and operators are whoever you attach the managed policies \`ReadersPolicy\` and \`OperatorsPolicy\` to: people who look, and people who
announce advisories and approve, resume or abort rollouts. With \`-c inspector=true\` the spokes’ roles may also read Amazon Inspector: \`inspector2\`
ListCoverage, ListFindings, which know no resources. Where policies have \`hooks\`, the spokes’ roles may describe exactly these documents (\`ssm\`
DescribeDocument), to see before a rollout that they are there.

## Who is let in

The hub’s bus takes events from the accounts of the locations. The hub’s key may be used by CloudWatch Logs for this account’s log groups
and by CloudWatch alarms of this account; the alarms’ topic takes alarms of this account. Store, locks, queue and topics refuse anything
without TLS. In a VPC, functions may also make and drop their network interfaces.
`;
}

const page = new URL('../docs/permissions.md', import.meta.url);
if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, await permissionsPage());
