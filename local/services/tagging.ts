/** Resource Groups Tagging API: tags of managed instances, a hundred a call (GetResources, API reference). */
import { AwsError } from '../types.ts';
import type { Input, Service } from '../types.ts';

/** The managed instances of a location with their Systems Manager tags: only `mi-*` nodes have them. */
export interface TaggedNodes {
  hybridTags(account: string, region: string): { id: string; tags: Record<string, string> }[];
}

const RESOURCE_TYPE = 'ssm:managed-instance';
/** GetResources: ResourcesPerPage 1-100, default 50. */
const DEFAULT_PAGE = 50;

export function createTagging(nodes: TaggedNodes): { service: Service } {
  return {
    service: {
      name: 'tagging',
      sdk: '@aws-sdk/client-resource-groups-tagging-api',
      operations: {
        GetResources: {
          access: () => [{ action: 'tag:GetResources', resource: '*' }],
          run(input: Input, { account, region }) {
            const types: string[] = input.ResourceTypeFilters ?? [];
            const unknown = types.filter((type) => type !== RESOURCE_TYPE);
            if (unknown.length > 0 || types.length === 0)
              throw new AwsError(
                'InvalidParameterException',
                `embedded AWS knows tags of ${RESOURCE_TYPE} only, not of ${unknown.join(', ') || 'every type'}`,
              );
            // The API lists resources that have, or once had, tags (API reference, GetResources).
            const tagged = nodes.hybridTags(account, region).filter((node) => Object.keys(node.tags).length > 0);
            const start = Number(input.PaginationToken || 0);
            const size: number = input.ResourcesPerPage ?? DEFAULT_PAGE;
            return {
              PaginationToken: start + size < tagged.length ? String(start + size) : '',
              ResourceTagMappingList: tagged.slice(start, start + size).map((node) => ({
                ResourceARN: `arn:aws:ssm:${region}:${account}:managed-instance/${node.id}`,
                Tags: Object.entries(node.tags).map(([Key, Value]) => ({ Key, Value })),
              })),
            };
          },
        },
      },
    },
  };
}
