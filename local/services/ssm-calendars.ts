/** Change Calendars of the fleet file: ListDocuments for them alone, and GetCalendarState (SSM API reference). */
import type { Fleet } from '../fleet/fleet.ts';
import { durationOf } from '../fleet/scenario.ts';
import type { CalendarEntry } from '../fleet/types.ts';
import { AwsError, type CallContext, type Clock, type Input, type Random, type ServiceOperation } from '../types.ts';
import { checkBounds, refuseUnsupported } from './ssm-checks.ts';
import { page, type PageGaps } from './ssm-pages.ts';

export interface CalendarDeps {
  fleet: Fleet;
  clock: Clock;
  random: Random;
  gaps: PageGaps;
}

/** Both. Documents of other types are not listed: an error says so. */
export function calendarOperations(deps: CalendarDeps): Record<string, ServiceOperation> {
  return {
    ListDocuments: {
      access: () => [{ action: 'ssm:ListDocuments', resource: '*' }],
      run: (input, context) => listDocuments(input, context, deps),
    },
    GetCalendarState: {
      access: (input, { account, region }) =>
        (input.CalendarNames ?? []).map((name: string) => ({
          action: 'ssm:GetCalendarState',
          resource: `arn:aws:ssm:${region}:${account}:document/${name}`,
        })),
      run: (input, context) => calendarState(input, context, deps),
    },
  };
}

function listDocuments(input: Input, { account, region }: CallContext, deps: CalendarDeps): Input {
  refuseUnsupported('ListDocuments', input, ['DocumentFilterList']);
  checkBounds([['maxResults', input.MaxResults, { min: 1, max: 50 }]]);
  const asked = JSON.stringify((input.Filters ?? []).map(({ Key, Values }: Input) => [Key, Values]));
  if (asked !== '[["DocumentType",["ChangeCalendar"]]]') {
    throw new AwsError('NotImplemented', 'The embedded AWS lists documents of DocumentType ChangeCalendar only: ask with that one filter', 501);
  }
  const all = deps.fleet.surroundings.at(account, region).calendars.map(({ name }) => ({
    Name: name,
    Owner: account,
    DocumentType: 'ChangeCalendar',
    DocumentFormat: 'TEXT',
    DocumentVersion: '1',
  }));
  const { items, NextToken } = page(all, input.MaxResults ?? 10, input.NextToken, deps);
  return { DocumentIdentifiers: items, ...(NextToken === undefined ? {} : { NextToken }) };
}

/** Of several calendars all must be open (User Guide, "Change Calendar": several calendars in one call are joined by AND). */
function calendarState(input: Input, { account, region }: CallContext, { fleet, clock }: CalendarDeps): Input {
  refuseUnsupported('GetCalendarState', input, ['AtTime']);
  const known = fleet.surroundings.at(account, region).calendars;
  const calendars = (input.CalendarNames as string[]).map((name) => {
    const found = known.find((calendar) => calendar.name === name);
    if (!found) throw new AwsError('InvalidDocument', `Document with name ${name} does not exist.`);
    return stateAt(found, clock.now(), fleet.surroundings.start);
  });
  const next = Math.min(...calendars.map(({ until }) => until));
  return {
    State: calendars.some(({ closed }) => closed) ? 'CLOSED' : 'OPEN',
    AtTime: iso(clock.now()),
    ...(next < Infinity && { NextTransitionTime: iso(next) }),
  };
}

function stateAt({ closed = false, changesAfter }: CalendarEntry, now: number, start: number): { closed: boolean; until: number } {
  const change = changesAfter === undefined ? Infinity : start + durationOf(changesAfter);
  return now < change ? { closed, until: change } : { closed: !closed, until: Infinity };
}

function iso(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
