import { gunzipSync } from 'node:zlib';
import { AwsError } from '../types.ts';
import type { WireRequest } from './protocol.ts';

/**
 * Takes a body's wrappings off: `aws-chunked` with its trailers (which join the headers, as checksums of streamed S3 uploads), and
 * `gzip` (which CloudWatch's client uses for large requests; an S3 object may itself be gzip and stays as it is).
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export function unwrapBody(request: WireRequest, service: string): WireRequest {
  const encodings = (request.headers['content-encoding'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const streamed = request.headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true || encodings.includes('aws-chunked');
  if (streamed)
    return unchunked(
      request,
      encodings.filter((name) => name !== 'aws-chunked'),
    );
  if (service !== 's3' && encodings.includes('gzip')) return { ...request, body: unzipped(request.body) };
  return request;
}

/** No service here takes a request so large, unpacked. */
const LARGEST_UNPACKED = 64 * 1024 * 1024;

function unzipped(body: Buffer): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: LARGEST_UNPACKED });
  } catch (error) {
    throw new AwsError('SerializationException', `The body can't be unpacked: ${(error as Error).message}`);
  }
}

function unchunked(request: WireRequest, encodings: string[]): WireRequest {
  const headers = { ...request.headers };
  delete headers['content-encoding'];
  if (encodings.length > 0) headers['content-encoding'] = encodings.join(',');
  const { chunks, trailers } = readChunks(request.body);
  const body = Buffer.concat(chunks);
  const announced = headers['x-amz-decoded-content-length'];
  if (announced !== undefined && Number(announced) !== body.length) {
    throw new AwsError('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header');
  }
  return { ...request, headers: { ...headers, ...trailers }, body };
}

/** Chunks are `<hex length>[;extensions]CRLF<bytes>CRLF`; one of length 0 ends them, trailers `name:value` follow. */
function readChunks(body: Buffer): { chunks: Buffer[]; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = body.indexOf('\r\n', at);
    const length = lineEnd < 0 ? Number.NaN : parseInt(body.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(length)) throw new AwsError('IncompleteBody', 'The chunked body ends before its last chunk');
    if (length === 0) return { chunks, trailers: readTrailers(body.toString('latin1', lineEnd + 2)) };
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}

function readTrailers(text: string): Record<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}
