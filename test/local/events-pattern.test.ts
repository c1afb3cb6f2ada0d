import { describe, expect, it } from 'vitest';
import { readEventPattern } from '../../local/services/event-pattern.ts';

const event = {
  source: 'aws.ssm',
  account: '222222222222',
  'detail-type': 'EC2 Command Status-change Notification',
  resources: ['arn:aws:ec2:eu-west-1:2:instance/i-1', 'arn:aws:ec2:eu-west-1:2:instance/i-2'],
  detail: {
    'command-id': 'c-1',
    'document-name': 'Wavelock-Patch-Linux',
    status: 'Success',
    count: 7,
    ok: true,
    none: null,
    empty: [],
    parameters: { BatchId: ['b-1'] },
    list: [
      { name: 'a', size: 1 },
      { name: 'b', size: 2 },
    ],
  },
};

describe('event patterns match', () => {
  it.each<[string, unknown, boolean]>([
    ['an exact value', { source: ['aws.ssm'] }, true],
    ['any of several', { source: ['aws.ec2', 'aws.ssm'] }, true],
    ['all fields', { source: ['aws.ssm'], account: ['1'] }, false],
    ['nested fields', { detail: { status: ['Success'], count: [7] } }, true],
    ['numbers are not texts', { detail: { count: ['7'] } }, false],
    ['booleans', { detail: { ok: [true] } }, true],
    ['null', { detail: { none: [null] } }, true],
    ['null is not absence', { detail: { missing: [null] } }, false],
    ['any element of a list', { resources: ['arn:aws:ec2:eu-west-1:2:instance/i-2'] }, true],
    ['a value inside a list of a parameter', { detail: { parameters: { BatchId: ['b-1'] } } }, true],
    ['objects in a list, each as a whole', { detail: { list: { name: ['a'], size: [1] } } }, true],
    ['objects in a list, not mixed', { detail: { list: { name: ['a'], size: [2] } } }, false],
    ['prefix', { detail: { 'document-name': [{ prefix: 'Wavelock-' }] } }, true],
    ['prefix has case', { detail: { 'document-name': [{ prefix: 'wavelock-' }] } }, false],
    ['prefix without case', { detail: { 'document-name': [{ prefix: { 'equals-ignore-case': 'wavelock-' } }] } }, true],
    ['suffix', { detail: { 'document-name': [{ suffix: '-Linux' }] } }, true],
    ['suffix without case', { detail: { 'document-name': [{ suffix: { 'equals-ignore-case': '-LINUX' } }] } }, true],
    ['equals-ignore-case', { detail: { status: [{ 'equals-ignore-case': 'SUCCESS' }] } }, true],
    ['wildcard', { detail: { 'document-name': [{ wildcard: 'Wavelock-*-Linux' }] } }, true],
    ['wildcard of the whole value', { detail: { 'document-name': [{ wildcard: 'Wavelock-*-Lin' }] } }, false],
    ['anything-but', { detail: { status: [{ 'anything-but': 'Failed' }] } }, true],
    ['anything-but what it is', { detail: { status: [{ 'anything-but': ['Failed', 'Success'] }] } }, false],
    ['anything-but a number', { detail: { count: [{ 'anything-but': 7 }] } }, false],
    ['anything-but needs the field', { detail: { missing: [{ 'anything-but': 'x' }] } }, false],
    ['anything-but prefix', { detail: { status: [{ 'anything-but': { prefix: 'Suc' } }] } }, false],
    ['anything-but prefixes', { detail: { status: [{ 'anything-but': { prefix: ['Fa', 'Ti'] } }] } }, true],
    ['anything-but wildcard', { detail: { status: [{ 'anything-but': { wildcard: '*ess' } }] } }, false],
    ['anything-but in any case', { detail: { status: [{ 'anything-but': { 'equals-ignore-case': ['success'] } }] } }, false],
    ['exists', { detail: { status: [{ exists: true }] } }, true],
    ['exists with null', { detail: { none: [{ exists: true }] } }, true],
    ['exists false', { detail: { missing: [{ exists: false }] } }, true],
    ['exists false of what is there', { detail: { status: [{ exists: false }] } }, false],
    ['an object is no leaf', { detail: { parameters: [{ exists: true }] } }, false],
    ['an empty list is nothing', { detail: { empty: [{ exists: false }] } }, true],
    ['exists false or a value', { detail: { missing: ['x', { exists: false }] } }, true],
    ['numeric', { detail: { count: [{ numeric: ['>', 5, '<=', 7] }] } }, true],
    ['numeric outside', { detail: { count: [{ numeric: ['>', 7] }] } }, false],
    ['numeric on text', { detail: { status: [{ numeric: ['>', 0] }] } }, false],
    ['$or', { $or: [{ source: ['aws.ec2'] }, { detail: { status: ['Success'] } }] }, true],
    ['$or with none', { $or: [{ source: ['aws.ec2'] }, { detail: { status: ['Failed'] } }] }, false],
    ['$or beside other fields', { source: ['aws.ec2'], $or: [{ account: ['222222222222'] }] }, false],
    ['$or below', { detail: { $or: [{ status: ['Failed'] }, { count: [7] }] } }, true],
    ['a field below a missing one', { detail: { missing: { below: [{ exists: false }] } } }, true],
  ])('%s', (_name, pattern, expected) => {
    expect(readEventPattern(pattern)(event)).toBe(expected);
    expect(readEventPattern(JSON.stringify(pattern))(event)).toBe(expected);
  });
});

describe('event patterns are refused', () => {
  it.each<[string, unknown, string]>([
    ['a bare value', { source: 'aws.ssm' }, 'source: must be a list or an object'],
    ['an empty list', { source: [] }, 'an empty list'],
    ['an unknown comparison', { detail: { ip: [{ cidr: '10.0.0.0/8' }] } }, 'detail: ip: the comparison {"cidr":"10.0.0.0/8"}'],
    ['an unknown anything-but', { source: [{ 'anything-but': { cidr: 'x' } }] }, 'anything-but with "cidr"'],
    ['a broken numeric', { n: [{ numeric: ['>>', 1] }] }, 'is not understood'],
    ['text that is no JSON', '{', 'EventPattern is not JSON'],
  ])('%s', (_name, pattern, message) => {
    expect(() => readEventPattern(pattern)).toThrow(message);
  });
});
