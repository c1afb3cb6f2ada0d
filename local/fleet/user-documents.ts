/**
 * Command documents that are not Wavelock's: those that `fleet.yaml` describes, and AWS's own that ours run. Each has one script a
 * platform; what it does is said here.
 */
import { EXIT } from './document-flow.ts';
import type { Host } from './host.ts';
import type { Behaviours, StepContext, StepExit } from './plugins.ts';
import type { UserDocument } from './types.ts';

/** A document's text, version by version; the last one is the default. */
export interface DocumentTexts {
  name: string;
  versions: string[];
}

const PLATFORMS = [
  { platform: 'Linux', action: 'aws:runShellScript' },
  { platform: 'Windows', action: 'aws:runPowerShellScript' },
] as const;

/** A script that hangs is ended by its own time-out: 3,600 s where a document says nothing (User Guide, "aws:runShellScript"). */
const FOR_EVER = 365 * 24 * 3_600;

/** The documents of a fleet file, as Systems Manager stores them. */
export function userDocuments(documents: Record<string, UserDocument>): DocumentTexts[] {
  return Object.entries(documents).map(([name, { version = 1, parameters = {} }]) => {
    const declared = Object.fromEntries(Object.entries(parameters).map(([key, allowedValues]) => [key, { type: 'String', allowedValues }]));
    return {
      name,
      versions: Array.from({ length: version }, (_, index) => contentOf(`${name}, version ${index + 1}`, { prefix: 'Run', parameters: declared })),
    };
  });
}

/** What they do, by `Name/Step`. */
export function userBehaviours(documents: Record<string, UserDocument>): Behaviours {
  const entries = Object.entries(documents).flatMap(([name, document]) =>
    PLATFORMS.map(({ platform }) => [`${name}/Run${platform}`, (context: StepContext) => runUserDocument(context, { name, document })] as const),
  );
  return Object.fromEntries(entries);
}

async function runUserDocument(
  { host, process, parameters }: StepContext,
  { name, document }: { name: string; document: UserDocument },
): Promise<StepExit> {
  const { seconds = 10, failsOn = [], hangsOn = [], rebootsOn = [] } = document;
  const isAmong = (nodes: string[]): boolean => nodes.includes(host.id) || nodes.includes(host.name);
  await process.sleep(isAmong(hangsOn) ? FOR_EVER : seconds);
  if (isAmong(failsOn)) return { code: 1, stderr: 'this node is not in a state for it' };
  if (isAmong(rebootsOn)) return { code: host.platform.os === 'windows' ? EXIT.rebootWindows : EXIT.rebootLinux };
  host.ran.set(name, parameters);
  return { code: 0, stdout: 'done' };
}

/**
 * AWS-RunPatchBaseline as far as ours run it: Operation Scan, whose result Patch Manager shows. Steps and parameter are those of the
 * document that AWS publishes (User Guide, "SSM Command document for patching: AWS-RunPatchBaseline").
 */
export const awsDocuments: DocumentTexts[] = [
  {
    name: 'AWS-RunPatchBaseline',
    versions: [
      contentOf('Scans for or installs patches.', {
        prefix: 'Patch',
        parameters: { Operation: { type: 'String', allowedValues: ['Scan', 'Install'] } },
      }),
    ],
  },
];

export const awsBehaviours: Behaviours = {
  'AWS-RunPatchBaseline/PatchLinux': scanForAws,
  'AWS-RunPatchBaseline/PatchWindows': scanForAws,
};

async function scanForAws({ host, process, parameters }: StepContext): Promise<StepExit> {
  if (parameters.Operation !== 'Scan') return { code: 1, stderr: `Operation ${parameters.Operation} is not simulated; there is Scan` };
  await process.sleep(scanSeconds(host));
  if (host.faults.awsScan !== undefined) return { code: 1, stderr: host.faults.awsScan };
  host.awsScanned = process.now();
  return { code: 0, stdout: 'Patch compliance was uploaded' };
}

function scanSeconds(host: Host): number {
  return 40 + Math.round(host.chance('aws scan') * 80);
}

function contentOf(description: string, { prefix, parameters }: { prefix: string; parameters: Record<string, unknown> }): string {
  const mainSteps = PLATFORMS.map(({ platform, action }) => ({
    action,
    name: `${prefix}${platform}`,
    precondition: { StringEquals: ['platformType', platform] },
    inputs: { runCommand: [`echo ${description}`] },
  }));
  return JSON.stringify({ schemaVersion: '2.2', description, parameters, mainSteps });
}
