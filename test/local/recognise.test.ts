import { expect, it } from 'vitest';
import { recognise } from '../../local/feeds/recognise.ts';

it.each([
  ['a list', `${'['.repeat(6_000)}${']'.repeat(6_000)}`],
  ['a list of one record', `[{"id":"A","modified":"2026-01-01T00:00:00Z","affected":[],"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}]`],
])('%s that is nested deeper than anybody can read is damaged, and no fault', (_, text) => {
  expect(recognise(Buffer.from(text))).toEqual({ is: 'unknown', why: 'is nested too deeply', damaged: true });
});
