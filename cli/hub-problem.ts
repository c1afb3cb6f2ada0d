/**
 * Why AWS did not do what a command asked of the hub, in words for people: who lacks what, and what to do about it. Pure but for the
 * environment's profile, which it names.
 */

/** The managed policies that the hub's stack makes for people, by the names of its outputs. */
export type PeoplePolicy = 'ReadersPolicy' | 'OperatorsPolicy';

export interface Asked {
  /** The policy that suffices for what was asked. */
  policy: PeoplePolicy;
  /** Where it was asked; `undefined` for AWS itself. */
  endpoint: string | undefined;
}

/** IAM User Guide, "Troubleshoot access denied error messages": the form that all services share. S3 puts the resource in quotation marks. */
const REFUSED = /User: (\S+) is not authorized to perform: ([\w:-]+\w)(?: on [^"]*?resource:? ?"?([^"\s]*)"?)?(.*)/s;

/** The words; `undefined` for what did not come from AWS or the way to it: a fault of ours, which is better seen whole. */
export function problemOf(error: unknown, asked: Asked): string | undefined {
  for (const one of chainOf(error)) {
    const words = denied(one, asked) ?? strangers(one, asked) ?? setUp(one) ?? network(one, asked) ?? missing(one);
    if (words !== undefined) return words;
  }
  const answered = chainOf(error).find((one) => '$metadata' in one || '$fault' in one);
  return answered && `AWS refuses: ${answered.name}: ${answered.message}`;
}

/** An error and what caused it: electrodb wraps the SDK's, Node.js those of several addresses. */
function chainOf(error: unknown, depth = 0): NodeJS.ErrnoException[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const more = error instanceof AggregateError ? error.errors : [];
  return [error, ...[error.cause, ...more].flatMap((one: unknown) => chainOf(one, depth + 1))];
}

function denied({ name, message }: Error, { policy }: Asked): string | undefined {
  const [, who = '', action = '', , rest = ''] = REFUSED.exec(message) ?? [];
  if (who === '') return /AccessDenied|NotAuthorized/.test(name) ? `AWS refuses: ${message}. ${attach('your role', policy)}` : undefined;
  const layer = /(?:with an explicit deny in an?|because no) ([a-z -]+? policy|permissions boundary)/.exec(rest)?.[1] ?? '';
  const may = `${who} may not ${action}`;
  if (rest.includes('explicit deny'))
    return `${may}: ${layer === '' ? 'a policy' : `${article(layer)} ${layer}`} denies it explicitly; ask whoever wrote that policy`;
  if (layer !== '' && !/^(identity-based|resource-based)/.test(layer)) return `${may}: no ${layer} allows it; ask whoever wrote that policy`;
  return `${may}. ${attach('that role or user', policy)}`;
}

function article(layer: string): string {
  return /^[aeiou]/.test(layer) ? 'an' : 'a';
}

function attach(whom: string, policy: PeoplePolicy): string {
  return `Attach to ${whom} the managed policy that the hub's stack names in its outputs as ${policy} (docs/permissions.md)`;
}

/** Credentials that AWS does not take, by the names that its services give them (Common errors of SSM, DynamoDB, S3 and STS). */
function strangers({ name, message }: Error, { endpoint }: Asked): string | undefined {
  if (/Expired/.test(name) || /security token.* expired/.test(message))
    return 'your AWS credentials have expired: log in again (such as `aws sso login`), then repeat this';
  if (
    !/^(UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignatureException|SignatureDoesNotMatch|InvalidToken)$/.test(name)
  )
    return undefined;
  const own = 'an embedded AWS makes new keys each time it starts, so take those that `wavelock local` printed';
  return endpoint === undefined
    ? `AWS does not know your credentials (${message}): \`aws sts get-caller-identity\` tells who you are to AWS`
    : `${endpoint} does not know your credentials: ${own}`;
}

/** What the SDK finds wrong before it asks anybody. */
function setUp({ name, message }: Error): string | undefined {
  if (/Region is missing/.test(message) || (/Region not accepted/.test(message) && process.env.AWS_REGION === ''))
    return 'AWS cannot be asked: no Region is chosen (AWS_REGION, or `region` of your profile)';
  if (/Region not accepted/.test(message))
    return `AWS cannot be asked: "${process.env.AWS_REGION || 'that of your profile'}" is no Region: expected one such as eu-central-1 (AWS_REGION)`;
  if (name !== 'CredentialsProviderError' && name !== 'TokenProviderError' && !/Could not load credentials/.test(message)) return undefined;
  const profile = process.env.AWS_PROFILE;
  if (profile !== undefined && profile !== '') return `AWS cannot be asked: the profile ${profile} (AWS_PROFILE) gives no credentials: ${message}`;
  return `AWS cannot be asked: ${message}. Choose a profile (AWS_PROFILE) or log in; for an embedded AWS use --endpoint, and the keys that \`wavelock local\` printed`;
}

/** Errors of the connection, as Node.js names them. */
const NOT_REACHED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|EHOSTUNREACH|ENETUNREACH|EPROTO|ERR_INVALID_URL|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+)$/;

function network(error: NodeJS.ErrnoException, { endpoint }: Asked): string | undefined {
  const where = endpoint ?? 'AWS';
  const { code, name, message } = error;
  if (NOT_REACHED.test(String(code)) || name === 'TimeoutError') {
    const first = message.trim().split('\n')[0] ?? '';
    const hint =
      endpoint === undefined
        ? 'is there a way to it from here, and is AWS_REGION right?'
        : 'is that the address, http and not https, that `wavelock local` printed, and does it still run?';
    return `${where} cannot be reached: ${first === '' ? String(code) : first} (${hint})`;
  }
  // What answers in HTML is some other server, or a proxy.
  return /Deserialization error/.test(message) || '$responseBodyText' in error
    ? `what answers at ${where} is not AWS: ${message.trim().split('\n')[0] ?? ''}`
    : undefined;
}

/** Parts of the hub that its own parameter names. */
function missing({ name, message }: Error): string | undefined {
  if (name === 'ResourceNotFoundException' || name === 'NoSuchBucket')
    return `the hub names a record or store that is not there (${message}): was its stack removed?`;
  return undefined;
}
