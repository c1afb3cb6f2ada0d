import { AwsError } from '../types.ts';
import type { WireRequest } from './protocol.ts';

/** Who signed a request, and for which service and Region. */
export interface Scope {
  accessKeyId: string;
  sessionToken?: string;
  region: string;
  service: string;
}

/**
 * Reads the scope of a request's Signature Version 4, from its header or, presigned, from its query. The signature itself is not
 * verified: who knows an access key id of the embedded AWS has taken it from there.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 *
 * @param now milliseconds since the epoch, against which presigned requests expire
 * @throws AwsError for a request without signature, or presigned for a time that is over
 */
export function readScope(request: WireRequest, now: number): Scope {
  const header = /Credential=([^/,\s]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(request.headers['authorization'] ?? '');
  if (header) return scopeOf(header, request.headers['x-amz-security-token']);
  const query = new URLSearchParams(request.url.split(/\?(.*)/s)[1]);
  const presigned = /^([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request$/.exec(query.get('X-Amz-Credential') ?? '');
  if (!presigned) throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
  const signed = Date.parse((query.get('X-Amz-Date') ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(now <= signed + Number(query.get('X-Amz-Expires')) * 1000)) throw new AwsError('AccessDenied', 'Request has expired', 403);
  return scopeOf(presigned, query.get('X-Amz-Security-Token') ?? undefined);
}

function scopeOf([, accessKeyId = '', region = '', service = '']: RegExpExecArray, sessionToken: string | undefined): Scope {
  return { accessKeyId, sessionToken, region, service };
}
