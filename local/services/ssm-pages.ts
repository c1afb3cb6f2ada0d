import { AwsError, type Random } from '../types.ts';

/** How often a page has fewer items than asked for, or none, though more follow: AWS promises neither. Shares from 0 to 1. */
export interface PageGaps {
  short: number;
  empty: number;
}

export interface Page<T> {
  items: T[];
  NextToken?: string;
}

/** One page of a list, with gaps. Tokens are opaque to callers. @throws AwsError InvalidNextToken */
export function page<T>(all: T[], limit: number, token: string | undefined, { random, gaps }: { random: Random; gaps: PageGaps }): Page<T> {
  const start = token === undefined ? 0 : position(token);
  const rest = all.length - start;
  let size = Math.min(limit, rest);
  if (size > 1) {
    const draw = random.next();
    if (draw < gaps.empty) size = 0;
    else if (draw < gaps.empty + gaps.short) size = Math.ceil(size / 2);
  }
  const items = all.slice(start, start + size);
  return start + size < all.length ? { items, NextToken: Buffer.from(`p:${start + size}`).toString('base64') } : { items };
}

function position(token: string): number {
  const match = /^p:(\d+)$/.exec(Buffer.from(token, 'base64').toString());
  if (!match) throw new AwsError('InvalidNextToken', 'The specified token is not valid.');
  return Number(match[1]);
}
