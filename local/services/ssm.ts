/**
 * Systems Manager of the embedded AWS: Run Command on the simulated fleet, its documents, nodes, inventory and parameters, for all
 * accounts and Regions at once. Files: `ssm-send` accepts, `ssm-commands` runs, `ssm-read` tells, `ssm-views` shapes.
 */
import type { Fleet } from '../fleet/fleet.ts';
import type { Cloud, Service } from '../types.ts';
import { associationOperations } from './ssm-associations.ts';
import { automationOperations } from './ssm-automation.ts';
import { baselineOperations } from './ssm-baselines.ts';
import { calendarOperations } from './ssm-calendars.ts';
import { CommandEngine } from './ssm-commands.ts';
import { createDocument, createFleetDocuments, documentOperations, type DocumentSettings } from './ssm-documents.ts';
import { inventoryOperations } from './ssm-inventory.ts';
import { managedFleet } from './ssm-managed.ts';
import { nodeOperations } from './ssm-nodes.ts';
import { opsItemOperations } from './ssm-ops-items.ts';
import type { PageGaps } from './ssm-pages.ts';
import { createParameter, parameterOperations, type ParameterSettings } from './ssm-parameters.ts';
import { patchStateOperations } from './ssm-patch-states.ts';
import { readOperations } from './ssm-read.ts';
import { createFleetRunbooks, withRunbooks } from './ssm-runbooks.ts';
import { sendCommand } from './ssm-send.ts';
import { SsmState, type StoredDocument, type StoredParameter } from './ssm-state.ts';
import { windowOperations } from './ssm-windows.ts';

export interface SsmOptions {
  /** Milliseconds for which a new command is unknown to reads. Default 2,000. */
  visibilityLag?: number;
  /** Milliseconds for which reads show an invocation as it was before a change. Default 0. */
  statusLag?: number;
  /** Shares of short and of empty pages with more to come. Default 0.1 and 0.02. */
  gaps?: PageGaps;
  /** Whether Systems Manager may assume a role that a runbook is to work with. Default: it may. */
  assumes?: (roleArn: string, region: string) => boolean;
}

export interface Location {
  account: string;
  region: string;
}

export interface Ssm {
  service: Service;
  /**
   * Stores a Command document or its next version, as a template's AWS::SSM::Document does. `arn`, `defaultVersion` and each version's
   * SHA-256 are in the result.
   *
   * @throws Error when a script step of it is not simulated, AwsError when AWS would refuse it
   */
  createDocument(location: Location, settings: DocumentSettings): StoredDocument;
  createParameter(location: Location, settings: ParameterSettings): StoredParameter;
}

/** Systems Manager for all locations of a fleet: what it emits goes to `cloud`, what nodes call goes through `cloud`. */
export function createSsm(cloud: Cloud, machines: Fleet, options: SsmOptions = {}): Ssm {
  const { clock, random } = cloud;
  const fleet = managedFleet(machines);
  const { visibilityLag = 2_000, statusLag = 0, gaps = { short: 0.1, empty: 0.02 }, assumes = () => true } = options;
  const state = new SsmState();
  const engine = new CommandEngine(cloud, fleet, statusLag);
  createFleetDocuments({ state, fleet, clock });
  createFleetRunbooks({ state, fleet, clock });
  return {
    service: {
      name: 'ssm',
      sdk: '@aws-sdk/client-ssm',
      operations: {
        SendCommand: sendCommand({ cloud, fleet, state, engine }),
        ...readOperations({ clock, random, state, engine, gaps, visibilityLag }),
        ...withRunbooks(state, documentOperations(state)),
        ...automationOperations({ clock, random, fleet, state, gaps, visibilityLag, assumes }),
        ...nodeOperations({ fleet, random, gaps }),
        ...inventoryOperations({ fleet, clock, random, gaps }),
        ...parameterOperations({ state, clock }),
        ...baselineOperations({ fleet, random, gaps }),
        ...patchStateOperations({ fleet, clock, random, gaps }),
        ...windowOperations({ fleet, random, gaps, now: () => clock.now() }),
        ...associationOperations({ fleet, random, gaps }),
        ...calendarOperations({ fleet, clock, random, gaps }),
        ...opsItemOperations({ clock, random, gaps }),
      },
    },
    createDocument: (location, settings) => createDocument(location, settings, { state, fleet, clock }),
    createParameter: (location, settings) => createParameter(location, settings, { state, clock }),
  };
}
