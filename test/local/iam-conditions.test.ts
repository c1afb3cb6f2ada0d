import { describe, expect, it } from 'vitest';
import { allow, ask, foreign, noIdentity, region, roleArn, verdict, type World } from './iam-world.ts';

function ownFolder(Team: string): World {
  return { tags: { Team }, identity: [allow('s3:GetObject', 'arn:aws:s3:::b/${aws:PrincipalTag/Team}/*')] };
}

const send = 'ssm:SendCommand';
const tagged = ask(send, '*', { context: { 'ssm:resourceTag/Wavelock': ['enabled'] } });
const untagged = ask(send);
const many = ask(send, '*', { context: { 'aws:TagKeys': ['a', 'b'] } });
const none = noIdentity(send);

describe('conditions', () => {
  it.each([
    ['StringEquals', { StringEquals: { 'ssm:resourceTag/Wavelock': 'enabled' } }, tagged, 'allowed'],
    ['StringEquals has case', { StringEquals: { 'ssm:resourceTag/Wavelock': 'Enabled' } }, tagged, none],
    ['names of keys have no case', { StringEquals: { 'SSM:ResourceTag/wavelock': 'enabled' } }, tagged, 'allowed'],
    ['StringEquals does not know wildcards', { StringEquals: { 'ssm:resourceTag/Wavelock': 'en*' } }, tagged, none],
    ['a missing key fails StringEquals', { StringEquals: { 'ssm:resourceTag/Wavelock': 'enabled' } }, untagged, none],
    ['StringEqualsIfExists passes a missing key', { StringEqualsIfExists: { 'ssm:resourceTag/Wavelock': 'enabled' } }, untagged, 'allowed'],
    ['StringEqualsIfExists judges a present key', { StringEqualsIfExists: { 'ssm:resourceTag/Wavelock': 'other' } }, tagged, none],
    ['StringNotEquals', { StringNotEquals: { 'ssm:resourceTag/Wavelock': 'enabled' } }, tagged, none],
    ['a missing key meets StringNotEquals', { StringNotEquals: { 'ssm:resourceTag/Wavelock': 'enabled' } }, untagged, 'allowed'],
    ['StringNotEquals means none of the values', { StringNotEquals: { 'ssm:resourceTag/Wavelock': ['x', 'enabled'] } }, tagged, none],
    ['StringEquals means any of the values', { StringEquals: { 'ssm:resourceTag/Wavelock': ['x', 'enabled'] } }, tagged, 'allowed'],
    ['StringEqualsIgnoreCase', { StringEqualsIgnoreCase: { 'ssm:resourceTag/Wavelock': 'ENABLED' } }, tagged, 'allowed'],
    ['StringNotEqualsIgnoreCase', { StringNotEqualsIgnoreCase: { 'ssm:resourceTag/Wavelock': 'ENABLED' } }, tagged, none],
    ['StringLike', { StringLike: { 'ssm:resourceTag/Wavelock': 'en?bl*' } }, tagged, 'allowed'],
    ['StringNotLike', { StringNotLike: { 'ssm:resourceTag/Wavelock': 'en*' } }, tagged, none],
    ['all operators must hold', { StringEquals: { 'ssm:resourceTag/Wavelock': 'enabled' }, Bool: { 'aws:SecureTransport': 'false' } }, tagged, none],
    ['all keys must hold', { StringEquals: { 'ssm:resourceTag/Wavelock': 'enabled', 'aws:PrincipalAccount': foreign } }, tagged, none],
    ['Bool of secure transport', { Bool: { 'aws:SecureTransport': 'true' } }, untagged, 'allowed'],
    ['Bool takes a JSON boolean', { Bool: { 'aws:SecureTransport': false } }, untagged, none],
  ])('%s', (_name, Condition, request, expected) => {
    expect(verdict({ identity: [allow(send, '*', { Condition })] }, request)).toBe(expected);
  });

  it.each([
    ['Null true means absent', { Null: { 'ssm:resourceTag/Wavelock': 'true' } }, untagged, 'allowed'],
    ['Null true fails when present', { Null: { 'ssm:resourceTag/Wavelock': 'true' } }, tagged, none],
    ['Null false means present', { Null: { 'ssm:resourceTag/Wavelock': 'false' } }, tagged, 'allowed'],
    ['ForAnyValue needs one', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['b', 'z'] } }, many, 'allowed'],
    ['ForAnyValue with none', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['z'] } }, many, none],
    ['ForAnyValue of nothing', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } }, untagged, none],
    ['ForAllValues needs all', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] } }, many, none],
    ['ForAllValues with all', { 'ForAllValues:StringLike': { 'aws:TagKeys': ['?'] } }, many, 'allowed'],
    ['ForAllValues of nothing', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] } }, untagged, 'allowed'],
    ['ForAnyValue negated: one that differs', { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['a'] } }, many, 'allowed'],
    ['ForAllValues negated: none equals', { 'ForAllValues:StringNotEquals': { 'aws:TagKeys': ['a'] } }, many, none],
    ['the role behind the session', { ArnEquals: { 'aws:PrincipalArn': roleArn } }, untagged, 'allowed'],
    ['ArnLike by segments', { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::*:role/app/*` } }, untagged, 'allowed'],
    ['an ARN star stays in its segment', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*' } }, untagged, none],
    ['ArnNotLike', { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/*' } }, untagged, none],
    ['the Region asked for', { StringEquals: { 'aws:RequestedRegion': ['eu-west-1', region] } }, untagged, 'allowed'],
    ['a tag of the role', { StringEquals: { 'aws:PrincipalTag/Team': 'night' } }, untagged, 'allowed'],
    ['a variable in a value', { StringEquals: { 'aws:PrincipalAccount': '${aws:ResourceAccount}' } }, untagged, 'allowed'],
    ['a missing variable never matches', { StringEquals: { 'ssm:resourceTag/Wavelock': '${aws:PrincipalTag/None}' } }, tagged, none],
    ['a default of a missing variable', { StringEquals: { 'ssm:resourceTag/Wavelock': "${aws:PrincipalTag/None, 'enabled'}" } }, tagged, 'allowed'],
  ])('%s', (_name, Condition, request, expected) => {
    expect(verdict({ identity: [allow(send, '*', { Condition })], tags: { Team: 'night' } }, request)).toBe(expected);
  });

  it.each([
    ['NumericEquals', '3', true],
    ['NumericEquals', '4', false],
    ['NumericNotEquals', '3', false],
    ['NumericNotEquals', '4', true],
    ['NumericLessThan', '3', false],
    ['NumericLessThan', '4', true],
    ['NumericLessThanEquals', '3', true],
    ['NumericLessThanEquals', '2', false],
    ['NumericGreaterThan', '2', true],
    ['NumericGreaterThan', '3', false],
    ['NumericGreaterThanEquals', '3', true],
    ['NumericGreaterThanEquals', '4', false],
  ])('%s compares 3 with %s as a number', (operator, value, expected) => {
    const request = ask('s3:ListBucket', '*', { context: { 's3:max-keys': ['3.0'] } });
    const world = { identity: [allow('s3:ListBucket', '*', { Condition: { [operator]: { 's3:max-keys': value } } })] };
    expect(verdict(world, request) === 'allowed').toBe(expected);
  });

  it('fills a variable into a resource and takes its wildcards literally', () => {
    expect(verdict(ownFolder('night'), ask('s3:GetObject', 'arn:aws:s3:::b/night/key'))).toBe('allowed');
    expect(verdict(ownFolder('*'), ask('s3:GetObject', 'arn:aws:s3:::b/night/key'))).toBe(noIdentity('s3:GetObject'));
  });

  it('refuses to guess when a key without set operator has several values', () => {
    const world = { identity: [allow(send, '*', { Condition: { StringEquals: { 'aws:TagKeys': 'a' } } })] };
    expect(verdict(world, many)).toContain('use ForAnyValue or ForAllValues');
  });
});
