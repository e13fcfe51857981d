// Tasks across lives of the engine: taken up again where they were, left alone when it goes down, and no harm done when
// nothing can be written any more.

import { describe, expect, it } from 'vitest';
import type { ActorRegistry } from '../../src/actors/actor-registry.ts';
import type { TaskLogic, TaskOwner, TaskRecord, TaskRestoration } from '../../src/actors/task-record.ts';
import type { RunId, SessionId, TaskId } from '../../src/domain/ids.ts';
import { foldRun } from '../../src/journal/run-history.ts';
import type { TaskEnding } from '../../src/machines/task-machine.ts';
import { Lane } from '../../src/scheduling/lane.ts';
import type { CapacityRequest } from '../../src/scheduling/ready-task.ts';
import { requestOf } from '../scheduling/memory-capacity.ts';
import { RuntimeHarness, type StepFacts, specOf, turn } from './runtime-harness.ts';

/** An owner that only remembers how its tasks ended. */
class RecordingOwner implements TaskOwner {
  readonly runId = 'run-1' as RunId;
  readonly sessionId = 'session-1' as SessionId;
  readonly lane = new Lane<CapacityRequest>({
    mode: 'parallel',
    limit: Number.POSITIVE_INFINITY,
    group: { limit: Number.POSITIVE_INFINITY, inFlight: 0 },
  });
  readonly tasks: ActorRegistry<TaskLogic>;
  readonly endings: TaskEnding[] = [];
  /** Called with each ending. */
  onEnded: () => void = () => {};

  constructor(harness: RuntimeHarness) {
    harness.scheduler.addLane(this.lane);
    this.tasks = harness.runner.createRegistry();
  }

  parametersOf(): Record<string, never> {
    return {};
  }

  taskEnded(_record: TaskRecord, ending: TaskEnding): void {
    this.endings.push(ending);
    this.onEnded();
  }
}

const AT_REST: TaskRestoration = { attempts: 0, interruptions: 0, dueMs: null, error: null, expiresAtMs: null };
const ERROR = { name: 'Error', message: 'earlier', code: 'EARLIER', retryable: true };

function restore(facts: StepFacts, restored: Partial<TaskRestoration>, capacities: readonly number[] = []) {
  const harness = new RuntimeHarness({ capacities });
  const owner = new RecordingOwner(harness);
  const record = harness.runner.start(owner, 0, specOf('a', facts), { restored: { ...AT_REST, ...restored } });
  return { harness, owner, record };
}

describe('a task taken up again', () => {
  it('goes on with the next attempt, and an interrupted one is not held against it', async () => {
    const { harness, owner } = restore({ maxAttempts: 2 }, { attempts: 3, interruptions: 2 });
    await turn();
    expect(harness.executor.started).toMatchObject([{ attempt: 4, idempotencyKey: 'run-1/a' }]);
    harness.executor.fail('a');
    expect(owner.endings).toMatchObject([{ kind: 'failed', attempts: 4 }]);

    const other = restore({ maxAttempts: 2 }, { attempts: 2, interruptions: 2 });
    await turn();
    other.harness.executor.fail('a');
    // The first failure: the delay is the initial one, although it was attempt 3.
    other.harness.timers.advance(1_000);
    await turn();
    other.harness.executor.complete('a');
    expect(other.owner.endings).toMatchObject([{ kind: 'completed', attempts: 4 }]);
    expect(other.harness.heard('task.retrying')).toHaveLength(1);
    expect(other.harness.events.find(({ type }) => type === 'task.retrying')?.data).toMatchObject({
      attempt: 3,
      maxAttempts: 4,
      delayMs: 1_000,
    });
  });

  it('waits for its retry until the recorded time, which is not written again', async () => {
    const probe = new RuntimeHarness();
    const dueMs = probe.timers.now() + 700;
    const { harness, record } = restore({ maxAttempts: 3 }, { attempts: 1, dueMs, error: ERROR });
    await turn();
    expect(record.actor?.getSnapshot().value).toBe('retrying');
    expect(harness.executor.started).toEqual([]);
    expect(harness.heard('task.ready', 'task.retrying')).toEqual(['task.retrying a']);
    expect(harness.facts('run-1')).toEqual([]);
    harness.timers.advance(699);
    await turn();
    expect(harness.executor.started).toEqual([]);
    harness.timers.advance(1);
    await turn();
    expect(harness.executor.started).toMatchObject([{ attempt: 2 }]);
    // Its next wait is its own again.
    harness.executor.fail('a');
    expect(harness.facts('run-1').at(-1)).toMatchObject({
      type: 'task.retry-scheduled',
      dueMs: harness.timers.now() + 2_000,
    });
  });

  it('whose retry fell due while nobody was there is tried soon', async () => {
    const probe = new RuntimeHarness();
    const { harness } = restore({ maxAttempts: 3 }, { attempts: 1, dueMs: probe.timers.now() - 60_000, error: ERROR });
    harness.timers.advance(0);
    await turn();
    expect(harness.executor.started).toMatchObject([{ attempt: 2 }]);
  });

  it('keeps the end of its whole time', async () => {
    const probe = new RuntimeHarness();
    const expiresAtMs = probe.timers.now() + 500;
    const facts = { totalTimeoutMs: 60_000, maxAttempts: 3 };
    const { harness, owner } = restore(facts, { attempts: 1, interruptions: 1, expiresAtMs });
    await turn();
    expect(harness.facts('run-1')).toMatchObject([{ type: 'task.started', attempt: 2, expiresAtMs }]);
    harness.timers.advance(500);
    expect(harness.executor.stops).toHaveLength(1);
    harness.executor.stopped('a');
    expect(owner.endings).toMatchObject([{ kind: 'failed', error: { code: 'TASK_TOTAL_TIMEOUT' } }]);
    expect(harness.timers.pending).toBe(0);
  });

  it.each([
    ['ready', null],
    ['waiting for its retry', 1_000],
  ])(
    'whose whole time ran out while nobody was there fails before it starts, though it was %s',
    async (_how, dueMs) => {
      const { harness, owner } = restore(
        { totalTimeoutMs: 1_000, maxAttempts: 3 },
        { attempts: 1, expiresAtMs: 5_000, dueMs, error: dueMs === null ? null : ERROR },
      );
      expect(owner.endings).toMatchObject([{ kind: 'failed', attempts: 1, error: { code: 'TASK_TOTAL_TIMEOUT' } }]);
      await turn();
      expect(harness.executor.started).toEqual([]);
      expect([harness.timers.pending, harness.runner.liveCount]).toEqual([0, 0]);
    },
  );

  it('can be cancelled while it waits', async () => {
    const probe = new RuntimeHarness();
    const { harness, owner, record } = restore(
      { totalTimeoutMs: 90_000, maxAttempts: 3 },
      { attempts: 1, dueMs: probe.timers.now() + 5_000, error: ERROR, expiresAtMs: probe.timers.now() + 80_000 },
    );
    harness.runner.cancel(record, 'enough');
    expect(owner.endings).toMatchObject([{ kind: 'cancelled', reason: 'enough', attempts: 1 }]);
    expect(harness.timers.pending).toBe(0);
  });

  it('writes its facts under the run it is given', async () => {
    const harness = new RuntimeHarness();
    const owner = new RecordingOwner(harness);
    const factsRunId = 'own-run' as RunId;
    harness.runner.start(owner, 0, specOf('a', { maxAttempts: 2 }), { factsRunId, taskId: 'own-run' as TaskId });
    await turn();
    harness.executor.fail('a');
    expect(harness.facts('own-run').map(({ type }) => type)).toEqual(['task.started', 'task.retry-scheduled']);
    expect(harness.facts('run-1')).toEqual([]);
    expect(harness.executor.started).toMatchObject([{ runId: 'own-run', idempotencyKey: 'own-run' }]);
  });
});

describe('an attempt whose thread was taken away', () => {
  it('is repeated at once and uses up none of the attempts, also as its facts tell it', async () => {
    const harness = new RuntimeHarness({ capacities: [1] });
    const id = harness.singles.submit(specOf('a', { maxAttempts: 2, request: requestOf([0, 1]) }), {}, []).taskId;
    for (let lost = 0; lost < 5; lost++) {
      await turn();
      harness.executor.stopped('a');
    }
    await turn();
    const history = foldRun([...harness.journal.read(id)])?.tasks.get('a');
    expect(history).toMatchObject({ status: 'running', interruptions: 5 });
    expect(history?.attempts.map(({ outcome }) => outcome)).toEqual([...Array(5).fill('interrupted'), 'running']);
    harness.executor.fail('a');
    expect(harness.singles.get(id)?.status).toBe('retrying');
    harness.timers.advance(1_000);
    await turn();
    harness.executor.fail('a');
    expect(harness.singles.get(id)).toMatchObject({ status: 'failed', attempts: 7 });
    expect(harness.capacity.held).toBe(0);
  });
});

/** One task in each state in which a task can be: running, expiring, retrying, ready. */
async function inEveryState() {
  const harness = new RuntimeHarness({ slots: 2, capacities: [2] });
  const owner = new RecordingOwner(harness);
  const start = (name: string, facts: StepFacts) => harness.runner.start(owner, 0, specOf(name, facts));
  const retrying = start('retrying', { maxAttempts: 3, totalTimeoutMs: 9_000 });
  await turn();
  harness.executor.fail('retrying');
  const running = start('running', { timeoutMs: 5_000, heartbeatTimeoutMs: 4_000, request: requestOf([0, 1]) });
  const expiring = start('expiring', { timeoutMs: 10, request: requestOf([0, 1]) });
  await turn();
  harness.timers.advance(10);
  const ready = start('ready', {});
  await turn();
  const states = () => [running, expiring, retrying, ready].map(({ actor }) => actor?.getSnapshot().value);
  expect(states()).toEqual(['running', 'expiring', 'retrying', 'ready']);
  return { harness, owner, states, running };
}

describe('freeze', () => {
  it('leaves every task as it is: no outcome, timer or message counts, nothing starts, nothing is written', async () => {
    const { harness, owner, states, running } = await inEveryState();
    const facts = harness.journal.lastSequence();
    const events = harness.events.length;
    harness.runner.freeze();
    harness.runner.freeze();
    expect(harness.timers.pending).toBe(0);
    harness.timers.advance(60_000);
    harness.runner.cancel(running, 'too late');
    harness.runner.progress(running.attemptKey, 0.5, null);
    harness.executor.stopped('expiring');
    harness.executor.complete('running', 1);
    await turn();
    harness.gate.send({ type: 'dispatch.hold' });
    harness.gate.send({ type: 'dispatch.resume' });
    await turn();
    expect(states()).toEqual(['running', 'expiring', 'retrying', 'ready']);
    expect(owner.endings).toEqual([]);
    expect(harness.journal.lastSequence()).toBe(facts);
    expect(harness.events).toHaveLength(events);
    expect(harness.executor.started).toHaveLength(3);
  });

  it('still gives back what attempts held, and is idle when the last body is gone', async () => {
    const { harness } = await inEveryState();
    harness.runner.freeze();
    const idle = harness.dispatcher.idle();
    harness.executor.stopped('expiring');
    harness.executor.stopped('running');
    await idle;
    expect([harness.capacity.held, harness.scheduler.inFlight]).toEqual([0, 0]);
  });

  it('holds for tasks that are started afterwards', async () => {
    const harness = new RuntimeHarness();
    const owner = new RecordingOwner(harness);
    harness.runner.freeze();
    harness.runner.start(owner, 0, specOf('late'), { restored: { ...AT_REST, dueMs: 1, expiresAtMs: 1 } });
    await turn();
    expect([harness.executor.started, owner.endings, harness.timers.pending]).toEqual([[], [], 0]);
  });
});

describe('a journal that takes nothing any more', () => {
  it('keeps tasks from starting and breaks none', async () => {
    const { harness, owner, states } = await inEveryState();
    await harness.journal.close();
    harness.executor.complete('running');
    harness.executor.stopped('expiring');
    await turn();
    expect(harness.executor.running).toEqual([]);
    expect(harness.scheduler.inFlight).toBe(0);
    // What ended before anything had to be written has told its owner, whose matter the rest is.
    expect(owner.endings.map(({ kind }) => kind)).not.toContain('cancelled');
    expect(states()[2]).toBe('retrying');
    expect(harness.timers.pending).toBe(0);
  });

  it('keeps a retry from being scheduled', async () => {
    const harness = new RuntimeHarness();
    const owner = new RecordingOwner(harness);
    const record = harness.runner.start(owner, 0, specOf('a', { maxAttempts: 3 }));
    await turn();
    await harness.journal.close();
    harness.executor.fail('a');
    expect(record.actor?.getSnapshot()).toMatchObject({ status: 'active', value: 'retrying' });
    expect([harness.timers.pending, harness.scheduler.inFlight, owner.endings.length]).toEqual([0, 0, 0]);
  });

  it('leaves alone what an owner could not write down', async () => {
    const harness = new RuntimeHarness();
    const owner = new RecordingOwner(harness);
    owner.onEnded = () => {
      harness.journal.append({ type: 'run.released', v: 1, runId: 'run-1', atMs: 0 });
    };
    harness.runner.start(owner, 0, specOf('a'));
    harness.runner.start(owner, 1, specOf('b'));
    await turn();
    await harness.journal.close();
    harness.executor.complete('a');
    await turn();
    expect(owner.tasks.ref.getSnapshot().status).toBe('active');
    expect(harness.executor.started.map(({ taskName }) => taskName)).toEqual(['a']);
  });
});
