// Owns the proof that the last line of a test run tells the truth, on runs of vitest itself in a folder of their own.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const CASES: readonly (readonly [string, string, string, number])[] = [
  ['passing and skipped tests', "it('a', () => {}); it.skip('b', () => {});", '1 passed, 0 failed, 1 skipped', 0],
  [
    'a failing test',
    "it('a', () => {}); it('b', () => { throw new Error('b'); });",
    '1 passed, 1 failed, 0 skipped',
    1,
  ],
  ['a file that does not load', "import './missing.ts'; it('a', () => {});", '0 passed, 1 failed, 0 skipped', 1],
  ['a file that throws', "it('a', () => {}); throw new Error('b');", '0 passed, 1 failed, 0 skipped', 1],
  [
    'a hook that throws',
    "describe('a', () => { beforeAll(() => { throw new Error('b'); }); it('c', () => {}); });",
    '0 passed, 1 failed, 1 skipped',
    1,
  ],
  [
    'an error outside of any test',
    "it('a', () => void Promise.reject(new Error('b')));",
    '1 passed, 1 failed, 0 skipped',
    1,
  ],
];

it.each(CASES)('counts %s', (_what, body, lastLine, exitCode) => {
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-counts-'));
  folders.push(folder);
  mkdirSync(join(folder, 'test'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'test', 'a.test.ts'), `import { beforeAll, describe, it } from 'vitest';\n${body}\n`);
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--root', folder, '--config', join(ROOT, 'vitest.config.ts')];
  // Without the variables of the vitest that runs this test, which would make the inner one think it is a worker of it.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.at(-1)).toBe(lastLine);
  expect(lines.filter((line) => /^\d+ passed, \d+ failed, \d+ skipped$/.test(line))).toHaveLength(1);
  expect(status).toBe(exitCode);
});
