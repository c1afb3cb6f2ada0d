/** Automation runbooks as documents: what DescribeDocument and GetDocument say of them, and how a version is found. */
import { createHash } from 'node:crypto';
import { parseLocation } from '../../lambdas/core/model.ts';
import { object, parseObject } from '../json.ts';
import type { DocumentParameter } from '../fleet/document-content.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { AwsError, type CallContext, type Clock, type Input, type ServiceOperation } from '../types.ts';
import { documentAccess } from './ssm-documents.ts';
import type { SsmState, StoredRunbook } from './ssm-state.ts';

type Version = StoredRunbook['versions'][number];

/** The runbooks that a fleet's owner has, in every location. */
export function createFleetRunbooks({ state, fleet, clock }: { state: SsmState; fleet: Fleet; clock: Clock }): void {
  for (const { account, region } of fleet.locations.map(parseLocation)) {
    for (const runbook of fleet.runbooks) {
      const versions = runbook.versions.map((content, index): Version => ({
        version: index + 1,
        content,
        hash: createHash('sha256').update(content).digest('hex'),
        created: clock.now(),
        parameters: parametersOf(runbook.name, content),
      }));
      state.at(account, region).runbooks.set(runbook.name, { name: runbook.name, versions, runbook });
    }
  }
}

function parametersOf(name: string, content: string): Record<string, DocumentParameter> {
  const parameters = object(parseObject(content, `runbook ${name}`).parameters, `runbook ${name}: parameters`);
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, value as DocumentParameter]));
}

/** One version of a runbook of this location, if there is one. */
export function versionOf({ versions }: StoredRunbook, wanted = '$DEFAULT'): Version | undefined {
  return wanted.startsWith('$') ? versions.at(-1) : versions.find(({ version }) => String(version) === wanted);
}

/** The operations of documents, which answer for runbooks too. */
export function withRunbooks(state: SsmState, operations: Record<string, ServiceOperation>): Record<string, ServiceOperation> {
  const answers = {
    GetDocument: contentOf,
    DescribeDocument: (found: StoredRunbook, version: Version, context: CallContext) => ({ Document: description(found, version, context) }),
  };
  const of = (input: Input, { account, region }: CallContext) => state.at(account, region).runbooks.get(String(input.Name));
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      const answer = answers[name as keyof typeof answers];
      return [
        name,
        {
          access: (input, context) =>
            of(input, context) ? [documentAccess(`ssm:${name}`, String(input.Name), context, 'Automation')] : operation.access(input, context),
          run(input, context) {
            const found = of(input, context);
            if (!found) return operation.run(input, context);
            const version = versionOf(found, input.DocumentVersion);
            if (!version)
              throw new AwsError(
                'InvalidDocumentVersion',
                `The document version ${input.DocumentVersion} of ${found.name} is not valid or does not exist.`,
              );
            return answer(found, version, context);
          },
        } satisfies ServiceOperation,
      ];
    }),
  );
}

function contentOf({ name }: StoredRunbook, { version, content, created }: Version): Input {
  return {
    Name: name,
    CreatedDate: new Date(created),
    DocumentVersion: String(version),
    Status: 'Active',
    Content: content,
    DocumentType: 'Automation',
    DocumentFormat: 'JSON',
  };
}

function description({ name, versions }: StoredRunbook, { version, hash, created, parameters }: Version, { account }: CallContext): Input {
  return {
    Hash: hash,
    HashType: 'Sha256',
    Name: name,
    Owner: account,
    CreatedDate: new Date(created),
    Status: 'Active',
    DocumentVersion: String(version),
    Parameters: Object.entries(parameters).map(([Name, { default: given }]) => ({
      Name,
      Type: 'String',
      ...(given === undefined ? {} : { DefaultValue: String(given) }),
    })),
    PlatformTypes: ['Windows', 'Linux', 'MacOS'],
    DocumentType: 'Automation',
    SchemaVersion: '0.3',
    LatestVersion: String(versions.length),
    DefaultVersion: String(versions.length),
    DocumentFormat: 'JSON',
    Tags: [],
  };
}
