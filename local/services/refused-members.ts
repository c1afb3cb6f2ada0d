import { AwsError } from '../types.ts';

const customerKey = ['SSECustomerAlgorithm', 'SSECustomerKey', 'SSECustomerKeyMD5'];
const grants = ['ACL', 'GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWriteACP', 'SSEKMSEncryptionContext', 'Expires'];
const reading = [
  ...customerKey,
  'IfModifiedSince',
  'IfUnmodifiedSince',
  'ResponseCacheControl',
  'ResponseContentDisposition',
  'ResponseContentEncoding',
  'ResponseContentLanguage',
  'ResponseContentType',
  'ResponseExpires',
];
const keyUse = ['DryRun', 'GrantTokens', 'Recipient'];
const fifo = ['MessageDeduplicationId', 'MessageGroupId'];

/**
 * Members of requests that AWS would act on and the embedded AWS does not, by operation: an error names them, as what is taken without a
 * word would be a lie. Members that change no answer here (checksum algorithms, who pays) are taken.
 */
const refused: Record<string, string[]> = {
  'ec2:DescribeInstances': ['DryRun'],
  'ec2:DescribeRegions': ['DryRun'],
  'ec2:DescribeTags': ['DryRun'],
  'events:PutEvents': ['EndpointId'],
  'events:PutRule': ['RoleArn', 'Tags'],
  'kms:Decrypt': keyUse,
  'kms:Encrypt': keyUse,
  'kms:GenerateDataKey': keyUse,
  'kms:GenerateDataKeyWithoutPlaintext': keyUse,
  'lambda:Invoke': ['DurableExecutionName', 'TenantId'],
  'lambda:ListFunctions': ['FunctionVersion', 'MasterRegion'],
  'logs:DescribeLogGroups': ['accountIdentifiers', 'includeLinkedAccounts', 'logGroupClass', 'logGroupIdentifiers'],
  'logs:DescribeLogStreams': ['descending', 'orderBy'],
  'logs:GetLogEvents': ['nextToken'],
  'monitoring:DescribeAlarms': ['ActionPrefix', 'ChildrenOfAlarmName', 'ParentsOfAlarmName'],
  'monitoring:GetMetricData': ['LabelOptions', 'MaxDatapoints', 'NextToken'],
  'monitoring:ListMetrics': ['IncludeLinkedAccounts', 'NextToken', 'OwningAccount', 'RecentlyActive'],
  's3:AbortMultipartUpload': ['IfMatchInitiatedTime'],
  's3:CompleteMultipartUpload': [...customerKey, 'MpuObjectSize'],
  's3:CopyObject': [
    ...customerKey,
    ...grants,
    'CopySourceIfMatch',
    'CopySourceIfModifiedSince',
    'CopySourceIfNoneMatch',
    'CopySourceIfUnmodifiedSince',
    'CopySourceSSECustomerAlgorithm',
    'CopySourceSSECustomerKey',
    'TaggingDirective',
  ],
  's3:CreateMultipartUpload': [...customerKey, ...grants],
  's3:DeleteObject': ['IfMatchLastModifiedTime', 'IfMatchSize', 'MFA'],
  's3:DeleteObjects': ['MFA'],
  's3:GetObject': [...reading, 'PartNumber'],
  's3:HeadObject': [...reading, 'PartNumber'],
  's3:ListObjectVersions': ['Delimiter'],
  's3:PutObject': [...customerKey, ...grants, 'WriteOffsetBytes'],
  's3:UploadPart': customerKey,
  'secretsmanager:CreateSecret': ['AddReplicaRegions', 'ForceOverwriteReplicaSecret'],
  'secretsmanager:PutSecretValue': ['RotationToken'],
  'sns:Publish': fifo,
  'sqs:ReceiveMessage': ['ReceiveRequestAttemptId'],
  'sqs:SendMessage': fifo,
  'ssm:DescribeDocument': ['VersionName'],
  'ssm:GetDocument': ['VersionName'],
  'sts:AssumeRole': ['ProvidedContexts', 'SerialNumber', 'TokenCode', 'TransitiveTagKeys'],
  'tagging:GetResources': ['ExcludeCompliantResources', 'IncludeComplianceDetails', 'ResourceARNList', 'TagsPerPage'],
};

/** @throws AwsError NotImplemented that names the members of a request which would be ignored; `false` asks for nothing */
export function refuseMembers(operation: string, input: Readonly<Record<string, unknown>> | undefined): void {
  const used = (refused[operation] ?? []).filter((member) => input?.[member] !== undefined && input[member] !== null && input[member] !== false);
  if (used.length > 0) throw new AwsError('NotImplemented', `The embedded AWS does not know ${used.join(', ')} of ${operation}`, 501);
}
