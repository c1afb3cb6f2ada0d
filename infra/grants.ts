/** What each function may do and is told: everything of a function that neither its name nor the machines say. */
import type { ReactionName, TaskName } from '../statemachines/contracts.ts';

export type FunctionName = TaskName | ReactionName;

/**
 * - `record:read`, `record:write`: items of the table; writing includes reading; `record:bulk` and `record:delete` as they say
 * - `store:read`, `store:write`: the bucket of plans, locks, feeds and reports; `store:forget`: what newer advisories have replaced there
 * - `spokes`: assume the spokes' roles, which decide what may be done to nodes
 * - `notify`: publish to the audiences' topics
 * - `wake`: end a wait of a state machine
 * - `policy`: read the policy file as it was deployed
 * - `secrets`: read the Slack webhooks
 * - `start`: publish to the hub's own bus, whose rules start machines
 * - `tickets`: open OpsItems, and bring them up to date
 * - `functions:look`, `functions:call`: see and invoke the functions that policies run where there is no fix; none where they name none
 */
export type Grant =
  | 'record:read'
  | 'record:write'
  | 'record:bulk'
  | 'record:delete'
  | 'store:read'
  | 'store:write'
  | 'store:forget'
  | 'spokes'
  | 'notify'
  | 'wake'
  | 'policy'
  | 'secrets'
  | 'start'
  | 'tickets'
  | 'functions:look'
  | 'functions:call';

/** What each function does with AWS; a function that its code doesn't name here is refused by IAM. */
export const grants: Record<FunctionName, readonly Grant[]> = {
  PickFeeds: ['record:write', 'policy'],
  PullFeed: ['record:write', 'record:bulk', 'store:read', 'store:write', 'store:forget'],
  PullPart: ['record:read', 'store:read', 'store:write'],
  StoreFeed: ['record:write', 'store:read', 'store:write', 'store:forget'],
  LayOutScan: ['record:write', 'record:delete', 'store:write', 'spokes'],
  CloseIntake: ['record:write', 'record:delete', 'store:read', 'store:write', 'spokes', 'policy'],
  StartRollouts: ['record:write', 'store:read', 'policy', 'notify', 'start', 'tickets'],

  PlanRollout: ['record:write', 'store:read', 'store:write', 'spokes', 'policy', 'notify', 'tickets', 'functions:look'],
  AskPeople: ['record:write', 'store:read', 'store:write', 'notify', 'wake', 'tickets'],
  NextWave: ['record:write'],
  CloseRollout: ['record:write', 'record:delete', 'store:read', 'store:write', 'notify', 'start', 'tickets', 'policy'],

  OpenWave: ['record:write', 'store:read', 'store:write', 'spokes'],
  LayOutRound: ['record:write', 'store:read', 'store:write', 'spokes'],
  ParkWave: ['record:write', 'wake'],
  JudgeWave: ['record:write', 'store:read', 'store:write', 'notify', 'tickets'],

  AdmitBatch: ['record:write', 'store:read', 'spokes'],
  SendBatch: ['record:write', 'store:read', 'spokes', 'wake', 'functions:look', 'functions:call'],
  SettleBatch: ['record:write', 'store:read', 'store:write', 'spokes'],
  ParkBatch: ['record:write', 'wake'],

  OnCommandEvent: ['record:write', 'wake'],
  NotifySlack: ['secrets'],
};

/** What functions are told beside what their grants need. */
export type Fact = 'LOCATIONS' | 'OPT_IN_TAG' | 'INSPECTOR';

/** Who must know the fleet's locations, and who picks nodes by the opt-in tag. */
export const facts: Partial<Record<FunctionName, readonly Fact[]>> = {
  PickFeeds: ['LOCATIONS'],
  LayOutScan: ['LOCATIONS', 'OPT_IN_TAG'],
  CloseIntake: ['LOCATIONS', 'INSPECTOR'],
  CloseRollout: ['LOCATIONS'],
  StartRollouts: ['LOCATIONS', 'OPT_IN_TAG'],
  PlanRollout: ['LOCATIONS', 'OPT_IN_TAG'],
  SendBatch: ['OPT_IN_TAG'],
};

const large = 1024;

/** Megabytes for functions that hold a feed, a fleet or a batch's reports in memory; others get 256. */
export const memoryMb: Partial<Record<FunctionName, number>> = {
  PullFeed: large,
  PullPart: large / 2,
  StoreFeed: large,
  // Twice what ten thousand nodes take, as `npm run bench -- intake` measures it; and of a CPU there is as much as of memory.
  LayOutScan: large,
  PickFeeds: large / 2,
  CloseIntake: 2 * large,
  StartRollouts: large,
  PlanRollout: large,
  AskPeople: large,
  OpenWave: large,
  LayOutRound: large,
  JudgeWave: 2 * large,
  AdmitBatch: large,
  CloseRollout: 2 * large,
  SettleBatch: large,
};
