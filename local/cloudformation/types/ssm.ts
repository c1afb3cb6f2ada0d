import { optionalText, textOf, type Created, type Resource, type ResourceType } from '../resource-type.ts';
import type { Parts } from '../parts.ts';

function createDocument(resource: Resource, { ssm }: Parts): Created {
  const format = optionalText(resource, 'DocumentFormat') ?? 'JSON';
  if (format !== 'JSON') throw new Error(`DocumentFormat ${format} of ${resource.logicalId} is not known to the embedded AWS`);
  const name = optionalText(resource, 'Name') ?? resource.generatedName({ max: 128 });
  const stored = ssm.createDocument(resource.stack, { name, content: resource.properties.Content, type: optionalText(resource, 'DocumentType') });
  return { ref: stored.name };
}

function createParameter(resource: Resource, { ssm }: Parts): Created {
  const name = optionalText(resource, 'Name') ?? resource.generatedName({ max: 2_048 });
  const { type, value } = ssm.createParameter(resource.stack, { name, value: textOf(resource, 'Value'), type: textOf(resource, 'Type') });
  return { ref: name, attributes: { Type: type, Value: value } };
}

/** Documents and parameters of Systems Manager. */
export const ssmTypes: ResourceType[] = [
  {
    type: 'AWS::SSM::Document',
    honours: ['Content', 'DocumentFormat', 'DocumentType', 'Name'],
    withoutEffect: {
      TargetType: 'the fleet has one kind of targets',
      UpdateMethod: 'stacks are not updated here',
      VersionName: 'nothing here asks for a version by its name',
      Tags: 'no policy here asks for them',
    },
    create: createDocument,
  },
  {
    type: 'AWS::SSM::Parameter',
    honours: ['Name', 'Type', 'Value'],
    withoutEffect: { Description: 'for people', Tier: 'all are standard', Tags: 'no policy here asks for them' },
    create: createParameter,
  },
];
