/** Resource Groups Tagging API: tags of managed instances, a hundred a call (GetResources, API reference). */
import { AwsError, type Input, type Service } from '../types.ts';
import { pageOf } from './listing.ts';

/** The managed instances of a location with their Systems Manager tags: only `mi-*` nodes have them. */
export interface TaggedNodes {
  hybridTags(account: string, region: string): { id: string; tags: Record<string, string> }[];
}

const RESOURCE_TYPE = 'ssm:managed-instance';
/** GetResources: ResourcesPerPage 1-100, default 50. */
const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 100;

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
            const filters: TagFilter[] = input.TagFilters ?? [];
            const tagged = nodes
              .hybridTags(account, region)
              .filter(({ tags }) => Object.keys(tags).length > 0 && filters.every((one) => passes(tags, one)));
            const size: number = input.ResourcesPerPage ?? DEFAULT_PAGE;
            if (size < 1 || size > LARGEST_PAGE) throw new AwsError('InvalidParameterException', 'ResourcesPerPage must be between 1 and 100');
            const { items, next = '' } = pageOf(tagged, size, input.PaginationToken || undefined, 'PaginationTokenExpiredException');
            return {
              PaginationToken: next,
              ResourceTagMappingList: items.map((node) => ({
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

interface TagFilter {
  Key?: string;
  Values?: string[];
}

/** Every filter must hold, with any of its values; without values any value will do (API reference, GetResources, TagFilters). */
function passes(tags: Record<string, string>, { Key = '', Values = [] }: TagFilter): boolean {
  const value = tags[Key];
  return value !== undefined && (Values.length === 0 || Values.includes(value));
}
