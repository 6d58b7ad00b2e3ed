import { defineConfig } from 'vitest/config';

/** `npm test` runs everything but `*.long.test.ts`, which `npm run test:long` adds. */
const long = process.env['TEST_LONG'] === '1';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(long ? [] : ['test/**/*.long.test.ts'])],
    globalSetup: ['test/support/emulators.ts'],
    env: { NODE_ENV: 'production', METADATA_SERVER_DETECTION: 'none' },
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // Files share what they import, and nothing else: each has a cloud and a project of its own.
    isolate: false,
    maxWorkers: 2,
  },
});
