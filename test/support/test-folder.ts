// Owns folders that live as long as one test.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new empty folder, gone with all that is in it when the test has ended. */
export function createTestFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
