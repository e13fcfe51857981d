// Owns the tests of `doctor` and `bench`, through the real executable.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { yardmaster } from './bin.ts';
import { coreStep, workFolder } from './work-folder.ts';

const CHECK = z.strictObject({
  name: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  detail: z.string(),
  remedy: z.string().optional(),
});

test('a thread is started and runs a task; every file of the folders is looked at', async () => {
  const cwd = workFolder({
    'config/workflows/production/good.json': { steps: [coreStep('a', 'noop')] },
    'config/workflows/production/bad.json': { steps: [{ name: 'a', module: 'gone', action: 'x' }] },
    'tasks/one.ts': 'export function x() {}',
  });
  const { code, stdout, stderr } = await yardmaster(['doctor', '--json'], { cwd });
  const checks = stdout
    .trimEnd()
    .split('\n')
    .map((line) => CHECK.parse(JSON.parse(line)));
  const find = (name: string) => checks.find((check) => check.name === name);
  expect([code, stderr]).toEqual([0, '']);
  expect(find('threads')).toMatchObject({ status: 'ok', detail: expect.stringMatching(/ran a task in \d+ ms/) });
  expect(find('tasks folder')?.detail).toMatch(/tasks: 1 modules$/);
  expect(find('workflow')).toMatchObject({ status: 'warn', detail: expect.stringContaining('STEP_MODULE_UNKNOWN') });
  expect(find('workflows folder')?.detail).toMatch(/1 of 2 workflows can run$/);
});

test('what is missing is a warning with a remedy, what is broken a failure and exit code 1', async () => {
  const cwd = workFolder({ 'config/default.json': { maxWorkers: 0 } });
  const { code, stdout } = await yardmaster(['doctor'], { cwd });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail configuration {6}CONFIG_INVALID: .*maxWorkers.*; correct config\/default\.json/m);
  const empty = await yardmaster(['doctor', '--data-dir', ':memory:'], { cwd: workFolder({}) });
  expect(empty.code).toBe(0);
  expect(empty.stdout).toMatch(/^warn workflows folder .* does not exist; name yours with --workflows$/m);
});
