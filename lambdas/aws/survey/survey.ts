/** The survey: every place is looked at, a few at a time, reading only. */
import { locationKey } from '../../core/model.ts';
import type { Location } from '../../core/model.ts';
import type { SeenInstance, SeenLocation, SeenNode } from '../../core/survey/model.ts';
import { openClients, type Access, type Clients } from './clients.ts';
import { readInspector } from './inspector.ts';
import { atMost, createLook, type Look } from './look.ts';
import { readInstances, readNodes, readScalingGroups, readTargetGroups } from './machines.ts';
import { readBaselines, readPatchGroups, readPatchStates } from './patching.ts';
import { readAssociations, readCalendars, readWindows } from './schedules.ts';
import { readSoftware } from './software.ts';

/** A place to look at, and the way into it. */
export interface Place {
  location: Location;
  access: Access;
}

export interface SurveyOptions {
  /** At most so many nodes in all. */
  max: number;
  /** Told what was read, for people who wait. */
  tell: (where: string, what: string) => void;
}

export interface Looked {
  locations: SeenLocation[];
  /** There are more nodes than `max`. */
  stopped: boolean;
}

/** Places that are looked at at the same time, and kinds of things that are read of one at the same time: at most 12 calls are open. */
const PLACES = 4;
const KINDS = 3;

interface Listed {
  place: Place;
  look: Look;
  clients: Clients;
  instances: SeenInstance[] | undefined;
  nodes: SeenNode[] | undefined;
}

/**
 * Looks at all places: first who is there, which decides what `max` leaves out, then everything else.
 * Whatever may not be seen is a line in `blind` of its location.
 */
export async function surveyPlaces(places: Place[], { max, tell }: SurveyOptions): Promise<Looked> {
  const listed = await atMost(
    PLACES,
    places.map((place) => () => list(place, max, tell)),
  );
  try {
    const stopped = cut(listed, max);
    const locations = await atMost(
      PLACES,
      listed.map((entry) => () => details(entry, tell)),
    );
    return { locations, stopped };
  } finally {
    for (const { clients } of listed) clients.close();
  }
}

async function list(place: Place, max: number, tell: SurveyOptions['tell']): Promise<Listed> {
  const where = locationKey(place.location);
  const look = createLook(where);
  const clients = openClients(place.access);
  const [instances, nodes] = await Promise.all([readInstances(clients, look, max), readNodes(clients, look, max)]);
  tell(where, `${instances?.length ?? 'unknown'} instances, ${nodes?.length ?? 'unknown'} managed nodes`);
  return { place, look, clients, instances, nodes };
}

/** Keeps the first `max` nodes, in the order of the places: the same ones at each look. */
function cut(listed: Listed[], max: number): boolean {
  let left = max;
  let stopped = false;
  for (const entry of listed) {
    const ids = [...new Set([...(entry.instances ?? []), ...(entry.nodes ?? [])].map(({ id }) => id))];
    const kept = new Set(ids.slice(0, left));
    stopped ||= kept.size < ids.length;
    left -= kept.size;
    entry.instances = entry.instances?.filter(({ id }) => kept.has(id));
    entry.nodes = entry.nodes?.filter(({ id }) => kept.has(id));
  }
  return stopped;
}

async function details({ place, look, clients, instances, nodes }: Listed, tell: SurveyOptions['tell']): Promise<SeenLocation> {
  const seen: SeenLocation = { location: place.location, instances, nodes, blind: look.blind };
  const managed = nodes ?? [];
  await atMost(KINDS, [
    async () => void (seen.software = await readSoftware(clients, look, managed)),
    async () =>
      void (seen.patchStates =
        nodes &&
        (await readPatchStates(
          clients,
          look,
          managed.map(({ id }) => id),
        ))),
    async () => void (seen.scalingGroups = await readScalingGroups(clients, look)),
    async () => void (seen.targetGroups = await readTargetGroups(clients, look)),
    async () => void (seen.baselines = await readBaselines(clients, look)),
    async () => void (seen.patchGroups = await readPatchGroups(clients, look)),
    async () => void (seen.associations = await readAssociations(clients, look)),
    async () => void (seen.windows = await readWindows(clients, look)),
    async () => void (seen.calendars = await readCalendars(clients, look)),
    async () => void (seen.inspector = await readInspector(clients, look)),
  ]);
  tell(locationKey(place.location), 'read');
  return seen;
}
