import { SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTickets } from '../../lambdas/aws/tickets.ts';

afterEach(() => vi.restoreAllMocks());

/** Systems Manager answers everything so. */
function answers(name: string): void {
  vi.spyOn(SSMClient.prototype, 'send').mockImplementation(() => Promise.reject(Object.assign(new Error('not here'), { name })));
}

const TEXT = { key: 'k', title: 't', description: 'd', status: 'Open' as const, data: {} };

describe('a ticket that cannot be had', () => {
  // `AccessDeniedException` is what an organization's own policy says that forbids OpsItems: the exception named after them is about other accounts.
  it.each(['AccessDeniedException', 'ValidationException', 'OpsItemInvalidParameterException', 'OpsItemLimitExceededException'])(
    'because of %s keeps nobody from anything',
    async (name) => {
      answers(name);
      expect(await createTickets().open(TEXT)).toBeUndefined();
      expect(await createTickets().update('oi-1', TEXT)).toBe(false);
    },
  );

  it('because Systems Manager is busy is asked for again', async () => {
    answers('ThrottlingException');
    await expect(createTickets().open(TEXT)).rejects.toThrow('not here');
  });
});
