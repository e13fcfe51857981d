// Owns the tests of what is said at the end of a run.

import { expect, test } from 'vitest';
import {
  type EndedRun,
  interruptedLine,
  resumeHint,
  summaryJsonLine,
  summaryLines,
  taskErrorLines,
} from '../../src/cli/run-summary.ts';
import { createWorkflowDefinition } from '../../src/engine/workflow-steps.ts';

const { steps } = createWorkflowDefinition('flow', [
  { name: 'a', module: 'core', action: 'noop' },
  { name: 'page', module: 'core', action: 'noop', dependencies: ['a'] },
  { name: 'extra', module: 'core', action: 'noop', required: false },
]);
const ERROR = { name: 'Error', message: 'broke', code: 'E_BROKE', retryable: true };
const RUN: EndedRun = {
  runId: 'run-1',
  workflow: 'flow',
  status: 'completed',
  tasks: { total: 3, completed: 2, failed: 1, skipped: 0, cancelled: 0 },
  durationMs: 1_234,
  outputs: { a: { file: '/inner' }, page: { page: 'out/index.html', data: '/abs/data.json', count: 3 } },
  errors: { extra: ERROR },
};

test('the last line of --json has exactly the documented members', () => {
  expect(JSON.parse(summaryJsonLine(RUN))).toEqual({
    type: 'run.summary',
    runId: 'run-1',
    workflow: 'flow',
    status: 'completed',
    tasks: { total: 3, completed: 2, failed: 1, skipped: 0, cancelled: 0 },
    durationMs: 1_234,
    outputs: RUN.outputs,
  });
});

test('the summary names counts, duration, and the files of the last steps with the page first', () => {
  expect(summaryLines(RUN, steps)).toEqual([
    'flow completed in 1.2 s: 2 of 3 tasks completed, 1 failed (run run-1)',
    '  page: out/index.html',
    '  data: /abs/data.json',
  ]);
});

test('a single short result is shown as it is, on one line of bounded length', () => {
  const [first] = steps;
  const only = first === undefined ? [] : [first];
  const line = summaryLines({ ...RUN, outputs: { a: { message: 'x\n'.repeat(500) } } }, only)[1];
  expect(line).toMatch(/^ {2}a: \{"message":"x/);
  expect(line?.length).toBeLessThanOrEqual(240);
});

test('failures are error lines, those of optional steps warnings, consequences none', () => {
  const errors = { a: ERROR, extra: ERROR, page: { ...ERROR, code: 'UPSTREAM_FAILED' } };
  expect(taskErrorLines({ ...RUN, errors }, steps)).toEqual([
    'error E_BROKE: task "a": Error: broke',
    'warning E_BROKE: task "extra": Error: broke',
  ]);
});

test('a thousand failures are twenty lines and a count', () => {
  const errors = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`t${index}`, ERROR]));
  const lines = taskErrorLines({ ...RUN, errors }, steps);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toMatch(/^error TASK_FAILED: 980 more tasks failed/);
});

test('an interrupted run tells how far it is and the command that goes on with it, ready to be pasted', () => {
  const tasks = { total: 29, completed: 10, failed: 1, skipped: 1, cancelled: 0 };
  expect(interruptedLine({ runId: 'run-1', tasks }, {})).toBe(
    'run run-1 is interrupted: 12 of 29 tasks done; go on with: yardmaster resume run-1',
  );
  const flags = { dataDir: '/data/my runs', tasks: ['a', "it's"] };
  expect(resumeHint('run-1', flags)).toBe(
    "yardmaster resume run-1 --data-dir '/data/my runs' --tasks a --tasks 'it'\\''s'",
  );
  expect(resumeHint(null, {})).toBe('yardmaster resume');
});
