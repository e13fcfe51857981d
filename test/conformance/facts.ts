// Owns facts and definitions for tests of the journal: one of every kind, whole runs, workflows of any length.

import type { Fact } from '../../src/domain/facts.ts';
import type { StepDefinition, WorkflowDefinition } from '../../src/domain/workflow-definition.ts';

const error = {
  name: 'E',
  message: 'm "quoted"\nand ä',
  code: 'C',
  retryable: true,
  details: { a: [1, null] },
  stack: 'E: m\n    at x',
  cause: { name: 'F', message: 'deeper', code: 'D', retryable: false },
} as const;

const retry = {
  maxAttempts: null,
  initialIntervalMs: 1,
  backoff: 2,
  maxIntervalMs: 3,
  jitter: 1,
  nonRetryable: ['X'],
} as const;

/** A fact of one kind or another, told apart by `task`. */
export function makeFact(runId: string, index: number): Fact {
  const base = { v: 1, runId, atMs: 1_000 + index } as const;
  switch (index % 4) {
    case 0:
      return { ...base, type: 'task.started', task: `t${index}`, attempt: 1, deadlineMs: null, expiresAtMs: null };
    case 1:
      return { ...base, type: 'task.completed', task: `t${index}`, attempt: 1, output: { index, nested: [null, 'ä'] } };
    case 2:
      return { ...base, type: 'task.skipped', task: `t${index}`, code: 'UPSTREAM_FAILED', reason: 'upstream failed' };
    default:
      return {
        ...base,
        type: 'task.failed',
        task: `t${index}`,
        attempt: 2,
        error: { name: 'Error', message: 'no', code: 'TASK_FAILED', retryable: true, details: { index } },
      };
  }
}

/** The facts that make a run: a workflow's or a single task's. */
export function madeRun(runId: string, kind: 'workflow' | 'task', atMs: number): [Fact] {
  const base = { v: 1, runId, atMs } as const;
  if (kind === 'task') {
    return [
      {
        ...base,
        type: 'task.submitted',
        task: runId,
        module: 'm',
        action: 'a',
        parameters: { p: [1, { deep: 'x' }] },
        dependencies: ['before'],
        priority: 2,
        resources: { gpu: 0.5 },
        timeoutMs: 1,
        totalTimeoutMs: null,
        heartbeatTimeoutMs: 3,
        retry,
      },
    ];
  }
  return [
    {
      ...base,
      type: 'run.created',
      workflow: 'w',
      definition: 'none',
      session: {
        sessionId: 's',
        name: 'n',
        mode: 'parallel',
        maxParallelTasks: null,
        maxParallelWorkflows: 2,
        timeoutMs: null,
        deadlineMs: null,
        resourceRequirements: { gpu: 1 },
      },
      ownSession: true,
      parameters: { a: 1 },
      steps: 2,
      mode: 'priority',
      maxParallel: null,
      rerunOf: null,
    },
  ];
}

/** A workflow's run that is under way. */
export function startedRun(runId: string, atMs: number): Fact[] {
  return [...madeRun(runId, 'workflow', atMs), { v: 1, runId, atMs, type: 'run.started', deadlineMs: null }];
}

/** A fact of every kind there is, in an order that makes sense, ended as cancelled. */
export function everyKindOfFact(runId: string): Fact[] {
  const base = { v: 1, runId, atMs: 5 } as const;
  const attempt = { ...base, task: 't', attempt: 1 } as const;
  const text = 'asked "for"\nit';
  return [
    ...startedRun(runId, 1),
    { ...base, type: 'task.adopted', task: 'u', output: { '': [null, 'ä\u2028'] }, fromRunId: 'before' },
    { ...attempt, type: 'task.started', deadlineMs: 99, expiresAtMs: 100 },
    { ...attempt, type: 'task.retry-scheduled', error, dueMs: 50 },
    { ...attempt, type: 'task.failed', error },
    { ...attempt, type: 'task.completed', output: null },
    { ...base, type: 'task.skipped', task: 'v', code: 'UPSTREAM_FAILED', reason: text },
    { ...base, type: 'run.paused' },
    { ...base, type: 'run.resumed' },
    { ...base, type: 'run.suspended' },
    { ...base, type: 'run.recovered', recovery: 1 },
    { ...base, type: 'run.parked', code: 'RUN_RECOVERY_LIMIT', reason: text },
    { ...base, type: 'run.released' },
    { ...base, type: 'run.cancel-requested', reason: text, timedOut: true },
    { ...base, type: 'task.cancel-requested', task: 't', reason: text },
    { ...base, type: 'task.cancelled', task: 't', reason: text },
    { ...base, type: 'run.ended', status: 'cancelled', reason: text, timedOut: true },
    ...madeRun(`${runId}-task`, 'task', 6),
  ];
}

/** A workflow of `steps` steps, each after the one before it; a new object every time. */
export function makeDefinition(name: string, steps: number): WorkflowDefinition {
  return {
    name,
    description: 'ä "described"',
    version: '1',
    mode: null,
    maxParallel: 4,
    timeoutMs: null,
    parameters: { b: 1, a: { d: [1], c: null } },
    resources: [{ id: 'gpu', type: 'compute', capacity: 2, granularity: 0.5, refillPeriodMs: null }],
    steps: Array.from({ length: steps }, (_, index) => makeStep(index)),
  };
}

function makeStep(index: number): StepDefinition {
  return {
    name: `step-${index}`,
    module: 'core',
    action: 'echo',
    parameters: { message: `line\nbreak ${index}` },
    dependencies: index === 0 ? [] : [`step-${index - 1}`],
    timeoutMs: 1_000,
    totalTimeoutMs: null,
    heartbeatTimeoutMs: null,
    retry: { ...retry, maxAttempts: Number.POSITIVE_INFINITY },
    priority: 1,
    resources: { gpu: 0.5 },
    concurrency: null,
    runIf: null,
    required: true,
    estimatedSeconds: null,
  };
}
