// Owns how the tests are run. Each file in its own child process: tests here start threads, kill them and catch
// process-wide errors, which must never reach a neighbour.

import { defineConfig } from 'vitest/config';
import { CountsReporter } from './test/support/counts-reporter.ts';

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    allowOnly: false,
    // What a passing test prints is noise: XState's development build warns of its own assign within actions.
    silent: 'passed-only',
    reporters: ['default', new CountsReporter()],
  },
});
