/** Automation runbooks of a fleet's owner, as `fleet.yaml` describes them: one step, of which is said here what it does on a node. */
import type { Host } from './host.ts';
import type { UserRunbook } from './types.ts';

/** A runbook's texts, version by version; the last one is the default. */
export interface Runbook {
  name: string;
  versions: string[];
  role: string;
  /** How long it is at work on a node, milliseconds; never to end by itself: Infinity. */
  milliseconds(host: Host): number;
  /** Does its work on a node. Answers why it failed, or nothing. */
  work(host: Host, parameters: Record<string, string>): string | undefined;
}

/** The runbooks of a fleet file. */
export function userRunbooks(runbooks: Record<string, UserRunbook>): Runbook[] {
  return Object.entries(runbooks).map(([name, { version = 1, parameters = {}, role, seconds = 10, failsOn = [], hangsOn = [] }]) => ({
    name,
    role,
    versions: Array.from({ length: version }, (_, index) => contentOf(`${name}, version ${index + 1}`, parameters)),
    milliseconds: (host) => (isAmong(hangsOn, host) ? Infinity : seconds * 1_000),
    work(host, values) {
      if (isAmong(failsOn, host)) return 'Step fails when it is Execute action. this node is not in a state for it';
      host.ran.set(name, values);
      return undefined;
    },
  }));
}

function isAmong(nodes: string[], host: Host): boolean {
  return nodes.includes(host.id) || nodes.includes(host.name);
}

/** Schema 0.3, with the role's parameter as AWS's own runbooks have it (User Guide, "Data elements and parameters"). */
function contentOf(description: string, parameters: Record<string, string[]>): string {
  const declared = Object.fromEntries(Object.entries(parameters).map(([key, allowedValues]) => [key, { type: 'String', allowedValues }]));
  return JSON.stringify({
    schemaVersion: '0.3',
    description,
    assumeRole: '{{ AutomationAssumeRole }}',
    parameters: { ...declared, InstanceId: { type: 'String' }, AutomationAssumeRole: { type: 'String', default: '' } },
    mainSteps: [
      { name: 'Run', action: 'aws:executeScript', inputs: { Runtime: 'python3.11', Handler: 'run', Script: 'def run(events, context): pass' } },
    ],
  });
}
