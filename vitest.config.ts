import { defineConfig } from 'vitest/config';

// Own processes: a world with a virtual clock replaces timers globally, and two worlds never share a process.
// Whole rollouts run in single tests; on a busy machine they take seconds.
const common = { pool: 'forks', testTimeout: 120_000, hookTimeout: 120_000 } as const;
const WORLDS = ['test/handlers/**/*.test.ts', 'test/scenarios/**/*.test.ts'];
const LONG = ['test/long/**/*.test.ts'];
const ALONE = ['test/cli/**/*.test.ts', 'test/local/{clock,cloud,lambda}*.test.ts'];

export default defineConfig({
  test: {
    // Two cores are what we promise to be quick on.
    maxWorkers: 2,
    projects: [
      // These leave a process as they found it, so they share it and what it has loaded. One trace stays: once AsyncLocalStorage was used,
      // every promise costs several times as much, so nothing here should make millions of them.
      { test: { ...common, name: 'parts', include: ['test/**/*.test.ts'], exclude: [...ALONE, ...WORLDS, ...LONG], isolate: false } },
      // Environment, terminal and timers of the process itself.
      { test: { ...common, name: 'alone', include: ALONE } },
      // These run the deployed bundles in the embedded AWS: the template is synthesised once for all of them.
      { test: { ...common, name: 'worlds', include: WORLDS, globalSetup: 'test/assembly.ts' } },
      // Fleets of 500 nodes, runs made twice, templates broken on purpose, what runs in real time: .ci/run runs them, `npm test` is quick.
      { test: { ...common, name: 'long', include: LONG, globalSetup: 'test/assembly.ts' } },
    ],
  },
});
