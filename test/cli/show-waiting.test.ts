// `show` on a run that another process has in its hands: the reasons that hold now, asked of that process; what is on
// record where nobody answers; and nothing left behind in the data folder.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { seenBy, yardmaster } from './bin.ts';
import { coreStep, workFolder } from './work-folder.ts';

const WORK_MODULE = `
  import { existsSync } from 'node:fs';
  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
  export async function gate({ file }, context) {
    context.log('info', 'waits at ' + file);
    while (!existsSync(file) && !context.isCancelled()) await pause();
    return file;
  }
`;
const TASK_LINE = z.looseObject({
  type: z.literal('task'),
  task: z.string(),
  waiting: z.string().nullable(),
  wait: z
    .object({ reason: z.looseObject({ kind: z.string() }), message: z.string(), sinceMs: z.number().nullable() })
    .nullable(),
});

function gated(name: string, rest: object = {}) {
  return { name, module: 'work', action: 'gate', parameters: { file: 'open' }, ...rest };
}

const STEPS = [
  gated('render', { resources: { gpu: 3 } }),
  coreStep('wide', 'noop', { resources: { gpu: 4 } }),
  coreStep('small', 'noop', { resources: { gpu: 1 } }),
  coreStep('after', 'noop', { dependencies: ['wide'] }),
];
// First come, first served, so that the order is that of the file.
const FLOW = { mode: 'parallel', resources: [{ id: 'gpu', type: 'compute', capacity: 4 }], steps: STEPS };

/** A run in a process of its own that has been seen to print a text. */
const running = (cwd: string, text: string, ...flags: string[]) =>
  seenBy(cwd, ['run', 'flow.json', '--workers', '2', '--run-id', 'mine', ...flags], text);

async function shown(cwd: string) {
  const { code, stdout, stderr } = await yardmaster(['show', 'mine', '--json'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
  const tasks = lines.flatMap((line) => TASK_LINE.safeParse(line).data ?? []);
  return new Map(tasks.map((task) => [task.task, task]));
}

/** Rows of the file through which processes ask each other. */
function requestsLeft(cwd: string): unknown[] {
  const file = join(cwd, '.yardmaster', 'requests.db');
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare('SELECT kind, outcome FROM requests').all();
  } finally {
    database.close();
  }
}

test('the reasons that hold now stand at the waiting tasks, and go when the run has ended', async () => {
  const cwd = workFolder({ 'flow.json': FLOW, 'tasks/work.ts': WORK_MODULE });
  const { end } = await running(cwd, 'waits at open');
  await expect
    .poll(async () => (await shown(cwd)).get('small')?.wait?.message, { timeout: 10_000 })
    .toBe('needs 1 of "gpu", 1 of 4 is free and kept for "wide"');
  const tasks = await shown(cwd);
  expect(tasks.get('render')).toMatchObject({ waiting: 'runs, attempt 1', wait: null });
  const { waiting, wait } = tasks.get('wide') ?? {};
  expect(wait).toMatchObject({
    reason: { kind: 'resource', resourceId: 'gpu', needs: 4, available: 1, capacity: 4, reservedFor: null },
    message: 'needs 4 of "gpu", 1 of 4 is free',
  });
  expect(Math.abs((wait?.sinceMs ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(waiting).toMatch(/^waiting: needs 4 of "gpu", 1 of 4 is free( \(for \d+\.\d s\))?$/);
  expect(tasks.get('after')).toMatchObject({ waiting: 'waits for "wide"', wait: { reason: { kind: 'dependency' } } });
  const { stdout } = await yardmaster(['show', 'mine'], { cwd });
  expect(stdout).toContain('waiting: needs 1 of "gpu", 1 of 4 is free and kept for "wide"');
  expect(requestsLeft(cwd)).toEqual([]);
  writeFileSync(join(cwd, 'open'), '');
  expect((await end).code).toBe(0);
  for (const task of (await shown(cwd)).values()) expect(task).toMatchObject({ waiting: null, wait: null });
});

test('a process that does not answer costs a second at most, and its question is taken back', async () => {
  const cwd = workFolder({
    'flow.json': { steps: [gated('block'), coreStep('after', 'noop', { dependencies: ['block'] })] },
    'tasks/work.ts': WORK_MODULE,
  });
  const { child, end } = await running(cwd, 'waits at open');
  await expect.poll(async () => (await shown(cwd)).get('block')?.waiting, { timeout: 10_000 }).toBe('runs, attempt 1');
  child.kill('SIGSTOP');
  const startedMs = performance.now();
  const tasks = await shown(cwd);
  const tookMs = performance.now() - startedMs;
  expect(tasks.get('after')).toMatchObject({ waiting: 'waits for "block"', wait: null });
  expect(requestsLeft(cwd)).toEqual([]);
  // The second, and the start of the command itself on a busy machine.
  expect(tookMs).toBeLessThan(10_000);
  child.kill('SIGCONT');
  writeFileSync(join(cwd, 'open'), '');
  expect((await end).code).toBe(0);
});

test('a run that nobody has in his hands is told by its record, and nobody is asked', async () => {
  const cwd = workFolder({ 'flow.json': FLOW, 'tasks/work.ts': WORK_MODULE });
  const { child, end } = await running(cwd, 'waits at open');
  await expect.poll(async () => (await shown(cwd)).get('render')?.waiting, { timeout: 10_000 }).toBe('runs, attempt 1');
  child.kill('SIGKILL');
  await end;
  const tasks = await shown(cwd);
  expect(tasks.get('wide')).toMatchObject({ waiting: 'not started; the run is interrupted', wait: null });
  expect(tasks.get('after')).toMatchObject({ waiting: 'waits for "wide"', wait: null });
  expect(requestsLeft(cwd)).toEqual([]);
});
