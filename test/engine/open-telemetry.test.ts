// Owns the tests of spans: real processes with a tracer in every thread, read back from its exporter in memory.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RETRY_EVENT, SPAN_ATTRIBUTES, SPAN_NAMES } from '../../src/engine/open-telemetry.ts';
import { copyWithout } from '../support/source-without.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures/telemetry');
const REGISTER = pathToFileURL(join(FIXTURES, 'register.ts')).href;

const spanSchema = z.object({
  name: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  parentId: z.string().nullable(),
  attributes: z.record(z.string(), z.unknown()),
  status: z.object({ code: z.number(), message: z.string().optional() }),
  events: z.array(z.object({ name: z.string(), attributes: z.record(z.string(), z.unknown()) })),
});
const bodySchema = z.object({ span: spanSchema.nullable(), tenant: z.string().nullable() });
const reportSchema = z.object({
  spans: z.array(spanSchema),
  runs: z.record(z.string(), z.string()),
  bodies: z.record(z.string(), bodySchema),
});
type Span = z.infer<typeof spanSchema>;
type Report = z.infer<typeof reportSchema>;

const UNSET = 0;
const ERROR = 2;

function tracedRuns(nodeFlags: readonly string[], environment: Record<string, string>): Report {
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-traced-'));
  const { stdout, stderr } = spawnSync(process.execPath, [...nodeFlags, join(FIXTURES, 'traced-runs.ts'), folder], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  rmSync(folder, { recursive: true, force: true });
  expect(stderr).toBe('');
  return reportSchema.parse(JSON.parse(stdout));
}

describe('a program with a tracer in every thread', () => {
  let report: Report;
  beforeAll(() => {
    report = tracedRuns([], { NODE_OPTIONS: `--import ${REGISTER}` });
  });

  const one = (name: string, attributes: Record<string, unknown> = {}): Span => {
    const found = report.spans.filter(
      (span) =>
        span.name === name && Object.entries(attributes).every(([key, value]) => span.attributes[key] === value),
    );
    expect(found).toHaveLength(1);
    return z.custom<Span>((span) => span !== undefined).parse(found[0]);
  };
  const run = (key: string) => one(SPAN_NAMES.run, { [SPAN_ATTRIBUTES.runId]: report.runs[key] });
  const attempt = (key: string, task: string, number = 1) =>
    one(SPAN_NAMES.attempt, {
      [SPAN_ATTRIBUTES.runId]: report.runs[key],
      [SPAN_ATTRIBUTES.task]: task,
      [SPAN_ATTRIBUTES.attempt]: number,
    });

  it('sees each run as a child of the span in which it was started', () => {
    for (const [key, caller] of [
      ['first', 'caller'],
      ['again', 'repeater'],
    ] as const) {
      const parent = one(caller);
      expect(run(key)).toMatchObject({ parentId: parent.spanId, traceId: parent.traceId });
    }
    expect(run('cancelled').parentId).toBeNull();
    expect(run('cancelled').traceId).not.toBe(run('first').traceId);
  });

  it('sees each attempt as a child of its run, with the ids of both', () => {
    for (const [task, number] of [
      ['thread', 1],
      ['inline', 1],
      ['flaky', 1],
      ['flaky', 2],
      ['late', 1],
    ] as const) {
      const span = attempt('first', task, number);
      expect(span).toMatchObject({ parentId: run('first').spanId, traceId: run('first').traceId });
      expect(span.attributes[SPAN_ATTRIBUTES.taskId]).toBe(`${report.runs.first}/${task}`);
      expect(span.attributes[SPAN_ATTRIBUTES.sessionId]).toBe(run('first').attributes[SPAN_ATTRIBUTES.sessionId]);
    }
    expect(report.spans.filter(({ attributes }) => attributes[SPAN_ATTRIBUTES.task] === 'never')).toEqual([]);
  });

  it('sees what a run is and how it ended', () => {
    expect(run('first').attributes).toMatchObject({
      [SPAN_ATTRIBUTES.workflow]: 'traced',
      [SPAN_ATTRIBUTES.runMode]: 'resource_aware',
      [SPAN_ATTRIBUTES.runTasks]: 5,
      [SPAN_ATTRIBUTES.runStatus]: 'failed',
    });
    expect(run('first').status).toEqual({ code: ERROR, message: '1 of 5 tasks failed' });
    expect(run('again').attributes[SPAN_ATTRIBUTES.runRerunOf]).toBe(report.runs.first);
    expect(run('cancelled').attributes).toMatchObject({
      [SPAN_ATTRIBUTES.runStatus]: 'cancelled',
      [SPAN_ATTRIBUTES.runReason]: 'not needed',
    });
    expect(run('cancelled').status.code).toBe(UNSET);
  });

  it('sees how an attempt ended, where it ran, and that another follows', () => {
    const failed = attempt('first', 'flaky', 1);
    expect(failed.status).toEqual({ code: ERROR, message: 'not yet' });
    expect(failed.attributes).toMatchObject({
      [SPAN_ATTRIBUTES.outcome]: 'failed',
      [SPAN_ATTRIBUTES.errorType]: 'E_NOT_YET',
      [SPAN_ATTRIBUTES.module]: 'traced',
      [SPAN_ATTRIBUTES.action]: 'flaky',
    });
    expect(failed.events.map(({ name }) => name)).toEqual(['exception', RETRY_EVENT]);
    expect(failed.events[1]?.attributes[SPAN_ATTRIBUTES.retryDelayMs]).toEqual(expect.any(Number));
    const passed = attempt('first', 'flaky', 2);
    expect(passed.attributes[SPAN_ATTRIBUTES.outcome]).toBe('completed');
    expect(passed.status.code).toBe(UNSET);
    expect(attempt('first', 'thread').attributes[SPAN_ATTRIBUTES.priority]).toBe('high');
    expect(attempt('first', 'thread').attributes[SPAN_ATTRIBUTES.threadId]).toBeGreaterThan(0);
    expect(attempt('first', 'inline').attributes[SPAN_ATTRIBUTES.threadId]).toBe(0);
  });

  it('sees the time-out of an attempt as its error, whatever its body did then', () => {
    const late = attempt('first', 'late');
    expect(late.attributes).toMatchObject({
      [SPAN_ATTRIBUTES.outcome]: 'failed',
      [SPAN_ATTRIBUTES.errorType]: 'TASK_TIMEOUT',
    });
    expect(late.events.map(({ name }) => name)).toEqual(['exception']);
  });

  it('has spans made in a body, in a thread and on the main loop, under their attempt', () => {
    for (const [task, number] of [
      ['thread', 1],
      ['inline', 1],
      ['flaky', 2],
    ] as const) {
      const { spanId, traceId } = attempt('first', task, number);
      expect(report.bodies[task]?.span).toMatchObject({ parentId: spanId, traceId });
    }
  });

  it('sees a single task under the span in which it was submitted', () => {
    const single = one(SPAN_NAMES.attempt, { [SPAN_ATTRIBUTES.task]: 'single' });
    expect(single).toMatchObject({ parentId: one('submitter').spanId, traceId: one('submitter').traceId });
    expect(report.bodies.single?.span).toMatchObject({ parentId: single.spanId, traceId: single.traceId });
  });

  it('sees a run that outlasts its engine as two: one suspended, one recovered', () => {
    const ofRun = (name: string) =>
      report.spans.filter((span) => span.name === name && span.attributes[SPAN_ATTRIBUTES.runId] === report.runs.left);
    const [suspended, recovered, ...more] = ofRun(SPAN_NAMES.run);
    expect(suspended?.attributes[SPAN_ATTRIBUTES.runStatus]).toBe('suspended');
    expect(suspended?.attributes).not.toHaveProperty([SPAN_ATTRIBUTES.runRecovered]);
    expect(recovered?.attributes).toMatchObject({
      [SPAN_ATTRIBUTES.runStatus]: 'completed',
      [SPAN_ATTRIBUTES.runRecovered]: true,
    });
    const attempts = ofRun(SPAN_NAMES.attempt).map(({ parentId, attributes }) => [
      parentId,
      attributes[SPAN_ATTRIBUTES.attempt],
      attributes[SPAN_ATTRIBUTES.outcome],
    ]);
    expect(attempts).toEqual([
      [suspended?.spanId, 1, 'interrupted'],
      [recovered?.spanId, 2, 'completed'],
    ]);
    expect(more).toEqual([]);
  });
});

describe('a program with a tracer', () => {
  it('may register it by a flag of Node, and carries with its own propagator what that knows', () => {
    const { bodies, spans, runs } = tracedRuns(['--import', REGISTER], { TEST_PROPAGATOR: '1' });
    const thread = spans.find(
      ({ attributes }) =>
        attributes[SPAN_ATTRIBUTES.runId] === runs.first && attributes[SPAN_ATTRIBUTES.task] === 'thread',
    );
    expect(bodies.thread).toMatchObject({ tenant: 'acme', span: { parentId: thread?.spanId } });
    expect(bodies.inline?.tenant).toBe('acme');
  });

  it('is not disturbed by a tracer that throws', () => {
    const { stdout, stderr } = runProgram(
      process.cwd(),
      `
      import { trace } from '@opentelemetry/api';
      const broken = () => { throw new Error('broken tracer'); };
      const span = { setAttribute: broken, setStatus: broken, addEvent: broken, recordException: broken, end: broken, spanContext: broken };
      let starts = 0;
      const startSpan = () => { if (++starts % 2 === 0) broken(); return span; };
      trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) });`,
      'console.log(starts > 0);',
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('{"a":1,"b":"thrown as it should be"}\ntrue\n');
  });
});

describe('a program without a tracer', () => {
  it('does not load the package', () => {
    const { stdout, stderr } = runProgram(
      process.cwd(),
      '',
      `
      const { createRequire } = await import('node:module');
      console.log(Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('opentelemetry')).length);`,
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('{"a":1,"b":"thrown as it should be"}\n0\n');
  });

  it.each(['', "globalThis[Symbol.for('opentelemetry.js.api.1')] = { version: '1.9.1', trace: {} };"])(
    'runs where the package is not installed: %s',
    (before) => {
      const { stdout, stderr } = runProgram(copyWithout('@opentelemetry'), before, '');
      expect(stderr).toBe('');
      expect(stdout).toBe('{"a":1,"b":"thrown as it should be"}\n');
    },
  );
});

/** A run of two steps in a process of its own, in a folder with the source; what comes before and after it is given. */
function runProgram(folder: string, before: string, after: string) {
  const program = `
    ${before}
    const { OrchestrationEngine } = await import(${JSON.stringify(pathToFileURL(join(folder, 'src/engine/orchestration-engine.ts')).href)});
    const engine = await OrchestrationEngine.create({ dataDir: ':memory:', maxWorkers: 1, workflowsDir: '/nonexistent-workflows' });
    engine.workflows.createWorkflow('w', [
      { name: 'a', module: 'core', action: 'echo', parameters: { message: 1 } },
      { name: 'b', module: 'core', action: 'fail', parameters: { message: 'thrown as it should be' } },
    ]);
    const { outputs, errors } = await engine.executeWorkflow('w');
    await engine.shutdown();
    console.log(JSON.stringify({ ...outputs, b: errors.b.message }));
    ${after}`;
  const file = join(folder, `program-${process.pid}.mjs`);
  if (folder !== process.cwd()) writeFileSync(file, program);
  const command = folder === process.cwd() ? ['--input-type=module', '-e', program] : [file];
  return spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
}
