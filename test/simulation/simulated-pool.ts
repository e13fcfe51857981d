// Owns the threads of a simulation: the executor port with bodies that take simulated time and misbehave by plan: they
// fail, hang, fall silent, ignore a stop, come back late, take their thread along, or are handed back unstarted.
// It keeps the real pool's promises: each attempt is settled exactly once, and only when its body can no longer run.

import { serializeError } from '../../src/domain/serialized-error.ts';
import type { AttemptOutcome, TaskAssignment } from '../../src/domain/task-executor.ts';
import type { EnginePool } from '../../src/engine/engine-ports.ts';
import type { ThreadHealth, ThreadInfo } from '../../src/workers/thread-executor.ts';
import type { ThreadExecutorOptions } from '../../src/workers/thread-options.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { WorldTime, WorldTimer } from './world-time.ts';

/** What a body is going to do. */
export interface BodyPlan {
  readonly durationMs: number;
  readonly end: 'completed' | 'failed' | 'failed-for-good' | 'thread-died';
  /** What it does when it is asked to stop. */
  readonly whenStopped: 'ends' | 'completes' | 'ignores';
  /** How long it takes to do so. */
  readonly stopDelayMs: number;
  /** Between signs of life; null = it gives none. */
  readonly beatMs: number | null;
  /** It gives no sign of life after this time. */
  readonly silentAfterMs: number;
}

/** Told of bodies. */
export interface BodyWatcher {
  planOf(assignment: TaskAssignment): BodyPlan;
  began(assignment: TaskAssignment, threadId: number): void;
  /** The body can no longer run. */
  over(attemptKey: number, outcome: AttemptOutcome): void;
  outputOf(assignment: TaskAssignment): unknown;
  stopAsked(attemptKey: number): void;
  returned(attemptKey: number): void;
}

export interface PoolHabits {
  /** Longest time that a thread takes to exit when it is terminated. */
  readonly exitMs: number;
  /** Longest time that a thread takes to come up. */
  readonly startMs: number;
  /** Attempts it takes ahead of a free thread. */
  readonly ahead: number;
  /** It hands back what found no thread for so long. */
  readonly patienceMs: number;
}

interface Parts {
  readonly options: ThreadExecutorOptions;
  readonly time: WorldTime;
  readonly random: SeededRandom;
  readonly habits: PoolHabits;
  readonly watcher: BodyWatcher;
}

interface SimulatedThread {
  readonly threadId: number;
  attempt: Attempt | null;
  isDying: boolean;
  completed: number;
}

interface Attempt {
  readonly assignment: TaskAssignment;
  readonly plan: BodyPlan;
  readonly thread: SimulatedThread;
  readonly begunMs: number;
  end: WorldTimer | null;
  kill: WorldTimer | null;
  isStopped: boolean;
}

interface Waiting {
  readonly assignment: TaskAssignment;
  readonly limit: WorldTimer;
}

const NO_THREAD = -1;

export class SimulatedPool implements EnginePool {
  readonly #parts: Parts;
  readonly #threads = new Set<SimulatedThread>();
  readonly #attempts = new Map<number, Attempt>();
  readonly #waiting = new Map<number, Waiting>();
  /** What was handed over and has not been settled. */
  readonly #open = new Map<number, TaskAssignment>();
  #threadIds = 0;
  #isClosing = false;
  #isDead = false;
  #closed: PromiseWithResolvers<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#startThread();
    for (let more = 1; more < parts.options.threads; more++) this.#startThreadSoon();
  }

  freeSlots(): number {
    if (this.#isClosing || this.#isDead) return 0;
    return this.#idle().length + this.#slotsAhead();
  }

  // As the real pool: nothing is taken ahead behind attempts that are long already.
  #slotsAhead(): number {
    const { habits, time } = this.#parts;
    for (const { begunMs } of this.#attempts.values()) if (time.nowMs - begunMs >= habits.patienceMs) return 0;
    return Math.max(0, Math.min(habits.ahead, this.#attempts.size) - this.#waiting.size);
  }

  execute(assignment: TaskAssignment): void {
    if (this.#isDead) return;
    const { attemptKey } = assignment;
    this.#open.set(attemptKey, assignment);
    const thread = this.#isClosing ? undefined : this.#idle()[0];
    if (thread !== undefined) this.#begin(thread, assignment);
    else if (this.#isClosing) {
      const error = serializeError(new Error('the threads are shutting down'), 'ENGINE_CLOSED');
      this.#soon(() => this.#settle(attemptKey, { kind: 'failed', error, threadId: NO_THREAD }));
    } else {
      const limit = this.#after(this.#parts.habits.patienceMs, () => {
        if (!this.#waiting.delete(attemptKey)) return;
        this.#parts.watcher.returned(attemptKey);
        this.#settle(attemptKey, { kind: 'returned', threadId: NO_THREAD });
      });
      this.#waiting.set(attemptKey, { assignment, limit });
    }
  }

  stop(attemptKey: number, graceMs: number): void {
    if (this.#isDead) return;
    const waiting = this.#waiting.get(attemptKey);
    if (waiting !== undefined) {
      this.#waiting.delete(attemptKey);
      this.#parts.time.cancel(waiting.limit);
      this.#soon(() => this.#settle(attemptKey, { kind: 'stopped', killed: false, threadId: NO_THREAD }));
      return;
    }
    const attempt = this.#attempts.get(attemptKey);
    if (attempt === undefined || attempt.thread.isDying) return;
    this.#parts.watcher.stopAsked(attemptKey);
    if (attempt.kill === null || attempt.kill.tickMs > this.#parts.time.nowMs + graceMs) {
      if (attempt.kill !== null) this.#parts.time.cancel(attempt.kill);
      attempt.kill = this.#after(graceMs, () => this.#kill(attempt));
    }
    if (attempt.isStopped) return;
    attempt.isStopped = true;
    this.#react(attempt);
  }

  heartbeats(attemptKey: number): number | undefined {
    const attempt = this.#attempts.get(attemptKey);
    if (attempt === undefined) return undefined;
    const { beatMs, silentAfterMs } = attempt.plan;
    if (beatMs === null) return 0;
    return Math.floor(Math.min(this.#parts.time.nowMs - attempt.begunMs, silentAfterMs) / beatMs);
  }

  threads(): ThreadInfo[] {
    return [...this.#threads].map(({ threadId, attempt, completed }) => ({
      threadId,
      state: attempt === null ? 'idle' : 'busy',
      attemptKey: attempt?.assignment.attemptKey ?? null,
      completed,
    }));
  }

  health(): ThreadHealth {
    const alive = [...this.#threads].filter(({ isDying }) => !isDying).length;
    return { alive, wanted: this.#parts.options.threads, dead: false };
  }

  close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    if (this.#isDead) return Promise.resolve();
    if (this.#closed !== null) return this.#closed.promise;
    this.#isClosing = true;
    this.#closed = Promise.withResolvers<void>();
    const stopAll = () => {
      for (const key of [...this.#waiting.keys(), ...this.#attempts.keys()]) this.stop(key, 0);
      this.#closeIfIdle();
    };
    if (drainMs <= 0) stopAll();
    else this.#after(drainMs, stopAll);
    this.#soon(() => this.#closeIfIdle());
    return this.#closed.promise;
  }

  /** Attempts that were handed over and are not settled. */
  open(): TaskAssignment[] {
    return [...this.#open.values()];
  }

  /** The process dies, its threads with it. */
  die(): void {
    this.#isDead = true;
    for (const [key, { thread }] of this.#attempts) {
      this.#parts.watcher.over(key, { kind: 'stopped', killed: true, threadId: thread.threadId });
    }
    this.#attempts.clear();
    this.#waiting.clear();
    this.#closed?.resolve();
  }

  // --- bodies

  #begin(thread: SimulatedThread, assignment: TaskAssignment): void {
    const { watcher, time } = this.#parts;
    const plan = watcher.planOf(assignment);
    const attempt: Attempt = { assignment, plan, thread, begunMs: time.nowMs, end: null, kill: null, isStopped: false };
    thread.attempt = attempt;
    this.#attempts.set(assignment.attemptKey, attempt);
    watcher.began(assignment, thread.threadId);
    attempt.end = this.#after(plan.durationMs, () => this.#end(attempt));
  }

  #end(attempt: Attempt): void {
    const { assignment, plan, thread } = attempt;
    if (thread.isDying) return;
    const { threadId } = thread;
    switch (plan.end) {
      case 'completed':
        this.#free(attempt, { kind: 'completed', output: this.#parts.watcher.outputOf(assignment), threadId });
        break;
      case 'thread-died':
        this.#exit(attempt, false);
        break;
      case 'failed':
      case 'failed-for-good': {
        const retryable = plan.end === 'failed';
        const code = retryable ? 'TASK_FAILED' : 'PLANNED_FAULT';
        const error = { name: 'Error', message: 'a planned failure', code, retryable };
        this.#free(attempt, { kind: 'failed', error, threadId });
        break;
      }
    }
  }

  /** What the body does about being asked to stop. */
  #react(attempt: Attempt): void {
    const { plan, assignment, thread } = attempt;
    if (plan.whenStopped === 'ignores') return;
    this.#after(plan.stopDelayMs, () => {
      if (thread.isDying || this.#attempts.get(assignment.attemptKey) !== attempt) return;
      const { threadId } = thread;
      if (plan.whenStopped === 'ends') this.#free(attempt, { kind: 'stopped', killed: false, threadId });
      else this.#free(attempt, { kind: 'completed', output: this.#parts.watcher.outputOf(assignment), threadId });
    });
  }

  #kill(attempt: Attempt): void {
    if (attempt.thread.isDying || this.#attempts.get(attempt.assignment.attemptKey) !== attempt) return;
    this.#exit(attempt, true);
  }

  /** The thread ends: its attempt is settled when it has exited, and another takes its place. */
  #exit(attempt: Attempt, killed: boolean): void {
    const { thread } = attempt;
    const { random, habits, options } = this.#parts;
    thread.isDying = true;
    this.#after(random.between(0, habits.exitMs), () => {
      this.#threads.delete(thread);
      options.host.threadExited(thread.threadId, { code: 1, killed });
      const { threadId } = thread;
      const error = { name: 'RuntimeError', message: 'the thread ended', code: 'THREAD_EXITED', retryable: true };
      this.#finish(
        attempt,
        attempt.isStopped ? { kind: 'stopped', killed, threadId } : { kind: 'failed', error, threadId },
      );
      this.#startThreadSoon();
      this.#closeIfIdle();
    });
  }

  #free(attempt: Attempt, outcome: AttemptOutcome): void {
    attempt.thread.completed++;
    attempt.thread.attempt = null;
    this.#launch();
    this.#finish(attempt, outcome);
    if (!this.#isClosing) this.#parts.options.slotFree?.();
    this.#closeIfIdle();
  }

  #finish(attempt: Attempt, outcome: AttemptOutcome): void {
    const { time, watcher } = this.#parts;
    const { attemptKey } = attempt.assignment;
    if (attempt.end !== null) time.cancel(attempt.end);
    if (attempt.kill !== null) time.cancel(attempt.kill);
    this.#attempts.delete(attemptKey);
    watcher.over(attemptKey, outcome);
    this.#settle(attemptKey, outcome);
  }

  #settle(attemptKey: number, outcome: AttemptOutcome): void {
    this.#open.delete(attemptKey);
    this.#parts.options.sink.settled(attemptKey, outcome);
  }

  // --- threads

  #idle(): SimulatedThread[] {
    return [...this.#threads].filter(({ attempt, isDying }) => attempt === null && !isDying);
  }

  #startThread(): void {
    const thread: SimulatedThread = { threadId: ++this.#threadIds, attempt: null, isDying: false, completed: 0 };
    this.#threads.add(thread);
    this.#parts.options.host.threadStarted(thread.threadId);
    this.#launch();
    if (thread.attempt === null) this.#parts.options.slotFree?.();
  }

  #startThreadSoon(): void {
    const { random, habits } = this.#parts;
    this.#after(random.between(0, habits.startMs), () => {
      if (!this.#isClosing) this.#startThread();
    });
  }

  /** Gives what was taken ahead to threads that are idle. */
  #launch(): void {
    for (const thread of this.#idle()) {
      const [key, waiting] = this.#waiting.entries().next().value ?? [];
      if (key === undefined || waiting === undefined) return;
      this.#waiting.delete(key);
      this.#parts.time.cancel(waiting.limit);
      this.#begin(thread, waiting.assignment);
    }
  }

  #closeIfIdle(): void {
    if (this.#isClosing && this.#attempts.size === 0 && this.#waiting.size === 0) this.#closed?.resolve();
  }

  #soon(callback: () => void): void {
    this.#after(0, callback);
  }

  #after(delayMs: number, callback: () => void): WorldTimer {
    return this.#parts.time.after(delayMs, () => {
      if (!this.#isDead) callback();
    });
  }
}
