// Owns the tests of the fold of a run's events.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRunViewState, endedTasks, reduceRunView } from '../../src/cli/run-view-state.ts';
import { eventMaker, START_MS } from './runtime-events.ts';

test('a task is running from its start to its end and counted once', () => {
  const event = eventMaker();
  const state = createRunViewState('flow', 2);
  reduceRunView(state, event('workflow.started', 0));
  reduceRunView(state, event('task.started', 10, 'a', { attempt: 1 }));
  reduceRunView(state, event('task.progress', 20, 'a', { fraction: 0.5, message: 'half' }));
  expect([...state.running.values()]).toEqual([
    { name: 'a', attempt: 1, startedAtMs: START_MS + 10, fraction: 0.5, message: 'half' },
  ]);
  reduceRunView(state, event('task.completed', 30, 'a'));
  expect(state.running.size).toBe(0);
  expect(state.completed).toBe(1);
  expect(state.runId).toBe('run-1');
});

test('a retry moves a task from running to retrying and back', () => {
  const event = eventMaker();
  const state = createRunViewState('flow', 1);
  reduceRunView(state, event('task.started', 0, 'a', { attempt: 1 }));
  reduceRunView(state, event('task.retrying', 5, 'a', { attempt: 1 }));
  expect([state.running.size, state.retrying.size]).toEqual([0, 1]);
  reduceRunView(state, event('task.started', 9, 'a', { attempt: 2 }));
  expect([state.running.get('a')?.attempt, state.retrying.size]).toEqual([2, 0]);
});

test('progress outside 0…1, without a number, or of a task that does not run changes nothing it should not', () => {
  const event = eventMaker();
  const state = createRunViewState('flow', 1);
  reduceRunView(state, event('task.progress', 0, 'ghost', { fraction: 0.5 }));
  expect(state.running.size).toBe(0);
  reduceRunView(state, event('task.started', 0, 'a'));
  reduceRunView(state, event('task.progress', 1, 'a', { fraction: 7 }));
  expect(state.running.get('a')?.fraction).toBe(1);
  reduceRunView(state, event('task.progress', 2, 'a', { fraction: Number.NaN, message: 'm' }));
  expect(state.running.get('a')).toMatchObject({ fraction: 1, message: 'm' });
});

test('the end of the run leaves nothing running', () => {
  const event = eventMaker();
  const state = createRunViewState('flow', 2);
  reduceRunView(state, event('task.started', 0, 'a'));
  reduceRunView(state, event('workflow.cancelled', 8));
  expect([state.running.size, state.endedAtMs]).toEqual([0, START_MS + 8]);
});

test('whatever order tasks run in, those that ended add up and none that ended is shown as running', () => {
  const ends = ['task.completed', 'task.failed', 'task.cancelled', 'task.skipped'] as const;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...ends), fc.nat(3)), { maxLength: 40 }), (tasks) => {
      const event = eventMaker();
      const state = createRunViewState('flow', tasks.length);
      for (const [index, [end, retries]] of tasks.entries()) {
        const name = `t${index}`;
        for (let attempt = 1; end !== 'task.skipped' && attempt <= retries + 1; attempt += 1) {
          reduceRunView(state, event('task.started', index, name, { attempt }));
          if (attempt <= retries) reduceRunView(state, event('task.retrying', index, name, { attempt }));
        }
        reduceRunView(state, event(end, index, name));
      }
      expect(endedTasks(state)).toBe(tasks.length);
      expect([state.running.size, state.retrying.size]).toEqual([0, 0]);
    }),
  );
});

test('a run that is restarted after a crash has begun when it began, and what it ran waits to begin again', () => {
  const event = eventMaker();
  const state = createRunViewState('flow', 3);
  reduceRunView(state, event('workflow.started', 0));
  reduceRunView(state, event('task.started', 1, 'a', { attempt: 1 }));
  reduceRunView(state, event('task.completed', 2, 'a'));
  reduceRunView(state, event('task.started', 3, 'b', { attempt: 1 }));
  reduceRunView(state, event('task.started', 3, 'c', { attempt: 1 }));
  reduceRunView(state, event('task.retrying', 4, 'c', { attempt: 1 }));
  reduceRunView(state, event('workflow.recovered', 9));
  expect([state.startedAtMs, state.completed, state.running.size, state.retrying.size]).toEqual([START_MS, 1, 0, 0]);
  reduceRunView(state, event('task.started', 10, 'b', { attempt: 2 }));
  expect(state.running.get('b')?.attempt).toBe(2);
});
