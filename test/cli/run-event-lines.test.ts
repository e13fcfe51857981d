// Owns the tests of the words for events.

import { expect, test } from 'vitest';
import { eventLine } from '../../src/cli/run-event-lines.ts';
import { createRunViewState, reduceRunView } from '../../src/cli/run-view-state.ts';
import { eventMaker } from './runtime-events.ts';

const ERROR = {
  name: 'DecodeError',
  message: 'bad header',
  code: 'E_DECODE',
  retryable: true,
  details: { offset: 12 },
  cause: { name: 'RangeError', message: 'too short', code: 'E_SHORT', retryable: true },
};

test('an end tells how long the task ran, from the event or from its start', () => {
  const event = eventMaker();
  const state = createRunViewState('flow', 1);
  reduceRunView(state, event('task.started', 0, 'a'));
  expect(eventLine(event('task.completed', 1_500, 'a'), state)?.text).toBe('a in 1.5 s');
  expect(eventLine(event('task.completed', 1_500, 'a', { durationMs: 20 }), state)?.text).toBe('a in 0.02 s');
});

test('a failure shows code, name, message, details and causes on one line', () => {
  const event = eventMaker();
  const line = eventLine(event('task.failed', 9, 'a', { error: ERROR }), createRunViewState('flow', 1));
  expect(line?.text).toBe(
    'a: E_DECODE DecodeError: bad header (details {"offset":12}); caused by RangeError E_SHORT: too short',
  );
});

test('a retry tells when the next attempt is', () => {
  const event = eventMaker();
  const data = { attempt: 1, error: ERROR, delayMs: 1_500 };
  expect(eventLine(event('task.retrying', 9, 'a', data), createRunViewState('flow', 1))?.text).toMatch(
    /attempt 1 failed, again in 1\.5 s$/,
  );
});

test('logs keep their level and fields, and cannot break the line', () => {
  const event = eventMaker();
  const line = eventLine(
    event('task.log', 9, 'a', { level: 'warn', message: 'two\nlines', fields: { n: 1 } }),
    createRunViewState('flow', 1),
  );
  expect(line).toMatchObject({ style: 'warning', word: 'log', text: 'a warn: two lines {"n":1}' });
});

test('a run that is taken up, or takes over outputs, tells how much of it is done', () => {
  const event = eventMaker();
  const before = createRunViewState('flow', 29, { completed: 10, failed: 1, skipped: 1, cancelled: 0 });
  expect(eventLine(event('workflow.recovered', 0), before)?.text).toBe('12 of 29 tasks were done before');
  const state = createRunViewState('flow', 3);
  const started = event('workflow.started', 0, undefined, { adopted: 2, rerunOf: 'run-0' });
  expect(eventLine(started, state)?.text).toBe('2 of 3 tasks were taken over from run-0');
  expect(eventLine(event('workflow.started', 0), state)).toBeUndefined();
});

test('events that only move numbers have no line, and events without data do not fail', () => {
  const event = eventMaker();
  const state = createRunViewState('flow', 1);
  expect(eventLine(event('task.ready', 0, 'a'), state)).toBeUndefined();
  for (const type of ['task.failed', 'task.retrying', 'task.skipped', 'task.log', 'worker.killed'] as const) {
    expect(eventLine(event(type, 0, 'a'), state)?.text).toContain('a');
  }
});

test('a restart of an actor is told with its name and why', () => {
  const event = eventMaker();
  const crash = { name: 'Error', message: 'out of ideas', code: 'ACTOR_CRASHED', retryable: true, details: {} };
  const data = { child: 'dispatcher', reason: 'error', restarts: 1, error: crash };
  const state = createRunViewState('flow', 1);
  expect(eventLine(event('supervisor.restarted', 9, undefined, data), state)?.text).toBe(
    'dispatcher crashed and was restarted: ACTOR_CRASHED Error: out of ideas',
  );
});
