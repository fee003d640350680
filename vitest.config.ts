import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Guests and the tests of limits run threads of their own: more than two files at once only slows a small machine.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
