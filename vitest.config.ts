import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Own processes: a world with a virtual clock replaces timers globally, and two worlds never share a process.
    pool: 'forks',
    // Whole rollouts run in single tests; on a busy machine they take seconds.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
