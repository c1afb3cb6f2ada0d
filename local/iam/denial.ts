import { AwsError, type AccessRequest, type Caller } from '../types.ts';
import type { Denial } from './judge.ts';

/**
 * How each service spells a refusal: error code and HTTP status, by signing name. Codes are those of the SDK's models
 * (`AccessDeniedException`, `AuthorizationErrorException` with the wire code `AuthorizationError`, …) and, for S3, STS, SQS and EC2, of
 * their "Common errors" pages.
 */
const codes: Record<string, { code: string; status: number }> = {
  ec2: { code: 'UnauthorizedOperation', status: 403 },
  lambda: { code: 'AccessDeniedException', status: 403 },
  monitoring: { code: 'AccessDenied', status: 403 },
  s3: { code: 'AccessDenied', status: 403 },
  scheduler: { code: 'AccessDeniedException', status: 403 },
  sns: { code: 'AuthorizationError', status: 403 },
  sqs: { code: 'AccessDenied', status: 403 },
  sts: { code: 'AccessDenied', status: 403 },
};

function onResource(request: AccessRequest, denial: Denial, service: string): string {
  // STS leaves the role out when its trust policy refuses (IAM User Guide, "Troubleshoot access denied error messages").
  if (denial.layer === 'role trust policy') return '';
  return service === 's3' ? ` on resource: "${request.resource}"` : ` on resource: ${request.resource}`;
}

function because(denial: Denial, request: AccessRequest): string {
  if (!denial.explicit) return ` because no ${denial.layer} allows the ${request.action} action`;
  if (denial.layer === 'role trust policy') return ' with an explicit deny in the role trust policy';
  return ` with an explicit deny in ${denial.layer.startsWith('i') ? 'an' : 'a'} ${denial.layer}`;
}

/**
 * The refusal as the caller sees it, in AWS's words (IAM User Guide, "Troubleshoot access denied error messages").
 *
 * @param service signing name of the service that was called: it decides code and status
 */
export function denialError(caller: Caller, request: AccessRequest, denial: Denial, service: string): AwsError {
  const { code, status } = codes[service] ?? { code: 'AccessDeniedException', status: 400 };
  const lead = service === 'ec2' ? 'You are not authorized to perform this operation. ' : '';
  const where = onResource(request, denial, service);
  return new AwsError(code, `${lead}User: ${caller.arn} is not authorized to perform: ${request.action}${where}${because(denial, request)}`, status);
}
