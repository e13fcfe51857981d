// Owns attempts on the main loop: actions registered as functions, for I/O that needs no thread. A body here cannot be
// ended by force: one that ignores its signal is given up after the grace, its late result thrown away, and it goes on
// beside the engine until it ends by itself (`abandonedCount` tells how many do).

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import type { TaskAction } from '../domain/task-context.ts';
import type { AttemptOutcome, AttemptSink, TaskAssignment, TaskExecutor } from '../domain/task-executor.ts';
import { ArtifactStore } from './artifact-store.ts';
import { type InlineResources, type InlineServices, InlineTaskContext } from './inline-context.ts';
import { checkResult } from './task-result.ts';
import { runFault } from './thread-faults.ts';
import { runUnderTrace } from './trace-context.ts';

const DEFAULT_MAX_CONCURRENCY = 64;
/** The main loop's id among threads. */
const MAIN_THREAD = 0;

export interface InlineExecutorOptions {
  readonly sink: AttemptSink;
  readonly timers: TimerService;
  readonly clock: Clock;
  readonly artifactsDir: string;
  /** null = bodies have no `context.resources`. */
  readonly resources: InlineResources | null;
  /** Bodies at one time, default 64. */
  readonly maxConcurrency?: number;
  /** Called when an attempt has ended and another may start. */
  readonly slotFree?: () => void;
}

interface InlineAttempt {
  readonly assignment: TaskAssignment;
  readonly context: InlineTaskContext;
  stopRequested: boolean;
  timer: TimerHandle | null;
}

export class InlineExecutor implements TaskExecutor {
  readonly #options: InlineExecutorOptions;
  readonly #services: InlineServices;
  readonly #maxConcurrency: number;
  /** By module, then action. */
  readonly #actions = new Map<string, Map<string, TaskAction>>();
  readonly #attempts = new Map<number, InlineAttempt>();
  #abandoned = 0;
  #closing: Promise<void> | null = null;
  #onIdle: (() => void) | null = null;

  /** @throws RuntimeError ARGUMENT_INVALID when the concurrency is not a whole number from 1. */
  constructor(options: InlineExecutorOptions) {
    const { maxConcurrency = DEFAULT_MAX_CONCURRENCY, sink, resources, artifactsDir } = options;
    if (!Number.isInteger(maxConcurrency) || maxConcurrency < 1) {
      throw new RuntimeError('ARGUMENT_INVALID', `maxConcurrency must be a whole number from 1, not ${maxConcurrency}`);
    }
    this.#options = options;
    this.#maxConcurrency = maxConcurrency;
    this.#services = { sink, resources, artifacts: new ArtifactStore(artifactsDir) };
  }

  /** Bodies that were given up and have not ended yet. */
  get abandonedCount(): number {
    return this.#abandoned;
  }

  /**
   * Makes an action known; one of the same name is replaced for attempts that start from now on.
   * @throws RuntimeError ARGUMENT_INVALID for an empty name or what is no function.
   */
  register(module: string, action: string, body: TaskAction): void {
    if (module === '' || action === '' || typeof body !== 'function') {
      throw new RuntimeError('ARGUMENT_INVALID', 'an inline task needs a module, an action and a function');
    }
    let actions = this.#actions.get(module);
    if (actions === undefined) {
      actions = new Map();
      this.#actions.set(module, actions);
    }
    actions.set(action, body);
  }

  /** Whether the module (and action) was registered here. */
  has(module: string, action?: string): boolean {
    const actions = this.#actions.get(module);
    return actions !== undefined && (action === undefined || actions.has(action));
  }

  freeSlots(): number {
    return this.#closing === null ? Math.max(0, this.#maxConcurrency - this.#attempts.size) : 0;
  }

  execute(assignment: TaskAssignment): void {
    const context = new InlineTaskContext(assignment, this.#services);
    const attempt: InlineAttempt = { assignment, context, stopRequested: false, timer: null };
    this.#attempts.set(assignment.attemptKey, attempt);
    void this.#run(attempt);
  }

  stop(attemptKey: number, graceMs: number): void {
    const attempt = this.#attempts.get(attemptKey);
    if (attempt === undefined) return;
    attempt.stopRequested = true;
    attempt.context.cancel();
    const { timers, clock } = this.#options;
    const atMs = clock.now() + Math.max(0, graceMs);
    if (attempt.timer !== null && attempt.timer.atMs <= atMs) return;
    if (attempt.timer !== null) timers.cancel(attempt.timer);
    attempt.timer = timers.schedule(atMs, () => this.#abandon(attempt));
  }

  /** Heartbeats of a running attempt so far; undefined when it is not running. */
  heartbeats(attemptKey: number): number | undefined {
    return this.#attempts.get(attemptKey)?.context.heartbeats;
  }

  /** Takes no more attempts, waits up to `drainMs`, then stops those that run; resolves when all are settled. */
  close(options: { readonly drainMs: number; readonly graceMs?: number }): Promise<void> {
    this.#closing ??= this.#close(options.drainMs, options.graceMs ?? 0);
    return this.#closing;
  }

  async #close(drainMs: number, graceMs: number): Promise<void> {
    if (this.#attempts.size === 0) return;
    const idle = Promise.withResolvers<void>();
    this.#onIdle = idle.resolve;
    const { timers, clock } = this.#options;
    const timer = timers.schedule(clock.now() + Math.max(0, drainMs), () => {
      for (const key of [...this.#attempts.keys()]) this.stop(key, graceMs);
    });
    await idle.promise;
    timers.cancel(timer);
  }

  async #run(attempt: InlineAttempt): Promise<void> {
    // The caller is in the middle of handing it over: the body begins in a turn of its own.
    await Promise.resolve();
    let outcome: AttemptOutcome;
    try {
      const output = await this.#perform(attempt);
      outcome = { kind: 'completed', output, threadId: MAIN_THREAD };
    } catch (error) {
      outcome = attempt.stopRequested
        ? { kind: 'stopped', killed: false, threadId: MAIN_THREAD }
        : { kind: 'failed', error: serializeError(error), threadId: MAIN_THREAD };
    }
    if (this.#attempts.get(attempt.assignment.attemptKey) === attempt) this.#settle(attempt, outcome);
    else this.#abandoned -= 1;
  }

  async #perform({ assignment, context }: InlineAttempt): Promise<unknown> {
    if (this.#closing !== null) {
      throw new RuntimeError('ENGINE_CLOSED', `task '${assignment.taskName}' was not started: the engine shuts down`);
    }
    const { module, action } = assignment;
    const actions = this.#actions.get(module);
    const body = actions?.get(action);
    if (body === undefined) {
      const known = [...(actions?.keys() ?? [])];
      throw new RuntimeError(
        'ACTION_NOT_FOUND',
        `no inline task ${module}.${action} is registered; known of '${module}': ${known.join(', ') || 'none'}`,
        { details: { module, action, actions: known } },
      );
    }
    const { trace } = assignment;
    const begin = () => body(this.#copyParameters(assignment), context);
    const result = checkResult(await (trace === undefined ? begin() : runUnderTrace(trace, begin)), assignment);
    if (result.kind === 'value') return result.value;
    const output: unknown = JSON.parse(result.text);
    return output;
  }

  // As in a thread, a body gets parameters of its own: what it changes in them changes nothing elsewhere.
  #copyParameters(assignment: TaskAssignment): TaskAssignment['parameters'] {
    try {
      return structuredClone(assignment.parameters);
    } catch (error) {
      throw runFault(assignment, error);
    }
  }

  #abandon(attempt: InlineAttempt): void {
    attempt.timer = null;
    this.#abandoned += 1;
    this.#settle(attempt, { kind: 'stopped', killed: false, threadId: MAIN_THREAD });
  }

  #settle(attempt: InlineAttempt, outcome: AttemptOutcome): void {
    const { attemptKey } = attempt.assignment;
    const { timers, sink, slotFree } = this.#options;
    attempt.context.end();
    this.#attempts.delete(attemptKey);
    if (attempt.timer !== null) timers.cancel(attempt.timer);
    sink.settled(attemptKey, outcome);
    if (this.#attempts.size === 0) this.#onIdle?.();
    if (this.#closing === null) slotFree?.();
  }
}
