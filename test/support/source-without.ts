// Owns a copy of the source that finds every package but those of one scope: what an installation without an optional
// package is like. Gone when the test has ended.

import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createTestFolder } from './test-folder.ts';

const ROOT = join(import.meta.dirname, '../..');

export function copyWithout(scope: string): string {
  const folder = createTestFolder();
  for (const part of ['src', 'config', 'package.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== scope) symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  }
  return folder;
}
