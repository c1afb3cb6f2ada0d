import { createHash } from 'node:crypto';
import { isSupported } from '../fleet/document-flow.ts';
import { parseDocument, type DocumentContent, type DocumentParameter, type ParameterValues } from '../fleet/document-content.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { awsDocuments } from '../fleet/user-documents.ts';
import { parseLocation, type Os } from '../../lambdas/core/model.ts';
import { AwsError, type AccessRequest, type CallContext, type Clock, type Input, type ServiceOperation } from '../types.ts';
import { checkBounds } from './ssm-checks.ts';
import type { DocumentVersion, SsmState, StoredDocument } from './ssm-state.ts';

/** SSM API reference, SendCommand.DocumentName and GetDocument.Name. */
const NAME = /^[a-zA-Z0-9_\-.:/]{3,128}$/;
/** "Documents: 64 KB" (General Reference, Systems Manager quotas). */
const CONTENT_LIMIT = 64 * 1024;
/** Names that AWS keeps for itself (User Guide, "Creating SSM document content"). */
const RESERVED = /^(aws|amazon|amzn|AWSEC2|AWSConfigRemediation|AWSSupport)/i;

export interface DocumentSettings {
  name: string;
  /** An object, as a template carries it, or its text. */
  content: unknown;
  /** Only Command documents are simulated. */
  type?: string;
}

/** Stores a Command document, or a new version of it if its content changed; the newest is the default one. */
export function createDocument(
  location: { account: string; region: string },
  { name, content, type = 'Command' }: DocumentSettings,
  deps: { state: SsmState; fleet: Fleet; clock: Clock },
): StoredDocument {
  if (!NAME.test(name) || RESERVED.test(name)) throw new AwsError('ValidationException', `"${name}" can't be the name of a document`);
  if (type !== 'Command') throw new AwsError('NotImplemented', `The embedded AWS has no documents of type ${type} (${name})`, 501);
  const source = typeof content === 'string' ? content : JSON.stringify(content);
  if (Buffer.byteLength(source) > CONTENT_LIMIT) {
    throw new AwsError('MaxDocumentSizeExceeded', `${name} has ${Buffer.byteLength(source)} bytes, 65,536 are allowed`);
  }
  const document = parsed(name, source);
  const unknown = deps.fleet.unknownSteps(name, document);
  if (unknown.length > 0) throw new Error(`document ${name}: the simulated fleet does not know what its step ${unknown.join(', ')} does`);
  const { documents } = deps.state.at(location.account, location.region);
  const arn = `arn:aws:ssm:${location.region}:${location.account}:document/${name}`;
  const stored = documents.get(name) ?? { name, arn, versions: [], defaultVersion: 0 };
  documents.set(name, stored);
  if (stored.versions.at(-1)?.content === source) return stored;
  const hash = createHash('sha256').update(source).digest('hex');
  stored.defaultVersion = stored.versions.length + 1;
  stored.versions.push({ version: stored.defaultVersion, content: source, hash, created: deps.clock.now(), document });
  return stored;
}

/** The documents that a fleet's owner has, in every location. */
export function createFleetDocuments(deps: { state: SsmState; fleet: Fleet; clock: Clock }): void {
  for (const location of deps.fleet.locations.map(parseLocation)) {
    for (const { name, versions } of deps.fleet.documents) for (const content of versions) createDocument(location, { name, content }, deps);
  }
}

/** AWS's own documents, the same in every account; of each there is one version here. */
const ofAws = new Map(
  awsDocuments.map(({ name, versions: [content = ''] }): [string, StoredDocument] => {
    const hash = createHash('sha256').update(content).digest('hex');
    const version = { version: 1, content, hash, created: 0, document: parseDocument(name, content) };
    return [name, { name, arn: `arn:aws:ssm:::document/${name}`, versions: [version], defaultVersion: 1 }];
  }),
);

function parsed(name: string, source: string): DocumentContent {
  try {
    return parseDocument(name, source);
  } catch (error) {
    throw new AwsError('InvalidDocumentContent', error instanceof Error ? error.message : String(error));
  }
}

export interface FoundDocument {
  stored: StoredDocument;
  version: DocumentVersion;
}

/** Finds a document by name or ARN, and one of its versions. @throws AwsError InvalidDocument, InvalidDocumentVersion */
export function findDocument(state: SsmState, context: CallContext, name: string, version = '$DEFAULT'): FoundDocument {
  const arn = /^arn:aws:ssm:([^:]+):(\d{12}):document\/(.+)$/.exec(name);
  const own = !arn || (arn[1] === context.region && arn[2] === context.account);
  const stored = own ? (state.at(context.account, context.region).documents.get(arn?.[3] ?? name) ?? ofAws.get(name)) : undefined;
  if (!stored) throw new AwsError('InvalidDocument', `Document with name ${name} does not exist.`);
  const number = version === '$LATEST' ? stored.versions.length : version === '$DEFAULT' ? stored.defaultVersion : Number(version);
  const found = stored.versions.find((candidate) => candidate.version === number);
  if (!found) {
    throw new AwsError('InvalidDocumentVersion', `The document version ${version} of ${stored.name} is not valid or does not exist.`);
  }
  return { stored, version: found };
}

/** What IAM judges for a document: its ARN, and its type as a condition key. */
export function documentAccess(action: string, name: string, context: CallContext, type = 'Command'): AccessRequest {
  const resource = name.startsWith('arn:') ? name : `arn:aws:ssm:${context.region}:${context.account}:document/${name}`;
  return { action, resource, context: { 'ssm:DocumentType': [type] } };
}

/** Whether the document does anything on this operating system: one of its scripts must be meant for it. */
export function runsOn(document: DocumentContent, os: Os): boolean {
  const scripts = document.mainSteps.filter((step) => step.action.endsWith('Script'));
  return scripts.length === 0 || scripts.some((step) => isSupported(step.action, os) && meantFor(step.precondition?.StringEquals, os));
}

function meantFor(condition: string[] | undefined, os: Os): boolean {
  if (!condition?.includes('platformType')) return true;
  return condition.some((text) => text.toLowerCase() === os);
}

/** Checks parameters against the document's, as Systems Manager does before it accepts a command. @throws AwsError InvalidParameters */
export function checkParameters(document: Pick<DocumentContent, 'parameters'>, values: ParameterValues): void {
  for (const name of Object.keys(values)) {
    if (!document.parameters[name]) throw invalid(`Parameter "${name}" is not supported by this document.`);
  }
  for (const [name, parameter] of Object.entries(document.parameters)) {
    const value = values[name];
    if (value !== undefined) checkValue(name, parameter, value);
    else if (parameter.default === undefined) throw invalid(`Parameter "${name}" requires a value.`);
  }
}

function checkValue(name: string, parameter: DocumentParameter, values: string[]): void {
  const { type, allowedPattern, allowedValues, minChars, maxChars } = parameter;
  if (type !== 'StringList' && values.length !== 1) {
    throw invalid(`Parameter "${name}" is a ${type} and takes one value, not ${values.length}.`);
  }
  for (const value of values) {
    if (type === 'Integer' && !/^-?\d+$/.test(value)) throw invalid(`Parameter "${name}" has value "[${value}]" that is not an Integer.`);
    if (type === 'Boolean' && !/^(true|false)$/i.test(value)) {
      throw invalid(`Parameter "${name}" has value "[${value}]" that is not a Boolean.`);
    }
    if (allowedValues && !allowedValues.includes(value)) throw invalid('Parameters provided in document are invalid or not supported.');
    if (allowedPattern !== undefined && !new RegExp(allowedPattern).test(value)) {
      throw invalid(`Parameter "${name}" has value "[${value}]" not matching "${allowedPattern}".`);
    }
    if (value.length < (minChars ?? 0) || value.length > (maxChars ?? Infinity)) {
      throw invalid(`Parameter "${name}" has a value of ${value.length} characters.`);
    }
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameters', message);
}

/** GetDocument and DescribeDocument (SSM API reference). */
export function documentOperations(state: SsmState): Record<string, ServiceOperation> {
  const find = (input: Input, context: CallContext): FoundDocument => {
    checkBounds([
      ['name', input.Name, { pattern: NAME }],
      ['documentVersion', input.DocumentVersion, { pattern: /^(\$LATEST|\$DEFAULT|[1-9]\d*)$/ }],
    ]);
    return findDocument(state, context, input.Name, input.DocumentVersion);
  };
  return {
    GetDocument: {
      access: (input, context) => [documentAccess('ssm:GetDocument', String(input.Name), context)],
      run(input, context) {
        const { stored, version } = find(input, context);
        return {
          Name: stored.name,
          CreatedDate: new Date(version.created),
          DocumentVersion: String(version.version),
          Status: 'Active',
          Content: version.content,
          DocumentType: 'Command',
          DocumentFormat: 'JSON',
        };
      },
    },
    DescribeDocument: {
      access: (input, context) => [documentAccess('ssm:DescribeDocument', String(input.Name), context)],
      run: (input, context) => ({ Document: description(find(input, context), context) }),
    },
  };
}

function description({ stored, version }: FoundDocument, context: CallContext): Input {
  const parameters = Object.entries(version.document.parameters).map(([name, parameter]) => ({
    Name: name,
    Type: parameter.type === 'StringList' ? 'StringList' : 'String',
    ...(parameter.default === undefined ? {} : { DefaultValue: parameter.default.toString() }),
  }));
  return {
    Hash: version.hash,
    HashType: 'Sha256',
    Name: stored.name,
    Owner: context.account,
    CreatedDate: new Date(version.created),
    Status: 'Active',
    DocumentVersion: String(version.version),
    Parameters: parameters,
    PlatformTypes: platformTypes(version.document),
    DocumentType: 'Command',
    SchemaVersion: version.document.schemaVersion,
    LatestVersion: String(stored.versions.length),
    DefaultVersion: String(stored.defaultVersion),
    DocumentFormat: 'JSON',
    Tags: [],
  };
}

function platformTypes(document: DocumentContent): string[] {
  return [...(runsOn(document, 'windows') ? ['Windows'] : []), ...(runsOn(document, 'linux') ? ['Linux'] : [])];
}
