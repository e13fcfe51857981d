// Owns the tests of the timeline of a recorded run: the reasons for waiting, the axis of time, and the drawing.

import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOf } from '../../src/cli/printable-text.ts';
import { TimeAxis, timelineOf } from '../../src/cli/run-timeline.ts';
import { timelineLines } from '../../src/cli/run-timeline-screen.ts';
import { COLOUR_STYLER, PLAIN_STYLER } from '../../src/cli/text-style.ts';
import type { CompiledWorkflow } from '../../src/engine/workflow-compiler.ts';
import { parseWorkflowText } from '../../src/engine/workflow-files.ts';

import { RECORD_START_MS, RecordedFacts } from './recorded-runs.ts';
import { coreStep } from './work-folder.ts';

const BOOM = { name: 'DecodeError', code: 'E_DECODE', message: 'bad header', retryable: true } as const;

function workflow(steps: readonly unknown[]): CompiledWorkflow {
  const load = parseWorkflowText(JSON.stringify({ name: 'flow', steps }), { file: 'flow.json', stem: 'flow' });
  if (load.kind === 'faulty') throw new Error(JSON.stringify(load.faults));
  return load.workflow;
}

const CHAIN = workflow([
  coreStep('first', 'noop'),
  coreStep('second', 'noop', { dependencies: ['first'] }),
  coreStep('third', 'echo', { parameters: { message: '{{second.output}}' } }),
]);

function waitingOf(facts: RecordedFacts, standing: Parameters<typeof timelineOf>[2], nowMs = 10_000) {
  const timeline = timelineOf(facts.history(), CHAIN, standing, RECORD_START_MS + nowMs);
  return Object.fromEntries(timeline.tasks.map(({ name, status, waiting }) => [name, [status, waiting]]));
}

test('a task that has not started says what it waits for, references included', () => {
  const facts = new RecordedFacts('flow', 3).started('first', 10);
  expect(waitingOf(facts, 'running')).toEqual({
    first: ['running', 'runs, attempt 1'],
    second: ['pending', 'waits for "first"'],
    third: ['pending', 'waits for "second"'],
  });
});

test('a task whose dependencies have completed waits for capacity, or for whatever holds the run', () => {
  const facts = new RecordedFacts('flow', 3).completed('first', 10, 20);
  expect(waitingOf(facts, 'running').second).toEqual(['pending', 'ready: waits for capacity or a thread']);
  expect(waitingOf(facts, 'interrupted').second).toEqual(['pending', 'not started; the run is interrupted']);
  expect(waitingOf(facts, 'paused').second).toEqual(['pending', 'not started; the run is paused']);
  expect(waitingOf(facts, 'parked').second).toEqual(['pending', 'not started; the run is parked']);
});

test('a retry says when it is due, and a task whose engine is gone that it was interrupted', () => {
  const retrying = new RecordedFacts('flow', 3)
    .started('first', 10)
    .add('task.retry-scheduled', 20, { task: 'first', attempt: 1, error: BOOM, dueMs: RECORD_START_MS + 12_500 });
  expect(waitingOf(retrying, 'running').first).toEqual([
    'retrying',
    expect.stringMatching(/^retry due at 2026-01-0\d \d\d:\d\d:17 \(in 2\.5 s\)$/),
  ]);
  expect(waitingOf(retrying, 'interrupted', 20_000).first?.[1]).toMatch(/\(now\); the run is interrupted$/);
  const killed = new RecordedFacts('flow', 3).started('first', 10);
  expect(waitingOf(killed, 'paused').first?.[1]).toBe('runs, attempt 1');
  expect(waitingOf(killed.add('run.suspended', 20, {}), 'paused').first).toEqual([
    'interrupted',
    'attempt 1 was interrupted; the run is paused',
  ]);
  expect(waitingOf(killed, 'interrupted').first).toEqual(['interrupted', 'attempt 1 was interrupted']);
});

test('the axis leaves out the time in which no engine held the run', () => {
  const day = 86_400_000;
  const facts = new RecordedFacts('flow', 3)
    .completed('first', 0, 1_000)
    .started('second', 1_000)
    .add('run.recovered', day, { recovery: 1 })
    .completed('second', day + 500, day + 1_000, null, 2);
  facts.add('run.ended', day + 1_000, { status: 'completed', reason: null, timedOut: false });
  const { axis } = timelineOf(facts.history(), CHAIN, 'completed', RECORD_START_MS + 2 * day);
  expect(axis.gaps).toEqual([{ fromMs: RECORD_START_MS + 1_000, toMs: RECORD_START_MS + day }]);
  expect(axis.shareOf(RECORD_START_MS + 1_000)).toBe(0.5);
  expect(axis.shareOf(RECORD_START_MS + day)).toBe(0.5);
  expect(axis.shareOf(RECORD_START_MS + day + 500)).toBe(0.75);
});

test('an axis is monotonic and stays within 0 and 1', () => {
  const times = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 4, maxLength: 12 });
  fc.assert(
    fc.property(times, (given) => {
      const sorted = [...given].sort((a, b) => a - b);
      const gaps = [];
      for (let index = 1; index + 1 < sorted.length - 1; index += 2) {
        gaps.push({ fromMs: sorted[index] ?? 0, toMs: sorted[index + 1] ?? 0 });
      }
      const axis = new TimeAxis(sorted[0] ?? 0, sorted.at(-1) ?? 0, gaps);
      let before = 0;
      for (const time of sorted) {
        const share = axis.shareOf(time);
        expect(share).toBeGreaterThanOrEqual(before);
        expect(share).toBeLessThanOrEqual(1);
        before = share;
      }
    }),
  );
});

const EVENTFUL = new RecordedFacts('flow', 3, { parameters: { top: 5 }, rerunOf: 'run-0' })
  .completed('first', 0, 1_000, { primes: 9_592 })
  .started('second', 1_000)
  .add('task.retry-scheduled', 2_000, { task: 'second', attempt: 1, error: BOOM, dueMs: RECORD_START_MS + 2_500 })
  .add('run.paused', 2_200, {})
  .add('run.resumed', 2_400, {})
  .started('second', 2_500, 2)
  .add('task.failed', 4_000, { task: 'second', attempt: 2, error: BOOM })
  .add('task.skipped', 4_000, { task: 'third', code: 'UPSTREAM_FAILED', reason: "upstream failed: 'second'" })
  .add('run.ended', 4_000, { status: 'failed', reason: null, timedOut: false });

test('a timeline has the run, its moments, and a bar and the outcome of each attempt', () => {
  const timeline = timelineOf(EVENTFUL.history(), CHAIN, 'failed', RECORD_START_MS);
  const lines = [...timelineLines(timeline, 81)];
  expect(lines[0]).toBe('flow failed in 4.0 s: 1 of 3 tasks completed, 1 failed, 1 skipped (run run-1)');
  expect(lines[1]).toMatch(/^ {2}asked for {3}2026-01-0\d \d\d:\d\d:05$/);
  expect(lines.slice(2, 4)).toEqual(['  parameters  {"top":5}', '  rerun of    run-0']);
  expect(lines.slice(4, 6)).toEqual(['       +2.2 s paused', '       +2.4 s resumed']);
  expect(lines.slice(7)).toEqual([
    '  task   0           2.0 s      4.0 s   start  took',
    '✓ first  ███████····················· +0.00 s 1.0 s  {"primes":9592}',
    '✗ second ·······▒▒▒▒▒▒▒╌╌╌▒▒▒▒▒▒▒▒▒▒▒  +1.0 s 3.0 s  E_DECODE',
    '    attempt 1    +1.0 s 1.0 s  failed: E_DECODE: DecodeError: bad header',
    '    attempt 2    +2.5 s 1.5 s  failed: E_DECODE: DecodeError: bad header',
    '○ third  ····························                skipped',
    "    skipped: upstream failed: 'second'",
    '',
    '  █ completed   ▒ failed   ╌ waited',
  ]);
});

test('waiting, kills, what runs and the time in which nobody had the run are seen without colours', () => {
  const facts = new RecordedFacts('flow', 3)
    .completed('first', 0, 1_000)
    .started('second', 2_000)
    .add('run.recovered', 20_000, { recovery: 1 })
    .started('second', 20_500, 2)
    .add('task.retry-scheduled', 21_500, {
      task: 'second',
      attempt: 2,
      error: BOOM,
      dueMs: RECORD_START_MS + 22_000,
      threadId: 4,
      killed: true,
    })
    .started('second', 22_000, 3);
  const lines = [...timelineLines(timelineOf(facts.history(), CHAIN, 'running', RECORD_START_MS + 24_000), 120)];
  const barOf = (name: string): string => {
    const own = lines.find((line) => line.slice(2).startsWith(name)) ?? '';
    return /[·╌┊▒×░█▶]{9,}/.exec(own)?.[0] ?? '';
  };
  // Ready when the first had ended; lost at once, in the gap; tried again, its thread ended; runs now.
  expect(barOf('second').replaceAll(/(.)\1*/g, '$1')).toBe('·╌░╌▒×╌█▶');
  expect(barOf('third')).toMatch(/^·+┊·+$/);
  expect(barOf('first ').replaceAll(/(.)\1*/g, '$1')).toBe('█·┊·');
  expect(lines.join('\n')).toContain('  +20.5 s  1.0 s  failed on thread 4, which was ended: E_DECODE');
  expect(lines.join('\n')).toMatch(/\n {2}thread 4 +[·░▒▓█┊]+ 1 attempt, \d+ % busy, then ended\n/);
  expect(lines.at(-1)).toMatch(/▶ running .* × its thread was ended .* ╌ waited .* ┊ nobody had the run$/);
});

test('a task on the main loop and one on a thread are told apart', () => {
  const facts = new RecordedFacts('flow', 2)
    .started('first', 0)
    .add('task.completed', 900, { task: 'first', attempt: 1, output: null, threadId: 3 })
    .started('second', 0)
    .add('task.completed', 1_000, { task: 'second', attempt: 1, output: null, threadId: 0 })
    .add('run.ended', 1_000, { status: 'completed', reason: null, timedOut: false });
  const lines = [...timelineLines(timelineOf(facts.history(), null, 'completed', RECORD_START_MS), 100)];
  expect(lines.find((line) => line.startsWith('✓ first'))).toMatch(/0\.90 s {6}3$/);
  expect(lines.find((line) => line.startsWith('✓ second'))).toMatch(/1\.0 s {3}main$/);
  expect(lines.filter((line) => /^ {2}(?:thread|main)/.test(line))).toEqual([
    expect.stringMatching(/^ {2}thread 3 .* 1 attempt, 90 % busy$/),
    expect.stringMatching(/^ {2}main loop .* 1 attempt, 100 % busy$/),
  ]);
});

test('of ten thousand tasks those are shown that did not go as they should, and the slowest', () => {
  const facts = new RecordedFacts('flow', 10_000);
  for (let task = 0; task < 9_990; task++) facts.completed(`t${task}`, task, task + (task === 77 ? 5_000 : 3));
  for (let task = 9_990; task < 10_000; task++) {
    facts.started(`t${task}`, task).add('task.failed', task + 1, { task: `t${task}`, attempt: 1, error: BOOM });
  }
  facts.add('run.ended', 10_100, { status: 'failed', reason: null, timedOut: false });
  const timeline = timelineOf(facts.history(), null, 'failed', RECORD_START_MS);
  const lines = [...timelineLines(timeline, 100)];
  expect(lines.length).toBeLessThan(50);
  expect(lines.filter((line) => line.startsWith('✗'))).toHaveLength(10);
  expect(lines.some((line) => line.startsWith('✓ t77 '))).toBe(true);
  expect(lines).toContain(
    '  and 9,980 completed (each in 0.00 s to 0.00 s, half of them within 0.00 s); --all lists every task',
  );
  const all = [...timelineLines(timeline, 100, PLAIN_STYLER, true)];
  expect(all.filter((line) => /^[✓✗] t\d/.test(line))).toHaveLength(10_000);
});

test('whatever tasks are named and say, a line fits its rows and carries no control character', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 400 });
  fc.assert(
    fc.property(anything, anything, fc.integer({ min: 20, max: 200 }), (name, message, columns) => {
      const facts = new RecordedFacts(`flow ${name}`, 1)
        .started(name, 0)
        .add('task.failed', 10, { task: name, attempt: 1, error: { ...BOOM, message } })
        .add('run.ended', 20, { status: 'failed', reason: message, timedOut: false });
      const timeline = timelineOf(facts.history(), null, 'failed', RECORD_START_MS);
      const width = Math.max(60, columns);
      for (const line of timelineLines(timeline, columns)) {
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
        expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(3 * width, columnsOf(name) + 100));
      }
      const coloured = [...timelineLines(timeline, columns, COLOUR_STYLER)];
      expect(coloured.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(
        [...timelineLines(timeline, columns)].map((line) => line.trimEnd()),
      );
    }),
    { numRuns: 200 },
  );
});
