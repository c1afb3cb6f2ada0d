/** State Manager associations of the fleet file: ListAssociations and DescribeAssociation (SSM API reference). */
import type { Fleet } from '../fleet/fleet.ts';
import type { Association } from '../fleet/surroundings.ts';
import { AwsError, type CallContext, type Input, type Random, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';

export interface AssociationDeps {
  fleet: Fleet;
  random: Random;
  gaps: PageGaps;
}

/** Both; an association is described by its id only. */
export function associationOperations(deps: AssociationDeps): Record<string, ServiceOperation> {
  return {
    ListAssociations: {
      access: () => [{ action: 'ssm:ListAssociations', resource: '*' }],
      run(input, { account, region }) {
        refuseUnsupported('ListAssociations', input, ['AssociationFilterList']);
        checkBounds([['maxResults', input.MaxResults, { min: 1, max: 50 }]]);
        const all = deps.fleet.surroundings.at(account, region).associations.map(listed);
        const { items, NextToken } = page(all, input.MaxResults ?? 50, input.NextToken, deps);
        return { Associations: items, ...(NextToken === undefined ? {} : { NextToken }) };
      },
    },
    DescribeAssociation: {
      access: (input, { account, region }) => [
        { action: 'ssm:DescribeAssociation', resource: `arn:aws:ssm:${region}:${account}:association/${String(input.AssociationId)}` },
      ],
      run(input, context) {
        refuseUnsupported('DescribeAssociation', input, ['Name', 'InstanceId', 'AssociationVersion']);
        return { AssociationDescription: described(find(input.AssociationId, context, deps.fleet)) };
      },
    },
  };
}

function find(id: string, { account, region }: CallContext, fleet: Fleet): Association {
  const found = fleet.surroundings.at(account, region).associations.find((association) => association.id === id);
  if (!found) throw new AwsError('AssociationDoesNotExist', `The association ${id} does not exist.`);
  return found;
}

function listed({ id, name, document, schedule, targets }: Association): Input {
  return {
    Name: document,
    AssociationId: id,
    AssociationVersion: '1',
    AssociationName: name,
    Targets: targets,
    ...(schedule !== undefined && { ScheduleExpression: schedule }),
    Overview: { Status: 'Success', DetailedStatus: 'Success' },
  };
}

function described(association: Association): Input {
  const { operation } = association;
  return { ...listed(association), DocumentVersion: '$DEFAULT', Parameters: operation === undefined ? {} : { Operation: [operation] } };
}
