// Owns the tests of the metrics: that a scraper can read the text, and that the figures are those of what really happened.

import { spawnSync } from 'node:child_process';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { METRICS, type MetricDefinition } from '../../src/inspect/metric-definitions.ts';
import { collectMetrics, type EngineMetrics } from '../../src/inspect/prometheus-metrics.ts';
import { createGate, createTestEngine, seen, type TestEngine } from '../engine/support.ts';
import { crashActor } from '../support/actor-crash.ts';
import { lintFamilies, parsePrometheusText, type Sample } from './prometheus-text.ts';
import { runTwenty } from './traced-run.ts';

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

async function measured(test: TestEngine): Promise<EngineMetrics> {
  const metrics = await collectMetrics(test.engine);
  onTestFinished(() => metrics.close());
  return metrics;
}

async function samplesOf(metrics: EngineMetrics): Promise<Sample[]> {
  return parsePrometheusText(await metrics.text()).flatMap(({ samples }) => samples);
}

/** The value of a series; undefined when there is none. */
async function seriesValue(
  metrics: EngineMetrics,
  name: string,
  labels: Record<string, string> = {},
): Promise<number | undefined> {
  const found = (await samplesOf(metrics)).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.value;
}

/** Counts by the one label that a metric has. */
async function countsOf(metrics: EngineMetrics, name: string): Promise<Record<string, number>> {
  const samples = (await samplesOf(metrics)).filter((sample) => sample.name === name);
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(), value]));
}

describe('the text', () => {
  it('has every metric of the list and no other, with type, help and labels, before and after a run', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    const expected = Object.entries<MetricDefinition>(METRICS).map(([name, { type, help }]) => ({ name, type, help }));
    const shown = async () =>
      parsePrometheusText(await metrics.text()).map(({ name, type, help }) => ({ name, type, help }));
    expect(await shown()).toEqual(expected);
    await runTwenty(test);
    expect(await shown()).toEqual(expected);
    for (const { name, samples } of parsePrometheusText(await metrics.text())) {
      const labels = Object.keys(
        Object.entries<MetricDefinition>(METRICS).find(([key]) => key === name)?.[1].labels ?? {},
      );
      expect(samples.length).toBeGreaterThan(0);
      for (const sample of samples) {
        expect(
          Object.keys(sample.labels)
            .filter((label) => label !== 'le')
            .sort(),
        ).toEqual([...labels].sort());
      }
    }
  });

  it('has nothing that the rules of names and units find fault with', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    await runTwenty(test);
    expect(lintFamilies(parsePrometheusText(await metrics.text()))).toEqual([]);
  });

  it('carries any name as it is: quotes, backslashes, line feeds', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    const module = 'a "module"\nof \\two lines\\';
    test.engine.registerInlineTask(module, 'do"it', () => null);
    test.engine.resources.registerResource('re"source\n\\', 'custom', 3);
    await test.engine.waitForTask(test.engine.submitTask({ name: 'x', module, action: 'do"it' }));
    expect(await seriesValue(metrics, 'yardmaster_attempt_duration_seconds_count', { module, action: 'do"it' })).toBe(
      1,
    );
    expect(await seriesValue(metrics, 'yardmaster_resource_capacity', { resource: 're"source\n\\' })).toBe(3);
  });

  it.skipIf(!hasPromtool)('passes promtool (skipped where there is none)', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    test.engine.resources.registerResource('re"source\n\\', 'custom', 3);
    await runTwenty(test);
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await metrics.text(),
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

describe('the strict reading', () => {
  const head = '# HELP x_total h\n# TYPE x_total counter\n';
  const histogram = '# HELP h_seconds h\n# TYPE h_seconds histogram\n';
  it.each([
    ['x_total 1\n', 'outside of its family'],
    ['# TYPE x_total counter\n', 'does not follow its HELP'],
    [`${head}x_total 1`, 'does not end with a line feed'],
    [`${head}x_total one\n`, 'a bad value'],
    [`${head}x_total 1\nx_total 2\n`, 'a series twice'],
    [`${head}x_total{a="1",b="2"} 1\nx_total{b="2",a="1"} 1\n`, 'a series twice'],
    [`${head}x_total{a="1\\q"} 1\n`, 'a bad label'],
    [`${head}x_total{a="1"b="2"} 1\n`, 'without a comma'],
    [`${head}x_total{a="say "hi""} 1\n`, 'without a comma'],
    [`${head}x_total{a="two\nlines"} 1\n`, 'a bad label'],
    [`${head}x_total{9a="1"} 1\n`, 'a bad name of a label'],
    [`${head}${head}`, 'a second HELP'],
    [`${histogram}h_seconds_bucket{le="1"} 1\nh_seconds_sum 1\nh_seconds_count 1\n`, 'not in order'],
    [
      `${histogram}h_seconds_bucket{le="1"} 2\nh_seconds_bucket{le="+Inf"} 1\nh_seconds_sum 1\nh_seconds_count 1\n`,
      'add up',
    ],
    [`${histogram}h_seconds_bucket{le="+Inf"} 1\nh_seconds_count 1\n`, 'sum or count is missing'],
    [`${histogram}h_seconds_bucket{le="+Inf"} 1\nh_seconds_sum 1\nh_seconds_count 2\n`, 'sum or count is missing'],
  ])('refuses %j', (text, why) => {
    expect(() => parsePrometheusText(text)).toThrow(why);
  });

  it.each([
    '# HELP x h\n# TYPE x counter\nx 1\n',
    '# HELP x_total h\n# TYPE x_total gauge\nx_total 1\n',
    '# HELP x_milliseconds h\n# TYPE x_milliseconds gauge\nx_milliseconds 1\n',
    '# HELP xMetric h\n# TYPE xMetric gauge\nxMetric 1\n',
    '# HELP x_gauge h\n# TYPE x_gauge gauge\nx_gauge 1\n',
    '# HELP x h\n# TYPE x gauge\nx{quantile="1"} 1\n',
    '# HELP x  \n# TYPE x gauge\nx 1\n',
  ])('finds fault with %j', (text) => {
    expect(lintFamilies(parsePrometheusText(text))).toHaveLength(1);
  });
});

describe('the figures', () => {
  it('are those of a run with retries, failures, skips and cancelled tasks', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    const history = await runTwenty(test, () => {});
    const ended = await countsOf(metrics, 'yardmaster_tasks_ended_total');
    const recorded = { completed: 0, failed: 0, cancelled: 0, skipped: 0, adopted: 0 };
    for (const { status } of history.tasks.values()) {
      if (status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'skipped')
        recorded[status]++;
    }
    expect(ended).toEqual(recorded);
    const attempts = [...history.tasks.values()].flatMap((task) => task.attempts);
    const outcomes = await countsOf(metrics, 'yardmaster_attempts_ended_total');
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(attempts.length);
    expect(outcomes).toMatchObject({ completed: recorded.completed, cancelled: 2, interrupted: 0 });
    expect(await seriesValue(metrics, 'yardmaster_task_retries_total')).toBe(5);
    expect(await seriesValue(metrics, 'yardmaster_runs_started_total')).toBe(1);
    expect(await countsOf(metrics, 'yardmaster_runs_ended_total')).toEqual({ completed: 0, failed: 1, cancelled: 0 });
    const durations = (await samplesOf(metrics)).filter(
      ({ name }) => name === 'yardmaster_attempt_duration_seconds_count',
    );
    expect(durations.reduce((sum, { value }) => sum + value, 0)).toBe(attempts.length);
    expect(await seriesValue(metrics, 'yardmaster_queue_wait_seconds_count', { priority: 'normal' })).toBe(
      attempts.length,
    );
  });

  it('show what runs and waits now, by priority', async () => {
    const test = await createTestEngine({ maxInlineTasks: 1 });
    const metrics = await measured(test);
    const gate = createGate(test.engine);
    const first = test.engine.submitTask({ name: 'first', ...gate.task('first') });
    await gate.entered('first');
    const second = test.engine.submitTask({ name: 'second', ...gate.task('second'), priority: 'high' });
    expect(await countsOf(metrics, 'yardmaster_queue_depth')).toMatchObject({ high: 1, normal: 0 });
    expect(await seriesValue(metrics, 'yardmaster_tasks_running')).toBe(1);
    expect(await countsOf(metrics, 'yardmaster_tasks')).toMatchObject({ running: 1, ready: 1, completed: 0 });
    gate.open('first');
    gate.open('second');
    await Promise.all([test.engine.waitForTask(first), test.engine.waitForTask(second)]);
    expect(await countsOf(metrics, 'yardmaster_queue_depth')).toMatchObject({ high: 0 });
    expect(await countsOf(metrics, 'yardmaster_tasks')).toMatchObject({ running: 0, ready: 0, completed: 2 });
  });

  it('tell of capacity in use, its peak, and who waits for it', async () => {
    const test = await createTestEngine({ resources: [{ id: 'gpu', type: 'custom', capacity: 2 }] });
    const metrics = await measured(test);
    const { resources } = test.engine;
    const held = resources.allocate('gpu', 'me', 2);
    const waiting = resources.acquire({ gpu: 1 }, { requesterId: 'you' });
    const gpu = async (what: string) =>
      await seriesValue(metrics, `yardmaster_resource_${what}`, { resource: 'gpu', type: 'custom' });
    expect([await gpu('in_use'), await gpu('capacity'), await gpu('peak'), await gpu('waiting')]).toEqual([2, 2, 2, 1]);
    if (held !== null) resources.release(held.allocationId);
    await waiting;
    expect([await gpu('in_use'), await gpu('capacity'), await gpu('peak'), await gpu('waiting')]).toEqual([1, 2, 2, 0]);
  });

  it('tell of threads that were terminated, and of their attempts', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    const taskId = test.engine.submitTask({ name: 'spins', module: 'bodies', action: 'spins' });
    await seen(test, ({ type }) => type === 'task.started');
    test.engine.tasks.cancelTask(taskId);
    await test.engine.waitForTask(taskId);
    expect(await countsOf(metrics, 'yardmaster_threads_ended_total')).toMatchObject({ stopped: 1, died: 0 });
    expect(await countsOf(metrics, 'yardmaster_attempts_ended_total')).toMatchObject({ killed: 1, cancelled: 0 });
    expect(await countsOf(metrics, 'yardmaster_tasks_ended_total')).toMatchObject({ cancelled: 1 });
  });

  it('tell of actors that were restarted and handlers that threw', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    crashActor(test.engine.supervisor.child('dispatcher'), 'dispatcher');
    await seen(test, ({ type }) => type === 'supervisor.restarted');
    test.engine.registerEventHandler('session.created', () => {
      throw new Error('a handler of the test');
    });
    test.engine.createSession('s');
    expect(await seriesValue(metrics, 'yardmaster_supervisor_restarts_total')).toBe(1);
    expect(await seriesValue(metrics, 'yardmaster_handler_failures_total')).toBe(1);
    expect(await seriesValue(metrics, 'yardmaster_sessions_active')).toBe(1);
    expect(await seriesValue(metrics, 'yardmaster_journal_failed')).toBe(0);
  });

  it('tell of the process: its memory, its CPU time, which only grows, and how late the main loop was', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    const before = (await seriesValue(metrics, 'yardmaster_process_cpu_seconds_total')) ?? 0;
    const { rss } = process.memoryUsage();
    expect(await seriesValue(metrics, 'yardmaster_process_resident_memory_bytes')).toBeGreaterThan(rss / 2);
    // Seen once the measuring timer has had a turn before the block and one after it.
    await vi.waitFor(async () => {
      const end = performance.now() + 120;
      while (performance.now() < end);
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
      const delays = await countsOf(metrics, 'yardmaster_event_loop_delay_seconds');
      expect(delays.max).toBeGreaterThan(0.09);
      expect(delays.max).toBeLessThan(60);
    });
    expect((await seriesValue(metrics, 'yardmaster_process_cpu_seconds_total')) ?? 0).toBeGreaterThan(before);
  });
});

describe('the number of series', () => {
  it('does not grow with the names of actions beyond a bound', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    const { engine } = test;
    for (let i = 0; i < 130; i++) engine.registerInlineTask('other', `action${i}`, () => null);
    const ids = Array.from({ length: 130 }, (_, i) =>
      engine.submitTask({ name: `t${i}`, module: 'other', action: `action${i}` }),
    );
    await Promise.all(ids.map((id) => engine.waitForTask(id)));
    const counts = (await samplesOf(metrics)).filter(
      ({ name }) => name === 'yardmaster_attempt_duration_seconds_count',
    );
    expect(counts).toHaveLength(101);
    expect(counts.find(({ labels }) => labels.module === 'other' && labels.action === 'other')?.value).toBe(30);
  });

  it('does not grow with resources beyond a bound', async () => {
    const test = await createTestEngine();
    const metrics = await measured(test);
    for (let i = 0; i < 130; i++) test.engine.resources.registerResource(`r${i}`, 'custom', 1);
    const samples = await samplesOf(metrics);
    expect(samples.filter(({ name }) => name === 'yardmaster_resource_capacity')).toHaveLength(100);
    expect(samples.find(({ name }) => name === 'yardmaster_resources')?.value).toBe(133);
  });
});

describe('two collectors', () => {
  it('count each for itself, and one that is closed leaves nothing behind', async () => {
    const test = await createTestEngine();
    const early = await measured(test);
    const run = async () =>
      await test.engine.waitForTask(test.engine.submitTask({ name: 'n', module: 'core', action: 'noop' }));
    await run();
    const late = await measured(test);
    await run();
    expect(await countsOf(early, 'yardmaster_tasks_ended_total')).toMatchObject({ completed: 2 });
    expect(await countsOf(late, 'yardmaster_tasks_ended_total')).toMatchObject({ completed: 1 });
    early.close();
    early.close();
    await run();
    expect(await early.text()).toBe('');
    expect(await countsOf(late, 'yardmaster_tasks_ended_total')).toMatchObject({ completed: 2 });
    expect(late.contentType).toContain('text/plain; version=0.0.4');
  });

  it('can still be read when the engine is down', async () => {
    const test = await createTestEngine({ maxWorkers: 1 });
    const metrics = await measured(test);
    await test.engine.shutdown();
    expect(await countsOf(metrics, 'yardmaster_threads')).toEqual({ idle: 0, busy: 0 });
    expect(await countsOf(metrics, 'yardmaster_threads_ended_total')).toEqual({ stopped: 0, died: 0, shutdown: 1 });
  });
});
