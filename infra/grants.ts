/** What each function may do and be told: one line a function. Everything else of a function follows from this and from the machines. */
import type { ReactionName, TaskName } from '../statemachines/contracts.ts';

/**
 * - `record:read`, `record:write`: the table; writing includes reading
 * - `store:read`, `store:write`: the bucket of plans, locks, feeds and reports
 * - `spokes`: assume the spokes' roles
 * - `notify`: publish to the audiences' topics
 * - `wake`: end a wait of a state machine
 * - `policy`: read the policy file as it was deployed
 * - `secrets`: read the Slack webhooks
 */
export type Grant = 'record:read' | 'record:write' | 'store:read' | 'store:write' | 'spokes' | 'notify' | 'wake' | 'policy' | 'secrets';

export const grants: Record<TaskName | ReactionName, readonly Grant[]> = {
  PickFeeds: [],
  PullFeed: ['record:write', 'store:read', 'store:write'],
  LayOutScan: ['record:write', 'store:write', 'spokes'],
  CloseIntake: ['record:write', 'store:read', 'store:write'],

  PlanRollout: ['record:write', 'store:read', 'store:write', 'spokes', 'policy'],
  AskPeople: ['record:write', 'store:read', 'notify'],
  NextWave: ['record:read', 'store:read'],
  CloseRollout: ['record:write', 'store:read', 'store:write', 'notify'],

  OpenWave: ['record:write', 'store:read', 'store:write', 'spokes'],
  LayOutRound: ['record:write', 'store:read', 'store:write', 'spokes'],
  ParkWave: ['record:write', 'store:read', 'notify'],
  JudgeWave: ['record:write', 'store:read', 'store:write', 'notify'],

  AdmitBatch: ['record:write', 'store:read', 'spokes'],
  SendBatch: ['record:write', 'store:read', 'spokes'],
  SettleBatch: ['record:write', 'store:read', 'store:write', 'spokes'],
  ParkBatch: ['record:write', 'wake'],

  OnCommandEvent: ['record:write', 'wake'],
  NotifySlack: ['secrets'],
};

/** Megabytes; functions that hold a feed, a fleet or a batch's reports in memory get more. */
export const memoryMb: Partial<Record<TaskName | ReactionName, number>> = { PullFeed: 1024, PlanRollout: 1024, CloseRollout: 1024, SettleBatch: 1024 };
