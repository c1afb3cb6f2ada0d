import { describe, expect, it } from 'vitest';
import { codeOf, isDenied, problemOf } from '../../lambdas/aws/survey/errors.ts';
import { atMost, createLook, pages } from '../../lambdas/aws/survey/look.ts';

/** An error as the SDK throws it for an answer of AWS (Smithy, ServiceException). */
function serviceError(name: string, message = 'no'): Error {
  return Object.assign(new Error(message), { name, $fault: 'client' });
}

describe('a look', () => {
  it('notes once what may not be seen, under one code whatever the service calls it', async () => {
    const look = createLook('111111111111/eu-central-1');
    for (const name of ['UnauthorizedOperation', 'AccessDeniedException', 'AccessDenied', 'AuthorizationErrorException']) {
      expect(await look.see('ec2:DescribeInstances', () => Promise.reject(serviceError(name)))).toBeUndefined();
    }
    expect(look.blind).toEqual([
      {
        where: '111111111111/eu-central-1',
        what: expect.stringContaining('what runs'),
        action: 'ec2:DescribeInstances',
        code: 'AccessDenied',
        message: 'no',
      },
    ]);
  });

  it.each(['ThrottlingException', 'InternalServerError', 'AuthFailure'])('goes on after %s, with its name', async (name) => {
    const look = createLook('x');
    await look.see('ssm:ListDocuments', () => Promise.reject(serviceError(name)));
    expect(look.blind).toMatchObject([{ code: name }]);
  });

  it('goes on where a Region cannot be reached', async () => {
    const look = createLook('x');
    const error = Object.assign(new Error('getaddrinfo ENOTFOUND ssm.xx-none-1.amazonaws.com'), { code: 'ENOTFOUND' });
    await look.see('ssm:ListDocuments', () => Promise.reject(error));
    expect(look.blind).toMatchObject([{ code: 'ENOTFOUND' }]);
  });

  it('does not swallow mistakes of ours', async () => {
    await expect(createLook('x').see('ssm:ListDocuments', () => Promise.reject(new TypeError('undefined is not a function')))).rejects.toThrow(
      TypeError,
    );
  });
});

describe('errors', () => {
  it.each([
    ['CredentialsProviderError', 'Could not load credentials from any providers', 'no-credentials'],
    ['CredentialsProviderError', 'Could not resolve credentials using profile: [x] in configuration/credentials file(s).', 'no-profile'],
    ['ExpiredTokenException', 'The security token included in the request is expired', 'expired'],
    ['InvalidClientTokenId', 'The security token included in the request is invalid.', 'rejected'],
    ['TimeoutError', 'connect timeout', 'unreachable'],
    ['Error', 'Region is missing', 'no-region'],
  ])('%s "%s" means %s', (name, message, problem) => {
    expect(problemOf(serviceError(name, message))?.problem).toBe(problem);
  });

  it('of several addresses of a host are read as their first', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:9'), { code: 'ECONNREFUSED' });
    expect(codeOf(new AggregateError([refused], ''))).toBe('ECONNREFUSED');
    expect(isDenied(refused)).toBe(false);
  });
});

describe('reading', () => {
  it('goes through short and empty pages to the end', async () => {
    const all = [['a'], [], ['b', 'c']];
    const read = (token: string | undefined) => {
      const index = Number(token ?? 0);
      return Promise.resolve({ items: all[index], next: index < 2 ? String(index + 1) : '' });
    };
    expect(await pages(read)).toEqual(['a', 'b', 'c']);
    expect(await pages(read, (items) => items.length > 0)).toEqual(['a']);
  });

  it('runs no more jobs at once than allowed, and keeps their order', async () => {
    let running = 0;
    let most = 0;
    const jobs = Array.from({ length: 9 }, (_, index) => async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => void setImmediate(resolve));
      running--;
      return index;
    });
    expect(await atMost(3, jobs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(most).toBe(3);
  });
});
