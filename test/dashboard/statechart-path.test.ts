// Tests the ways of statecharts that are read off histories: each is one that the task machine itself can go.

import { describe, expect, it } from 'vitest';
import { breaksOf, MOST_STEPS, type PathFrame, pathOf } from '../../src/dashboard/statechart-path.ts';
import type { PathStep } from '../../src/dashboard/wire.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import type { AttemptHistory, TaskHistory } from '../../src/engine/run-archive.ts';
import { blankTask } from '../../src/engine/run-archive.ts';
import { describeMachine } from '../../src/inspect/statechart.ts';
import { taskMachine } from '../../src/machines/task-machine.ts';
import { coreStep, workFolder } from '../cli/work-folder.ts';
import { createTestEngine, TASKS_DIR } from '../engine/support.ts';
import { fatefulSteps, registerFates } from './run-pictures.ts';

const CHART = describeMachine('task', taskMachine);
const FRAME: PathFrame = { readyMs: 0, breaks: [], isHeld: true };

/** What of a way the machine does not know. */
function faultsOf(steps: readonly PathStep[]): string[] {
  const faults: string[] = [];
  let before: string | null = null;
  for (const { event, state } of steps) {
    if (event === null) {
      if (state !== CHART.initial) faults.push(`begins at ${state}`);
    } else if (!CHART.transitions.some((each) => each.event === event && each.from === before && each.to === state)) {
      faults.push(`${before} -${event}-> ${state}`);
    }
    before = state;
  }
  if (steps.length > 0 && steps[0]?.event !== null) faults.push('begins in the middle');
  return faults;
}

function pathsOf(engine: OrchestrationEngine, runId: string): Map<string, readonly PathStep[]> {
  const history = engine.getRunHistory(runId);
  if (history === undefined) throw new Error(`no history of ${runId}`);
  const frame = { ...FRAME, breaks: breaksOf(history), isHeld: history.record.endedAtMs === null };
  return new Map([...history.tasks.values()].map((task) => [task.task, pathOf(task, frame).steps]));
}

function attemptOf(
  attempt: number,
  outcome: AttemptHistory['outcome'],
  rest: Partial<AttemptHistory> = {},
): AttemptHistory {
  const startedAtMs = attempt * 100;
  const endedAtMs = outcome === 'running' ? null : startedAtMs + 50;
  return { attempt, startedAtMs, endedAtMs, outcome, error: null, threadId: null, killed: false, ...rest };
}

function taskOf(rest: Partial<TaskHistory>): TaskHistory {
  return { ...blankTask('t'), ...rest };
}

const fault = (code: string) => ({ name: 'Error', message: 'x', code, retryable: true });

describe('the way of a statechart', () => {
  it.each([11, 12, 13, 14])('is one that the machine can go, for each task of a run (seed %i)', async (seed) => {
    const { engine } = await createTestEngine();
    registerFates(engine);
    engine.workflows.createWorkflow('fates', fatefulSteps(seed, 60));
    const run = engine.startWorkflow('fates');
    if (seed % 2 === 0) setTimeout(() => run.cancel('enough'), 40);
    await run.result();
    const finals: string[] = [];
    for (const [task, steps] of pathsOf(engine, run.runId)) {
      expect({ task, faults: faultsOf(steps) }).toEqual({ task, faults: [] });
      const history = engine.getRunHistory(run.runId)?.tasks.get(task);
      if (history?.status !== 'skipped' && history?.adoptedFrom === null && steps.length > 0) {
        expect(steps.at(-1)?.state).toBe(history?.status);
        finals.push(String(history?.status));
      }
    }
    expect(finals).toContain('completed');
  });

  it('begins anew with each life of the engine', async () => {
    const folder = workFolder({});
    const config = { dataDir: folder, maxWorkers: 1, workflowsDir: folder, tasksDirs: [TASKS_DIR] };
    const first = await OrchestrationEngine.create(config);
    first.workflows.createWorkflow('lives', [
      coreStep('burns', 'burn', { parameters: { ms: 60_000 } }),
      coreStep('fails', 'fail', {
        parameters: { message: 'no', times: 1 },
        maxRetries: 1,
        retry: { initialIntervalMs: 2_000 },
      }),
    ]);
    const { runId } = first.startWorkflow('lives', {}, undefined, { maxParallel: 2 });
    await expect.poll(() => first.getRunHistory(runId)?.tasks.get('burns')?.status).toBe('running');
    await first.shutdown({ drainMs: 0 });
    const second = await OrchestrationEngine.create({ ...config, resume: 'auto' });
    await expect.poll(() => second.getRunHistory(runId)?.tasks.get('burns')?.attempts.length).toBe(2);
    const paths = pathsOf(second, runId);
    await second.shutdown({ drainMs: 0 });
    const burns = paths.get('burns') ?? [];
    expect(burns.map(({ event, state }) => [event, state])).toEqual([
      [null, 'ready'],
      ['task.start', 'running'],
      [null, 'ready'],
      ['task.start', 'running'],
    ]);
    for (const steps of paths.values()) expect(faultsOf(steps)).toEqual([]);
  });

  it.each<[string, Partial<TaskHistory>, string[], Partial<PathFrame>?]>([
    [
      'a time-out that is tried again',
      {
        status: 'retrying',
        dueMs: 900,
        attempts: [attemptOf(1, 'failed', { error: fault('TASK_TIMEOUT'), killed: true })],
      },
      ['ready', 'running', 'expiring', 'retrying'],
    ],
    [
      'a heartbeat that was missed once too often',
      {
        status: 'failed',
        endedAtMs: 150,
        attempts: [attemptOf(1, 'failed', { error: fault('TASK_HEARTBEAT_TIMEOUT') })],
      },
      ['ready', 'running', 'expiring', 'failed'],
    ],
    [
      'a thread that was taken away',
      {
        status: 'running',
        attempts: [attemptOf(1, 'interrupted'), attemptOf(2, 'running')],
      },
      ['ready', 'running', 'ready', 'running'],
    ],
    [
      'a cancellation that is under way',
      {
        status: 'running',
        cancelRequested: 'enough',
        attempts: [attemptOf(1, 'running')],
      },
      ['ready', 'running', 'cancelling'],
    ],
    [
      'a cancellation between attempts',
      {
        status: 'cancelled',
        reason: 'enough',
        endedAtMs: 400,
        attempts: [attemptOf(1, 'failed', { error: fault('TASK_FAILED') })],
      },
      ['ready', 'running', 'retrying', 'cancelled'],
    ],
    [
      'a whole task whose time was up between attempts',
      {
        status: 'failed',
        endedAtMs: 400,
        error: fault('TASK_TOTAL_TIMEOUT'),
        attempts: [attemptOf(1, 'failed', { error: fault('TASK_FAILED') })],
      },
      ['ready', 'running', 'retrying', 'failed'],
    ],
    [
      'a retry that another life of the engine waits for',
      {
        status: 'retrying',
        dueMs: 900,
        attempts: [attemptOf(1, 'failed', { error: fault('TASK_FAILED') })],
      },
      ['ready', 'running', 'retrying', 'ready', 'retrying'],
      { breaks: [500] },
    ],
    ['a task that was never ready', { status: 'cancelled', reason: 'enough', endedAtMs: 4 }, [], { readyMs: null }],
    ['a task that was skipped', { status: 'skipped', endedAtMs: 4 }, []],
    ['a task that waits in the queue', {}, ['ready']],
  ])('tells of %s', (_what, rest, states, frame = {}) => {
    const { steps } = pathOf(taskOf(rest), { ...FRAME, ...frame });
    expect(steps.map(({ state }) => state)).toEqual(states);
    expect(faultsOf(steps)).toEqual([]);
  });

  it('is cut at its beginning where it is long, and says how much', () => {
    const attempts = Array.from({ length: 300 }, (_, index) =>
      attemptOf(index + 1, 'failed', { error: fault('TASK_FAILED') }),
    );
    const { steps, omitted } = pathOf(taskOf({ status: 'retrying', dueMs: 1e6, attempts }), FRAME);
    expect(steps).toHaveLength(MOST_STEPS);
    expect(omitted).toBe(300 * 3 - MOST_STEPS);
  });
});
