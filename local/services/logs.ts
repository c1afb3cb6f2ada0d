import { AwsError, type CallContext, type Cloud, type Input, type Service, type ServiceOperation } from '../types.ts';
import { pageOf } from './listing.ts';
import { keyOf, locationOf, parseArn, type Location } from './locations.ts';

/** Lines that a group keeps; older ones give way. */
const CAPACITY = 20_000;

export interface LogLine {
  /** Milliseconds since the epoch. */
  time: number;
  stream: string;
  message: string;
}

export interface LogGroupDefinition extends Location {
  name: string;
  retentionDays?: number;
  kmsKeyArn?: string;
}

export interface Logs {
  service: Service;
  createLogGroup(definition: LogGroupDefinition): void;
  /** Takes lines in, as AWS services log for their owners. A group that nobody created is made, as Lambda makes its own. */
  append(location: Location, group: string, stream: string, messages: string[]): void;
  /** The last lines of a group, oldest first. */
  lines(location: Location, group: string): LogLine[];
  /** Told of every line: for metrics in logs. */
  onLine(listener: (location: Location, group: string, message: string) => void): void;
}

interface Group {
  arn: string;
  definition: LogGroupDefinition;
  created: number;
  lines: (LogLine & { id: number })[];
}

/** Days that a group may keep its lines: CloudWatch Logs API reference, PutRetentionPolicy. */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** CloudWatch Logs as a sink that can be read. */
export function createLogs(cloud: Cloud): Logs {
  const groups = new Groups(cloud);
  return {
    service: { name: 'logs', sdk: '@aws-sdk/client-cloudwatch-logs', operations: groups.operations() },
    createLogGroup: (definition) => void groups.create(definition),
    append: (location, group, stream, messages) => groups.append(location, { group, stream, messages }),
    lines: (location, group) => groups.find(location, group)?.lines.map(({ time, stream, message }) => ({ time, stream, message })) ?? [],
    onLine: (listener) => void groups.listeners.push(listener),
  };
}

class Groups {
  readonly listeners: Parameters<Logs['onLine']>[0][] = [];
  private readonly groups = new Map<string, Group>();
  private count = 0;

  constructor(private readonly cloud: Cloud) {}

  create(definition: LogGroupDefinition): Group {
    const id = keyOf(definition, definition.name);
    const { name, retentionDays } = definition;
    if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name)) throw new AwsError('InvalidParameterException', `${name} is no name for a log group`);
    if (retentionDays !== undefined && !retentions.includes(retentionDays)) {
      throw new AwsError('InvalidParameterException', `retentionInDays ${retentionDays} of ${name} must be one of ${retentions.join(', ')}`);
    }
    if (this.groups.has(id)) throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
    const arn = `arn:aws:logs:${definition.region}:${definition.account}:log-group:${definition.name}`;
    const group = { arn, definition, created: this.cloud.clock.now(), lines: [] };
    this.groups.set(id, group);
    return group;
  }

  find(location: Location, name: string): Group | undefined {
    return this.groups.get(keyOf(location, name));
  }

  append(location: Location, { group: name, stream, messages }: { group: string; stream: string; messages: string[] }): void {
    const group = this.find(location, name) ?? this.create({ ...location, name });
    for (const message of messages) {
      group.lines.push({ id: ++this.count, time: this.cloud.clock.now(), stream, message });
      for (const listener of this.listeners) listener(location, name, message);
    }
    // In steps, so that a full group isn't moved for every line.
    if (group.lines.length > CAPACITY * 1.1) group.lines.splice(0, group.lines.length - CAPACITY);
  }

  operations(): Record<string, ServiceOperation> {
    return {
      DescribeLogGroups: {
        access: () => [{ action: 'logs:DescribeLogGroups', resource: '*' }],
        run: (input, context) => this.describe(input, context),
      },
      DescribeLogStreams: this.onGroup('DescribeLogStreams', (group, input) => {
        const names = [...new Set(group.lines.map(({ stream }) => stream))]
          .filter((name) => name.startsWith(input.logStreamNamePrefix ?? ''))
          .toSorted();
        const page = paged(names, input.limit ?? 50, input.nextToken);
        return {
          ...page.token,
          logStreams: page.items.map((logStreamName) => ({ logStreamName, arn: `${group.arn}:log-stream:${logStreamName}` })),
        };
      }),
      FilterLogEvents: this.onGroup('FilterLogEvents', (group, input) => filter(group, input)),
      GetLogEvents: this.onGroup('GetLogEvents', (group, input) => {
        const { events } = filter(group, { ...input, logStreamNames: [input.logStreamName], limit: undefined });
        const limited = input.startFromHead ? events.slice(0, input.limit ?? 10_000) : events.slice(-(input.limit ?? 10_000));
        return { events: limited.map(({ timestamp, message, ingestionTime }: Input) => ({ timestamp, message, ingestionTime })) };
      }),
    };
  }

  private onGroup(action: string, run: (group: Group, input: Input) => unknown): ServiceOperation {
    return {
      access: (input, { account, region }) => {
        const group = `arn:aws:logs:${region}:${account}:log-group:${nameOf(input)}`;
        return [{ action: `logs:${action}`, resource: action === 'GetLogEvents' ? `${group}:log-stream:${input.logStreamName}` : group }];
      },
      run: (input, context) => {
        const group = this.find(locationOf(context), nameOf(input));
        if (!group) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
        return run(group, input);
      },
    };
  }

  private describe(input: Input, { account, region }: CallContext): Input {
    const mine = [...this.groups.values()].filter(({ definition }) => definition.account === account && definition.region === region);
    const found = mine.filter(
      ({ definition }) => definition.name.startsWith(input.logGroupNamePrefix ?? '') && definition.name.includes(input.logGroupNamePattern ?? ''),
    );
    const page = paged(
      found.toSorted((a, b) => (a.definition.name < b.definition.name ? -1 : 1)),
      input.limit ?? 50,
      input.nextToken,
    );
    return {
      ...page.token,
      logGroups: page.items.map(({ arn, definition, created }) => ({
        logGroupName: definition.name,
        arn: `${arn}:*`,
        logGroupArn: arn,
        creationTime: created,
        retentionInDays: definition.retentionDays,
        kmsKeyId: definition.kmsKeyArn,
      })),
    };
  }
}

function nameOf({ logGroupName, logGroupIdentifier }: Input): string {
  return logGroupName ?? parseArn(logGroupIdentifier ?? '')?.resource.replace(/^log-group:/, '') ?? logGroupIdentifier ?? '';
}

/** Lines of a time span that hold every term of the pattern. Of CloudWatch's pattern language only plain terms are understood. */
function filter(group: Group, input: Input): Input {
  const terms = termsOf(input.filterPattern ?? '');
  const found = group.lines.filter(
    ({ time, stream, message }) =>
      time >= (input.startTime ?? 0) &&
      time < (input.endTime ?? Number.POSITIVE_INFINITY) &&
      (input.logStreamNames === undefined || input.logStreamNames.includes(stream)) &&
      stream.startsWith(input.logStreamNamePrefix ?? '') &&
      terms.every((term) => message.includes(term)),
  );
  const page = paged(found, input.limit ?? 10_000, input.nextToken);
  const events = page.items.map(({ id, time, stream, message }) => ({
    eventId: String(id),
    timestamp: time,
    ingestionTime: time,
    logStreamName: stream,
    message,
  }));
  return { ...page.token, events };
}

function termsOf(pattern: string): string[] {
  if (/^\s*[[{%]/.test(pattern) || /(^|\s)[-?]/.test(pattern))
    throw new AwsError('InvalidParameterException', `embedded AWS takes plain terms as filter patterns, not ${pattern}`);
  return [...pattern.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function paged<T>(items: T[], most: number, token: string | undefined): { items: T[]; token: { nextToken?: string } } {
  const page = pageOf(items, most, token, 'InvalidParameterException');
  return { items: page.items, token: page.next === undefined ? {} : { nextToken: page.next } };
}
