// Owns the stage of a task: the real runner with its compiled machine, scheduler, dispatcher, limits and journal, over
// virtual time and an executor whose attempts end when the path says so.

import { expect } from 'vitest';
import type { EventObject } from 'xstate';
import type { TaskOwner, TaskRecord } from '../../src/actors/task-record.ts';
import type { RunId, SessionId } from '../../src/domain/ids.ts';
import type { TaskEnding } from '../../src/machines/task-machine.ts';
import { Lane } from '../../src/scheduling/lane.ts';
import type { CapacityRequest } from '../../src/scheduling/ready-task.ts';
import { RuntimeHarness, type StepFacts, specOf } from '../actors/runtime-harness.ts';
import { requestOf } from '../scheduling/memory-capacity.ts';
import type { LiveCase, Stage, TransitionWatch } from './live-walk.ts';
import { taskCase } from './machine-catalogue.ts';
import type { TransitionPath } from './machine-walk.ts';

const RETRY_MS = 1_000;
const ATTEMPT_STATES = ['running', 'expiring', 'cancelling'];
const BY_TIME = ['task.deadline', 'task.heartbeat-missed', 'task.expire', 'task.retry-due'];

const isOn = (path: TransitionPath, type: string) => path.events.some((event) => event.type === type);

class TaskStage implements Stage {
  readonly #harness = new RuntimeHarness({ slots: 0, capacities: [1] });
  readonly #watch: TransitionWatch;
  readonly #path: TransitionPath;
  readonly #owner: TaskOwner;
  readonly #record: TaskRecord;
  readonly #endings: TaskEnding[] = [];

  constructor(path: TransitionPath, watch: TransitionWatch) {
    const { runner, scheduler } = this.#harness;
    this.#watch = watch;
    this.#path = path;
    const group = { limit: Number.POSITIVE_INFINITY, inFlight: 0 };
    const lane = new Lane<CapacityRequest>({ mode: 'priority', limit: Number.POSITIVE_INFINITY, group });
    scheduler.addLane(lane);
    this.#owner = {
      runId: 'run' as RunId,
      sessionId: 'session' as SessionId,
      lane,
      tasks: runner.createRegistry(),
      parametersOf: () => ({}),
      taskEnded: (_record, ending) => this.#endings.push(ending),
    };
    watch.listen(this.#owner.tasks.ref.system);
    const restored = this.#restored();
    this.#record = runner.start(this.#owner, 0, specOf('a', this.#limits()), restored === null ? {} : { restored });
  }

  get actor() {
    return this.#record.actor;
  }

  cause(event: EventObject): void {
    const { executor, runner } = this.#harness;
    if (BY_TIME.includes(event.type)) this.#passTime();
    else if (event.type === 'task.start') this.#giveSlot();
    else if (event.type === 'task.cancel') runner.cancel(this.#record, 'enough');
    else if (event.type === 'attempt.completed') executor.complete('a', { n: 1 });
    else if (event.type === 'attempt.failed') this.#fail(event);
    else if (event.type === 'attempt.stopped') executor.stopped('a');
    else if (event.type === 'attempt.returned') executor.giveBack('a');
    else throw new Error(`nothing brings ${event.type} about`);
  }

  judge(state: string): void {
    const { executor, scheduler, runner, capacity, timers } = this.#harness;
    const hasAttempt = ATTEMPT_STATES.includes(state);
    const queued = scheduler.queueDepth.reduce((sum, depth) => sum + depth, 0);
    expect(queued).toBe(state === 'ready' ? 1 : 0);
    expect([executor.running.length, capacity.held, scheduler.inFlight]).toEqual(hasAttempt ? [1, 1, 1] : [0, 0, 0]);
    expect([...runner.attemptsUnderWay()].length).toBe(hasAttempt ? 1 : 0);
    expect(this.#record.timer !== undefined).toBe(
      state === 'retrying' || (state === 'running' && this.#record.spec.timeoutMs !== null),
    );
    if (state === 'expiring' || state === 'cancelling')
      expect(executor.stops.at(-1)?.attemptKey).toBe(this.#record.attemptKey);
    if (['completed', 'failed', 'cancelled'].includes(state)) {
      const { events, states } = this.#path;
      // One that was given back had not begun; of a cancelled task that is not asked.
      const isUncounted = (type: string, step: number) => type === 'attempt.returned' && states[step] !== 'cancelling';
      const attempts = executor.started.length - events.filter(({ type }, step) => isUncounted(type, step)).length;
      expect(this.#endings).toMatchObject([{ kind: state, attempts }]);
      expect([timers.pending, runner.liveCount]).toEqual([0, 0]);
    } else expect(this.#endings).toEqual([]);
    const begun = this.#harness.facts('run').filter(({ type }) => type === 'task.started');
    expect(begun.length).toBe(executor.started.length);
  }

  finish(): void {
    const { executor, runner, scheduler, capacity, timers } = this.#harness;
    runner.cancel(this.#record, 'over');
    if (executor.running.length > 0) executor.stopped('a');
    expect(this.#endings).toHaveLength(1);
    expect(this.actor?.getSnapshot().status).toBe('done');
    expect([runner.liveCount, this.#owner.tasks.size, scheduler.inFlight, timers.pending]).toEqual([0, 0, 0, 0]);
    expect([capacity.held, capacity.marked]).toEqual([0, 0]);
  }

  /** Only those limits that the path runs into: another one would strike first. */
  #limits(): StepFacts {
    const path = this.#path;
    // Below the first backoff a task that is to be tried again expires at once; with a retry behind it, at the second.
    const totalTimeoutMs = isOn(path, 'task.retry-due') ? 2.5 * RETRY_MS : RETRY_MS / 2;
    return {
      request: requestOf([0, 1]),
      maxAttempts: 2,
      retry: { initialIntervalMs: RETRY_MS, backoff: 2, nonRetryable: ['NEVER_AGAIN', 'NeverAgain'] },
      ...(isOn(path, 'task.deadline') ? { timeoutMs: 50 } : {}),
      ...(isOn(path, 'task.heartbeat-missed') ? { heartbeatTimeoutMs: 20 } : {}),
      ...(isOn(path, 'task.expire') ? { totalTimeoutMs } : {}),
    };
  }

  /** What an earlier life left: a wait for the next attempt, or the end of its time though nothing has begun in this one. */
  #restored() {
    const { events, states } = this.#path;
    const nowMs = this.#harness.timers.now();
    const isPostponed = events[0]?.type === 'task.postpone';
    const expiresUnbegun = events.findIndex(({ type }) => type === 'task.expire');
    const isBegun = states.slice(0, expiresUnbegun + 1).some((state) => ATTEMPT_STATES.includes(state));
    const expiresAtMs = expiresUnbegun < 0 || isBegun ? null : nowMs + RETRY_MS / 2;
    if (!isPostponed && expiresAtMs === null) return null;
    const error = { name: 'Error', message: 'earlier', code: 'EARLIER', retryable: true, details: {} };
    // Due before the whole task expires, where the path goes on with its retry.
    const waitMs = isOn(this.#path, 'task.retry-due') ? RETRY_MS / 4 : RETRY_MS;
    return { attempts: 0, interruptions: 0, dueMs: isPostponed ? nowMs + waitMs : null, error, expiresAtMs };
  }

  #giveSlot(): void {
    const { executor, dispatcher } = this.#harness;
    executor.slots = 1;
    dispatcher.pump();
    // Its end must not start the next attempt: that is another step.
    executor.slots = 0;
  }

  #fail(event: EventObject): void {
    const { code, retryable } = Reflect.get(event, 'error');
    this.#harness.executor.fail('a', code, retryable);
  }

  /** Fires timers until one of them moves the task. */
  #passTime(): void {
    const { timers } = this.#harness;
    const taken = this.#watch.taken.length;
    for (
      let atMs = timers.nextAtMs();
      atMs !== undefined && this.#watch.taken.length === taken;
      atMs = timers.nextAtMs()
    )
      timers.advanceTo(atMs);
  }
}

export const TASK_REFUSALS = {
  postponed: 'only a task that is taken up again is postponed, and only at its start',
  once: 'the time of a whole task ends once',
  limits: 'of two limits on the same attempts the shorter one always strikes first',
  fresh: 'the time of a whole task whose first attempt was given back begins anew with its next attempt',
  named: 'an error told apart by its name takes the transitions of one told apart by its code',
} as const;

function refusal({ events, states }: TransitionPath): string | null {
  const at = (type: string) => events.findIndex((event) => event.type === type);
  const isNamed = (event: EventObject) => Reflect.get(Object(Reflect.get(event, 'error')), 'name') === 'NeverAgain';
  if (events.some(isNamed)) return TASK_REFUSALS.named;
  if (events.slice(1).some(({ type }) => type === 'task.postpone')) return TASK_REFUSALS.postponed;
  const expiry = at('task.expire');
  if (expiry >= 0 && events.slice(expiry + 1).some(({ type }) => type === 'task.expire')) return TASK_REFUSALS.once;
  const isTimed = at('task.deadline') >= 0 || at('task.heartbeat-missed') >= 0;
  if (at('task.deadline') >= 0 && at('task.heartbeat-missed') >= 0) return TASK_REFUSALS.limits;
  if (isTimed && states[expiry] === 'running') return TASK_REFUSALS.limits;
  const isReturned = expiry > 0 && events[expiry - 1]?.type === 'attempt.returned';
  return isReturned && states[expiry] === 'ready' ? TASK_REFUSALS.fresh : null;
}

export const liveTask: LiveCase = {
  name: 'task',
  machine: taskCase,
  build: (path, watch) => new TaskStage(path, watch),
  refusal,
};
