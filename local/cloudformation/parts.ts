import type { Iam } from '../iam/iam.ts';
import type { Events } from '../services/events.ts';
import type { Scheduler } from '../services/scheduler.ts';

/** What resources are made of: the services' own ways in, past the wire and past IAM, as CloudFormation's role is an administrator. */
export interface Parts {
  iam: Iam;
  events: Events;
  scheduler: Scheduler;
}
