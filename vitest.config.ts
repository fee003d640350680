import { defineConfig } from 'vitest/config';

/** Tests that run whole compilers: they take all of a small machine for seconds at a time. */
const COMPILING = ['test/authoring/**/*.test.ts', 'test/tools/**/*.test.ts', 'test/outside/bindgen/*.test.ts'];

// Guests and the tests of limits run threads of their own: more than two files at once only slows a small machine.
const shared = { maxWorkers: 2, testTimeout: 30_000 };

export default defineConfig({
  test: {
    projects: [
      // Groups run one after the other: tests of deadlines must not share the machine with a compiler.
      { test: { ...shared, name: 'all', include: ['test/**/*.test.ts'], exclude: COMPILING, sequence: { groupOrder: 0 } } },
      { test: { ...shared, name: 'compiling', include: COMPILING, sequence: { groupOrder: 1 } } },
    ],
  },
});
