// Owns the tests of the live drawing: what a frame shows, and that it fits whatever the terminal is.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOf } from '../../src/cli/printable-text.ts';
import { type RunGauges, renderRunView } from '../../src/cli/run-view-screen.ts';
import { createRunViewState, type RunViewState, reduceRunView } from '../../src/cli/run-view-state.ts';
import { COLOUR_STYLER } from '../../src/cli/text-style.ts';
import { eventMaker, START_MS } from './runtime-events.ts';

const GAUGES: RunGauges = { threadsBusy: 2, threads: 2, capacity: [{ resourceId: 'disk', used: 1.5, capacity: 4 }] };

function runningState(names: readonly string[], total = names.length): RunViewState {
  const event = eventMaker();
  const state = createRunViewState('inventory', total);
  reduceRunView(state, event('workflow.started', 0));
  for (const name of names) reduceRunView(state, event('task.started', 100, name, { attempt: 1 }));
  return state;
}

test('a frame has a line for each running task, the run with its figures, and the capacity in use', () => {
  const event = eventMaker();
  const state = runningState(['hash-1', 'hash-2'], 10);
  reduceRunView(state, event('task.progress', 200, 'hash-1', { fraction: 0.5, message: 'reading a.ts' }));
  reduceRunView(state, event('task.failed', 200, 'gone'));
  reduceRunView(state, event('task.skipped', 200, 'after-gone'));
  const lines = renderRunView(state, GAUGES, { columns: 100, rows: 24, nowMs: START_MS + 2_100 });
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/hash-1 ███████░░░░░░░ {2}50% reading a.ts .* 2\.0 s$/);
  expect(lines[1]).toMatch(/hash-2 .* 2\.0 s$/);
  expect(lines[2]).toMatch(/^inventory .*2\/10 · 1 failed · 1 skipped · 2\/2 threads · 2\.1 s$/);
  expect(lines[3]).toBe('capacity disk 1.5/4');
});

test('more running tasks than rows end in a count of the rest', () => {
  const state = runningState(Array.from({ length: 50 }, (_, index) => `task-${index}`));
  const lines = renderRunView(state, GAUGES, { columns: 80, rows: 10, nowMs: START_MS });
  expect(lines).toHaveLength(9);
  expect(lines[6]).toBe('  + 44 more running');
});

test('the bar is full only when every task has ended', () => {
  const event = eventMaker();
  const state = createRunViewState('flow', 1_000);
  for (let index = 0; index < 999; index += 1) reduceRunView(state, event('task.completed', 1, `t${index}`));
  const almost = renderRunView(state, { ...GAUGES, capacity: [] }, { columns: 100, rows: 24, nowMs: START_MS });
  expect(almost.join('')).toContain('░');
  reduceRunView(state, event('task.completed', 2, 'last'));
  const full = renderRunView(state, { ...GAUGES, capacity: [] }, { columns: 100, rows: 24, nowMs: START_MS });
  expect(full.join('')).not.toContain('░');
});

test('an interruption says what it does and how to hurry', () => {
  const state = runningState(['a']);
  state.interrupt = 'draining';
  expect(renderRunView(state, GAUGES, { columns: 100, rows: 24, nowMs: START_MS }).at(-1)).toContain('Ctrl-C again');
});

test('no frame is wider or higher than its terminal, whatever tasks are named, say and report', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 80 });
  fc.assert(
    fc.property(
      fc.uniqueArray(text, { maxLength: 12 }),
      text,
      fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      fc.integer({ min: 20, max: 140 }),
      fc.integer({ min: 2, max: 14 }),
      (names, message, fraction, columns, rows) => {
        const event = eventMaker();
        const state = runningState(names, names.length + 3);
        for (const name of names) reduceRunView(state, event('task.progress', 5, name, { fraction, message }));
        const lines = renderRunView(state, GAUGES, { columns, rows, nowMs: START_MS + 5_000_000 }, COLOUR_STYLER);
        expect(lines.length).toBeLessThan(Math.max(2, rows));
        for (const line of lines) expect(columnsOf(line)).toBeLessThan(columns);
      },
    ),
  );
});
