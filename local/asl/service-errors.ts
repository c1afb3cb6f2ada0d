import { AwsError, type Random } from '../types.ts';
import { StatesError } from './errors.ts';

/** How Step Functions names and words the errors of a service that a task calls. */
export interface ErrorWords {
  /** Prefix of error names: `Lambda`, `StepFunctions`, `Ssm`. */
  prefix: string;
  /** Name of what the service's model doesn't list (no permission, throttled): `AWSLambdaException`, `SsmException`. */
  generic: string;
  /** `optimized` integrations and those of the AWS SDK word the cause differently. */
  wording: { kind: 'optimized'; service: string } | { kind: 'sdk' };
}

/**
 * Error codes that any service may answer and that Step Functions reports under the service's generic name:
 * https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html, and the older spellings of S3, STS, SNS and EC2.
 */
const common = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthFailure',
  'AuthorizationError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InternalFailure',
  'InvalidClientTokenId',
  'MalformedHttpRequestException',
  'NotAuthorized',
  'OptInRequired',
  'RequestAbortedException',
  'RequestEntityTooLargeException',
  'RequestExpired',
  'RequestLimitExceeded',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'UnauthorizedOperation',
  'UnrecognizedClientException',
  'UnknownOperationException',
  'ValidationError',
]);

const denials = new Set(['AccessDenied', 'AccessDeniedException', 'AuthorizationError', 'NotAuthorized', 'UnauthorizedOperation']);

/** Whether a call was refused for want of permission. */
export function isDenied(error: unknown): boolean {
  return error instanceof AwsError && denials.has(error.code);
}

/**
 * A service's error as the failure of a state: `Ssm.InvalidDocumentException`, `Lambda.TooManyRequestsException`.
 *
 * https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html#sdk-integration-error-names and recorded causes in
 * github.com/localstack/localstack, tests/aws/services/stepfunctions/v2/error_handling
 *
 * @throws whatever was thrown, when it is no error of a service: a fault of this emulator must not look like one
 */
export function serviceError(thrown: unknown, words: ErrorWords, random: Random): StatesError {
  if (!(thrown instanceof AwsError)) throw thrown;
  const { code, statusCode, message } = thrown;
  const name = common.has(code) ? words.generic : code.endsWith('Exception') ? code : `${code}Exception`;
  const id = random.uuid();
  const { wording } = words;
  const origin =
    wording.kind === 'sdk'
      ? `(Service: ${words.prefix}, Status Code: ${statusCode}, Request ID: ${id})`
      : `(Service: ${wording.service}; Status Code: ${statusCode}; Error Code: ${code}; Request ID: ${id}; Proxy: null)`;
  return new StatesError({ error: `${words.prefix}.${name}`, cause: `${message} ${origin}` });
}
