/** What can go wrong before or while somebody's accounts are looked at, told apart by what a person can do about it. */

/** Why nothing can be looked at. */
export type SurveyProblem = 'no-credentials' | 'no-profile' | 'no-region' | 'expired' | 'rejected' | 'unreachable' | 'role';

/** Ends the whole survey. `detail` is the SDK's or AWS's own sentence. */
export class SurveyError extends Error {
  override readonly name = 'SurveyError';

  constructor(
    readonly problem: SurveyProblem,
    readonly detail: string,
  ) {
    super(`${problem}: ${detail}`);
  }
}

/** Codes with which AWS refuses a call that an administrator could allow. Services do not agree on one name. */
const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthorizationError|AuthorizationErrorException|NotAuthorized)$/;
/** Keys that this endpoint does not know: wrong ones, or a Region that the account has not switched on (EC2 API reference, "Error codes"). */
const REJECTED = new Set([
  'AuthFailure',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'OptInRequired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
const EXPIRED = /^(ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired)$/;
/** Codes of Node.js: no such host, nobody listens, no way, too slow, a certificate of somebody else. */
const NETWORK = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|TimeoutError|ERR_TLS_.*|.*_CERT.*)$/;

/** AWS's code of an error, or the operating system's: `AccessDeniedException`, `ECONNREFUSED`. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  const { code, errors } = error as Error & { code?: unknown; errors?: unknown };
  // Node tries several addresses of a host and joins their errors.
  const [first] = Array.isArray(errors) ? errors : [];
  if (typeof code === 'string') return code;
  return first === undefined ? error.name : codeOf(first);
}

/** Whether IAM refused: everything else may still be seen. */
export function isDenied(error: unknown): boolean {
  return DENIED.test(codeOf(error)) || (error instanceof Error && DENIED.test(error.name));
}

/** What a failed first call means for the whole survey. */
export function problemOf(error: unknown): SurveyError | undefined {
  const code = codeOf(error);
  const name = error instanceof Error ? error.name : '';
  const detail = error instanceof Error ? error.message || code : String(error);
  if (/^(CredentialsProviderError|TokenProviderError|ProviderError)$/.test(name)) {
    const isProfile = /profile .*(could not be found|not found)|Could not resolve credentials using profile/i.test(detail);
    return new SurveyError(isProfile ? 'no-profile' : 'no-credentials', detail);
  }
  if (/^Region (is missing|not accepted)/.test(detail)) return new SurveyError('no-region', detail);
  if (EXPIRED.test(code) || EXPIRED.test(name)) return new SurveyError('expired', detail);
  if (REJECTED.has(code) || REJECTED.has(name)) return new SurveyError('rejected', detail);
  if (NETWORK.test(code) || NETWORK.test(name)) return new SurveyError('unreachable', `${code}: ${detail}`);
  return undefined;
}
