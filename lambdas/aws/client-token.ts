import { createHash } from 'node:crypto';

/** A UUID made from a batch's name: always the same one, so that the same batch never starts twice (SSM API, StartAutomationExecution.ClientToken). */
export function clientToken(batch: string): string {
  const hash = createHash('sha256').update(batch).digest('hex');
  // Version 8: a UUID of one's own making (RFC 9562, section 5.8).
  return [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `a${hash.slice(17, 20)}`, hash.slice(20, 32)].join('-');
}
