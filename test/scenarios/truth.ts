/** What really happened, past Wavelock's own words: the simulated machines, Systems Manager's commands, logs, histories and parameters. */
import { locationKey } from '../../lambdas/core/model.ts';
import { parseBatchName } from '../../lambdas/core/names.ts';
import type { EmbeddedAws } from '../../local/cloud.ts';
import type { Input } from '../../local/types.ts';

/** Host id → package, `name arch` → version, empty for a KB. */
export type Installed = Map<string, Map<string, string>>;

export function snapshot(cloud: EmbeddedAws): Installed {
  return new Map(
    cloud.fleet.hosts.map((host) => [host.id, new Map(host.packages.list().map(({ name, arch, version }) => [`${name} ${arch}`, version]))]),
  );
}

/** Packages of a host that are not what they were: package and version, as in `Installed`. */
export function changesOf(id: string, before: Installed, after: Installed): [string, string][] {
  const was = before.get(id);
  return [...(after.get(id) ?? [])].filter(([name, version]) => was?.get(name) !== version);
}

export interface Sent {
  document: string;
  /** Empty for a scan. */
  wave: string;
  nodes: string[];
  /** Milliseconds since the epoch. */
  at: number;
}

/** Every command that Systems Manager accepted, in all locations, oldest first. */
export async function commandsSent(cloud: EmbeddedAws, rollout: string): Promise<Sent[]> {
  const lists = await Promise.all(
    cloud.inventory.stacks.map(async ({ account, region }): Promise<Input[]> => {
      const all: Input[] = [];
      let NextToken: string | undefined;
      do {
        const page: Input = await cloud.call(
          cloud.administrator(account, region),
          'ssm',
          'ListCommands',
          NextToken === undefined ? {} : { NextToken },
        );
        all.push(...page.Commands);
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return all;
    }),
  );
  const sent = lists.flat().map(({ DocumentName, Comment, InstanceIds, RequestedDateTime }): Sent => {
    const group = parseBatchName(Comment ?? '')?.group ?? '';
    const wave = group.startsWith(`${rollout}-`) ? group.slice(rollout.length + 1) : '';
    return { document: DocumentName, wave, nodes: InstanceIds, at: (RequestedDateTime as Date).getTime() };
  });
  return sent.toSorted((a, b) => a.at - b.at);
}

/** Everything that people with read access to an account could read: log lines, state histories, parameters, commands. */
export async function readable(cloud: EmbeddedAws): Promise<string> {
  const texts: string[] = [JSON.stringify(cloud.parts.states.executions())];
  for (const { account, region, resources } of cloud.inventory.stacks) {
    const administrator = cloud.administrator(account, region);
    for (const { type, ref } of resources) {
      if (type === 'AWS::Logs::LogGroup') texts.push(...cloud.parts.logs.lines({ account, region }, ref).map(({ message }) => message));
      if (type === 'AWS::SSM::Parameter') texts.push(JSON.stringify(await cloud.call(administrator, 'ssm', 'GetParameter', { Name: ref })));
    }
    texts.push(JSON.stringify(await cloud.call(administrator, 'ssm', 'ListCommands', {})));
  }
  return texts.join('\n');
}

/** Nodes that the record still holds reserved. */
export async function reservations(cloud: EmbeddedAws, record: { reservationOf(location: string, id: string): Promise<string> }): Promise<string[]> {
  const held = await Promise.all(
    cloud.fleet.hosts.map(async ({ id, location }) => ({ id, by: await record.reservationOf(locationKey(location), id) })),
  );
  return held.filter(({ by }) => by !== 'nobody').map(({ id, by }) => `${id}: ${by}`);
}
