import { describe, expect, it } from 'vitest';
import { settleStandIn, whereItRuns } from '../../lambdas/core/triggers/stand-in.ts';
import { FLEET, NOW } from './triggers-world.ts';
import type { Node } from '../../lambdas/core/model.ts';
import type { Described } from '../../lambdas/core/triggers/stand-in.ts';

const WHERE = '111111111111/eu-central-1';
const DOCUMENT: Described = {
  name: 'Corp-MitigateService',
  version: '7',
  hash: 'a'.repeat(64),
  platforms: ['linux'],
  parameters: ['Action', 'Reason'],
};
const [first, ...others] = FLEET;
const windows: Node = { ...first!, id: 'i-00000000000000099', os: 'windows' };

describe('where a document that stands in can run', () => {
  it('is on nodes whose location has it, under the version and hash of now', () => {
    const { fleet, leftOut, documents } = whereItRuns(FLEET, new Map([[WHERE, DOCUMENT]]));
    expect([fleet.length, leftOut]).toEqual([FLEET.length, []]);
    expect(documents).toEqual({ [WHERE]: { 'mitigate-linux': { name: 'Corp-MitigateService', version: '7', hash: 'a'.repeat(64) } } });
  });

  it.each<[string, Described | undefined, Node, string]>([
    ['is not there', { missing: 'there is no document Corp-MitigateService' }, first!, `there is no document Corp-MitigateService in ${WHERE}`],
    ['was not looked for', undefined, first!, `it was not looked for in ${WHERE}`],
    ['cannot be told what to do', { ...DOCUMENT, parameters: ['Reason'] }, first!, `Corp-MitigateService has no parameter Action in ${WHERE}`],
    ['is not for its system', DOCUMENT, windows, 'Corp-MitigateService is not for Windows'],
  ])('is no node where it %s, and people read why', (_title, document, node, why) => {
    const { fleet, leftOut, documents } = whereItRuns([node], new Map(document ? [[WHERE, document]] : []));
    expect([fleet, leftOut, documents]).toEqual([[], [{ node, why }], {}]);
  });

  it('keeps the nodes apart: one that cannot does not keep others from it', () => {
    const { fleet, leftOut } = whereItRuns([windows, ...others], new Map([[WHERE, DOCUMENT]]));
    expect([fleet, leftOut.map(({ node }) => node)]).toEqual([others, [windows]]);
  });
});

describe('how it ended on a node', () => {
  const times = { sentAt: NOW, expiresAt: NOW + 4_200_000, now: NOW + 60_000 };
  const settle = (status: string, action = 'apply', more: { started?: boolean; taken?: boolean } = {}) =>
    settleStandIn({ status, started: false, taken: false, silentFor: undefined, heard: false, ...more }, times, action);

  it.each([
    ['Success', 'apply', 'mitigated'],
    ['Success', 'withdraw', 'withdrawn'],
    ['Failed', 'apply', 'failed'],
    ['Execution Timed Out', 'apply', 'failed'],
    ['Undeliverable', 'apply', 'unreachable'],
    ['Delivery Timed Out', 'apply', 'unreachable'],
    ['Cancelled', 'apply', 'unreachable'],
    ['SomethingNew', 'apply', 'unknown'],
  ])('%s, asked to %s: %s', (status, action, outcome) => {
    expect(settle(status, action)).toMatchObject({ state: 'done', outcome });
  });

  it('is not known of a node that was at work when the command expired: nobody else may have it yet', () => {
    expect(settle('DeliveryTimedOut', 'apply', { taken: true })).toMatchObject({ state: 'done', outcome: 'unknown', atWork: true });
  });

  it.each(['Pending', 'InProgress'])('is open while it is %s', (status) => {
    expect(settle(status)).toEqual({ state: 'open' });
  });
});
