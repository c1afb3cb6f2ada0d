import { fork } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { configOf } from '../scenarios/stage.ts';
import type { RunDocument, WorldMessage } from '../../cli/run/messages.ts';
import type { WorldConfig } from '../../cli/run/stage.ts';

/** The world in a process of its own, as `wavelock run` starts it. */
function runWorld(config: WorldConfig): Promise<RunDocument> {
  const world = fork('cli/run/world.ts', [], { execArgv: ['--import', 'tsx'] });
  return new Promise<RunDocument>((resolve, reject) => {
    world.on('message', (message: WorldMessage) => {
      if (message.type === 'ended') resolve(message.document);
      if (message.type === 'broken') reject(new Error(message.message));
    });
    world.on('exit', (code) => reject(new Error(`the world ended by itself (${code})`)));
    world.send(config);
  }).finally(() => world.kill());
}

/** Both at once, so that each meets another load of the machine. */
describe('the same seed', () => {
  let documents: RunDocument[];

  beforeAll(async () => {
    const config = configOf('demo');
    documents = await Promise.all([runWorld(config), runWorld(config)]);
  });

  it('gives the same document, but for how long it took', () => {
    const [first, second] = documents.map(({ wallMs: _wall, ...document }) => document);
    expect(second).toEqual(first);
    expect(first?.status).toBe('succeeded');
  });
});
