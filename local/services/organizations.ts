/** AWS Organizations: the accounts of the fleet file's organization, for reading (Organizations API reference). */
import type { Surroundings } from '../fleet/surroundings.ts';
import { AwsError, type CallContext, type Input, type Service } from '../types.ts';
import { pageOf } from './listing.ts';

const ID = 'o-a1b2c3d4e5';
const JOINED = new Date(Date.UTC(2020, 0, 1));

/** ListAccounts, which the management account may call: the first of the fleet's accounts. Pages of 1 to 20. */
export function createOrganizations({ accounts }: Surroundings): { service: Service } {
  return {
    service: {
      name: 'organizations',
      sdk: '@aws-sdk/client-organizations',
      operations: {
        ListAccounts: {
          access: () => [{ action: 'organizations:ListAccounts', resource: '*' }],
          run: (input, context) => listAccounts(input, context, accounts),
        },
      },
    },
  };
}

function listAccounts({ MaxResults = 20, NextToken }: Input, { account }: CallContext, accounts: Surroundings['accounts']): Input {
  const [management] = accounts;
  if (!management) throw new AwsError('AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.');
  if (account !== management.id) {
    throw new AwsError('AccessDeniedException', "You don't have permissions to access this resource.");
  }
  if (MaxResults < 1 || MaxResults > 20) throw new AwsError('InvalidInputException', 'MaxResults must be between 1 and 20');
  const { items, next } = pageOf(accounts, MaxResults, NextToken, 'InvalidInputException');
  const Accounts = items.map(({ id, name }) => ({
    Id: id,
    Arn: `arn:aws:organizations::${management.id}:account/${ID}/${id}`,
    Name: name,
    Email: `${name}@example.com`,
    Status: 'ACTIVE',
    State: 'ACTIVE',
    JoinedMethod: 'CREATED',
    JoinedTimestamp: JOINED,
  }));
  return { Accounts, ...(next !== undefined && { NextToken: next }) };
}
