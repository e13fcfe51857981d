// Owns attempts on threads: the TaskExecutor over the pool. Each attempt is settled exactly once: by its reply, or by
// its thread's exit, whichever the rules below say. It must never report an attempt as over while its body can still
// run, never give its thread another attempt before, and never keep capacity or child processes of a thread that is gone.
//
// - A reply settles an attempt unless its thread is already being terminated; then the thread's exit does (`stopped`).
// - A body that ends by itself after `stop`: it returned → `completed`, it threw → `stopped` and not killed.
// - What an attempt said is heard before it is settled, and dropped after.

import { invariant, RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import type { AttemptOutcome, TaskAssignment, TaskExecutor } from '../domain/task-executor.ts';
import { AttemptBoard } from './attempt-board.ts';
import { keepLoopsInterruptible } from './interruptible-loops.ts';
import { Runway } from './runway.ts';
import { outcomeOfReply, type ThreadAttempt } from './thread-attempt.ts';
import { ThreadCorrespondent } from './thread-correspondent.ts';
import { exitFault, runFault, startFault } from './thread-faults.ts';
import {
  checkThreadOptions,
  DEFAULT_HEAP_LIMIT_MB,
  type ThreadExecutorOptions,
  threadEntryFile,
} from './thread-options.ts';
import { type PoolThread, ThreadPool } from './thread-pool.ts';
import { type PackedReply, packAttempt } from './thread-protocol.ts';

/** How long a thread that is changing the ledger is waited for before it is terminated all the same. */
const LEDGER_PATIENCE_MS = 100;
/** The same for one that is starting a child process, which takes the system its time. */
const SPAWN_PATIENCE_MS = 2_000;
const SEAL_RETRY_MS = 1;
/** A thread that needs longer than this to exit is told of. */
const SLOW_EXIT_MS = 5_000;
/** The thread of an attempt that none has seen. */
const NO_THREAD = -1;

/** One thread as people see it. */
export interface ThreadInfo {
  readonly threadId: number;
  readonly state: 'idle' | 'busy';
  readonly attemptKey: number | null;
  /** Attempts that ended on it. */
  readonly completed: number;
}

export interface ThreadHealth {
  /** Threads that can work now. */
  readonly alive: number;
  readonly wanted: number;
  /** No thread is alive and several in a row did not come up. */
  readonly dead: boolean;
}

export class ThreadExecutor implements TaskExecutor {
  readonly #options: ThreadExecutorOptions;
  readonly #board: AttemptBoard;
  readonly #pool: ThreadPool;
  readonly #attempts = new Map<number, ThreadAttempt>();
  readonly #correspondents = new Map<number, ThreadCorrespondent>();
  readonly #firstReady = Promise.withResolvers<void>();
  readonly #runway: Runway;
  #closing: Promise<void> | null = null;
  #onIdle: (() => void) | null = null;
  readonly #takeReplies = (replies: readonly PackedReply[]): void => {
    for (const reply of replies) this.#settleByReply(reply);
  };

  private constructor(options: ThreadExecutorOptions) {
    this.#options = options;
    this.#board = AttemptBoard.create();
    const { timers, clock, sink } = options;
    this.#runway = new Runway(
      timers,
      () => clock.now(),
      (assignments) => {
        for (const { attemptKey } of assignments) sink.settled(attemptKey, { kind: 'returned', threadId: NO_THREAD });
      },
    );
    this.#pool = new ThreadPool({
      threads: options.threads,
      entryFile: options.entryFile ?? threadEntryFile(),
      start: {
        board: this.#board.buffer,
        ledger: options.ledgerBuffer,
        tasksDirs: options.tasksDirs,
        artifactsDir: options.artifactsDir,
      },
      heapLimitMb: options.heapLimitMb ?? DEFAULT_HEAP_LIMIT_MB,
      timers: options.timers,
      clock: options.clock,
      listener: {
        ready: (thread, port) => this.#threadReady(thread, new ThreadCorrespondent(thread.threadId, port, options)),
        exited: (thread, exitCode) => this.#threadExited(thread, exitCode),
        died: (fault) => {
          const error = startFault(fault);
          this.#firstReady.reject(error);
          options.host.threadsDied(error.message);
        },
        warn: (message, error) => options.warnings?.(message, serializeError(error, 'INTERNAL')),
      },
    });
  }

  /**
   * Starts the threads; resolves when the first is ready, `slotFree` tells of the others.
   * @throws RuntimeError ARGUMENT_INVALID for bad options, THREAD_EXITED if no thread comes up.
   */
  static async start(options: ThreadExecutorOptions): Promise<ThreadExecutor> {
    checkThreadOptions(options);
    keepLoopsInterruptible();
    const executor = new ThreadExecutor(options);
    try {
      await executor.#firstReady.promise;
    } catch (error) {
      await executor.#pool.close();
      throw error;
    }
    return executor;
  }

  freeSlots(): number {
    return this.#closing === null ? this.#pool.idleCount + this.#runwaySlots() : 0;
  }

  execute(assignment: TaskAssignment): void {
    const thread = this.#closing === null ? this.#pool.take() : undefined;
    if (thread !== undefined) this.#begin(thread, assignment);
    // Not asked whether the runway is still open: it was when the caller looked, and time has passed since.
    else if (this.#closing === null && this.#runway.size < this.#attempts.size) this.#runway.push(assignment);
    else this.#refuse(assignment);
  }

  /** Attempts that may be picked ahead of a free thread: one a busy thread while attempts are short. */
  #runwaySlots(): number {
    const nowMs = this.#options.clock.monotonicMs();
    let longestMs = 0;
    for (const { begunMs } of this.#attempts.values()) longestMs = Math.max(longestMs, nowMs - begunMs);
    return this.#runway.isOpen(longestMs) ? Math.max(0, this.#attempts.size - this.#runway.size) : 0;
  }

  #begin(thread: PoolThread, assignment: TaskAssignment): void {
    const { attemptKey: key, module } = assignment;
    const correspondent = this.#correspondents.get(thread.threadId);
    invariant(correspondent !== undefined, `thread ${thread.threadId} has no line`);
    const row = this.#board.claim();
    const attempt: ThreadAttempt = {
      key,
      row,
      assignment,
      thread,
      correspondent,
      begunMs: this.#options.clock.monotonicMs(),
      stopRequested: false,
      killed: false,
      timer: null,
      sealingSinceMs: null,
    };
    this.#attempts.set(key, attempt);
    correspondent.begin(key);
    const message = packAttempt(assignment, row, this.#options.modules?.get(module) ?? null);
    this.#pool.run(thread, [message]).then(this.#takeReplies, (error) => this.#settleByRejection(attempt, error));
  }

  stop(attemptKey: number, graceMs: number): void {
    const waiting = this.#runway.take(attemptKey);
    if (waiting !== undefined) {
      this.#settleUnstarted(waiting, { kind: 'stopped', killed: false, threadId: NO_THREAD });
      return;
    }
    const attempt = this.#attempts.get(attemptKey);
    if (attempt === undefined || attempt.killed) return;
    attempt.stopRequested = true;
    this.#board.raiseCancel(attempt.row);
    attempt.correspondent.stop();
    if (graceMs <= 0) this.#terminate(attempt);
    else this.#terminateAfter(attempt, graceMs);
  }

  /** Heartbeats of a running attempt so far; undefined when it is not running. */
  heartbeats(attemptKey: number): number | undefined {
    const attempt = this.#attempts.get(attemptKey);
    return attempt === undefined ? undefined : this.#board.beats(attempt.row);
  }

  /** The threads that can work, idle or busy. */
  threads(): ThreadInfo[] {
    const infos: ThreadInfo[] = [];
    for (const { threadId, state } of this.#pool.threads()) {
      const correspondent = this.#correspondents.get(threadId);
      if ((state !== 'idle' && state !== 'busy') || correspondent === undefined) continue;
      infos.push({ threadId, state, attemptKey: correspondent.attemptKey, completed: correspondent.completed });
    }
    return infos;
  }

  health(): ThreadHealth {
    return { alive: this.#pool.aliveCount, wanted: this.#options.threads, dead: this.#pool.isDead };
  }

  /**
   * Takes no more attempts, waits up to `drainMs` for those that run, then stops them with `graceMs` (default 0).
   * When it resolves every attempt is settled and every thread has exited. Calling it again gives the same promise.
   */
  close(options: { readonly drainMs: number; readonly graceMs?: number }): Promise<void> {
    this.#closing ??= this.#close(options.drainMs, options.graceMs ?? 0);
    return this.#closing;
  }

  async #close(drainMs: number, graceMs: number): Promise<void> {
    // Begins in a later turn: close() must have marked the executor as closing first.
    await Promise.resolve();
    if (this.#attempts.size > 0) {
      const idle = Promise.withResolvers<void>();
      this.#onIdle = idle.resolve;
      const { timers, clock } = this.#options;
      const stopAll = (): void => {
        this.#clearRunway();
        for (const key of [...this.#attempts.keys()]) this.stop(key, graceMs);
      };
      if (drainMs <= 0) stopAll();
      const timer = drainMs > 0 ? timers.schedule(clock.now() + drainMs, stopAll) : null;
      await idle.promise;
      if (timer !== null) timers.cancel(timer);
    }
    // Left over when the thread that they were picked for died meanwhile.
    this.#clearRunway();
    await this.#pool.close();
  }

  #clearRunway(): void {
    for (const waiting of this.#runway.clear()) {
      this.#settleUnstarted(waiting, { kind: 'stopped', killed: false, threadId: NO_THREAD });
    }
  }

  #refuse(assignment: TaskAssignment): void {
    const { taskName } = assignment;
    const error =
      this.#closing === null
        ? new RuntimeError('INTERNAL', `task '${taskName}' was sent to threads that are all busy; please report this`)
        : new RuntimeError('ENGINE_CLOSED', `task '${taskName}' was not started: the threads are shutting down`);
    this.#settleUnstarted(assignment, { kind: 'failed', error: serializeError(error), threadId: NO_THREAD });
  }

  /** The end of an attempt that no thread has seen. Its caller may be in the middle of handing it over: a turn later. */
  #settleUnstarted({ attemptKey }: TaskAssignment, outcome: AttemptOutcome): void {
    queueMicrotask(() => this.#options.sink.settled(attemptKey, outcome));
  }

  // --- how attempts end

  #settleByReply(reply: PackedReply): void {
    const [attemptKey, said] = reply;
    const attempt = this.#attempts.get(attemptKey);
    if (attempt === undefined) return;
    attempt.correspondent.hearUpTo(said);
    // What it said may have made someone stop it; a thread that is being terminated settles by its exit.
    if (attempt.thread.state === 'dying') return;
    this.#runway.measured(this.#options.clock.monotonicMs() - attempt.begunMs);
    this.#settle(attempt, outcomeOfReply(reply, attempt));
    this.#freeThread(attempt.thread);
  }

  #settleByRejection(attempt: ThreadAttempt, error: unknown): void {
    if (attempt.thread.state === 'dying' || this.#attempts.get(attempt.key) !== attempt) return;
    const fault = serializeError(runFault(attempt.assignment, error));
    this.#settle(attempt, { kind: 'failed', error: fault, threadId: attempt.thread.threadId });
    this.#freeThread(attempt.thread);
  }

  #settle(attempt: ThreadAttempt, outcome: AttemptOutcome): void {
    this.#attempts.delete(attempt.key);
    this.#board.free(attempt.row);
    if (attempt.timer !== null) this.#options.timers.cancel(attempt.timer);
    attempt.correspondent.end();
    this.#pool.giveBack(attempt.thread);
    // Before its end is told: the thread works while the main thread settles.
    this.#launch();
    this.#options.sink.settled(attempt.key, outcome);
    if (this.#attempts.size === 0) this.#onIdle?.();
  }

  /** Gives attempts that were picked ahead to threads that are idle. */
  #launch(): void {
    while (this.#runway.size > 0 && this.#pool.idleCount > 0) {
      const assignment = this.#runway.shift();
      const thread = this.#pool.take();
      invariant(assignment !== undefined && thread !== undefined, 'an idle thread and an attempt for it');
      this.#begin(thread, assignment);
    }
  }

  #freeThread(thread: PoolThread): void {
    if (thread.state === 'idle' && this.#closing === null) this.#options.slotFree?.();
  }

  // --- stopping

  #terminateAfter(attempt: ThreadAttempt, delayMs: number): void {
    const { timers, clock } = this.#options;
    const atMs = clock.now() + delayMs;
    if (attempt.timer !== null) {
      // Asked twice: the earlier end of grace counts.
      if (attempt.timer.atMs <= atMs) return;
      timers.cancel(attempt.timer);
    }
    attempt.timer = timers.schedule(atMs, () => {
      attempt.timer = null;
      this.#terminate(attempt);
    });
  }

  #terminate(attempt: ThreadAttempt): void {
    if (attempt.killed || attempt.thread.state === 'dying') return;
    if (attempt.timer !== null) this.#options.timers.cancel(attempt.timer);
    attempt.timer = null;
    if (this.#isInsideGate(attempt)) {
      this.#terminateAfter(attempt, SEAL_RETRY_MS);
      return;
    }
    attempt.killed = true;
    this.#pool.kill(attempt.thread);
    const { timers, clock } = this.#options;
    attempt.timer = timers.schedule(clock.now() + SLOW_EXIT_MS, () => this.#reportSlowExit(attempt));
  }

  // Whether to try again soon: the thread is doing what must not be cut in two, and the patience is not used up.
  #isInsideGate(attempt: ThreadAttempt): boolean {
    const { host, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    attempt.sealingSinceMs ??= nowMs;
    const elapsedMs = nowMs - attempt.sealingSinceMs;
    if (this.#board.sealSpawn(attempt.row) === 'busy' && elapsedMs < SPAWN_PATIENCE_MS) return true;
    return host.sealThread(attempt.thread.threadId) === 'busy' && elapsedMs < LEDGER_PATIENCE_MS;
  }

  // Such a thread is inside a system call: its end is not ours to force, and what it may still touch stays reserved.
  #reportSlowExit({ thread, assignment }: ThreadAttempt): void {
    this.#options.warnings?.(
      `thread ${thread.threadId} was ended ${SLOW_EXIT_MS / 1_000} s ago and has not exited: task '${assignment.taskName}' ` +
        'is inside a system call that does not return; its capacity and its run wait for it',
      null,
    );
  }

  // --- threads

  #threadReady(thread: PoolThread, correspondent: ThreadCorrespondent): void {
    this.#correspondents.set(thread.threadId, correspondent);
    this.#options.host.threadStarted(thread.threadId);
    this.#firstReady.resolve();
    this.#launch();
    this.#freeThread(thread);
  }

  #threadExited(thread: PoolThread, exitCode: number): void {
    const correspondent = this.#correspondents.get(thread.threadId);
    // It never was ready, so nobody has heard of it.
    if (correspondent === undefined) return;
    this.#correspondents.delete(thread.threadId);
    const { attemptKey } = correspondent;
    const attempt = attemptKey === null ? undefined : this.#attempts.get(attemptKey);
    correspondent.close();
    this.#options.host.threadExited(thread.threadId, { code: exitCode, killed: attempt?.killed === true });
    if (attempt !== undefined) this.#settle(attempt, this.#outcomeOfExit(attempt, exitCode));
  }

  #outcomeOfExit(attempt: ThreadAttempt, exitCode: number): AttemptOutcome {
    const { thread, assignment, correspondent } = attempt;
    const { threadId } = thread;
    if (attempt.stopRequested) return { kind: 'stopped', killed: attempt.killed, threadId };
    const fault = exitFault(assignment, {
      threadId,
      exitCode,
      begun: this.#board.begunOn(attempt.row) !== 0,
      uncaught: correspondent.uncaughtError,
      fault: thread.fault,
      heapLimitMb: this.#options.heapLimitMb ?? DEFAULT_HEAP_LIMIT_MB,
    });
    return { kind: 'failed', error: serializeError(fault), threadId };
  }
}
