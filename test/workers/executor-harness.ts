// Owns what the tests of executors share: an executor with a recording sink and host over real time and real threads.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../src/domain/json-value.ts';
import type { AttemptOutcome, AttemptSink, TaskAssignment } from '../../src/domain/task-executor.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { ThreadExecutor } from '../../src/workers/thread-executor.ts';
import type { ThreadExit, ThreadHost } from '../../src/workers/thread-host.ts';
import type { ThreadExecutorOptions } from '../../src/workers/thread-options.ts';

export const FIXTURE_TASKS = fileURLToPath(new URL('./fixtures/tasks', import.meta.url));

export interface Said {
  readonly attemptKey: number;
  readonly kind: 'progress' | 'log' | 'settled';
  readonly text: string;
}

/** Records what it is told, in order, and lets a test wait for outcomes. */
export class RecordingSink implements AttemptSink {
  readonly said: Said[] = [];
  readonly outcomes = new Map<number, AttemptOutcome[]>();
  readonly fractions: number[] = [];
  readonly #waiting = new Map<number, (outcome: AttemptOutcome) => void>();
  onProgress: (attemptKey: number) => void = () => {};
  onLog: (attemptKey: number, message: string) => void = () => {};

  /** Told of attempts that were never begun and come back to be handed over again. */
  onReturned: (attemptKey: number) => void = () => {};

  settled(attemptKey: number, outcome: AttemptOutcome): void {
    if (outcome.kind === 'returned') {
      this.onReturned(attemptKey);
      return;
    }
    this.said.push({ attemptKey, kind: 'settled', text: outcome.kind });
    const outcomes = this.outcomes.get(attemptKey) ?? [];
    outcomes.push(outcome);
    this.outcomes.set(attemptKey, outcomes);
    this.#waiting.get(attemptKey)?.(outcome);
    this.#waiting.delete(attemptKey);
  }

  progress(attemptKey: number, fraction: number, message: string | null): void {
    this.fractions.push(fraction);
    this.said.push({ attemptKey, kind: 'progress', text: message ?? '' });
    this.onProgress(attemptKey);
  }

  log(attemptKey: number, level: string, message: string, fields: JsonObject | null): void {
    const text = `${level} ${message}${fields === null ? '' : ` ${JSON.stringify(fields)}`}`;
    this.said.push({ attemptKey, kind: 'log', text });
    this.onLog(attemptKey, message);
  }

  outcome(attemptKey: number): Promise<AttemptOutcome> {
    const [known] = this.outcomes.get(attemptKey) ?? [];
    if (known !== undefined) return Promise.resolve(known);
    const { promise, resolve } = Promise.withResolvers<AttemptOutcome>();
    this.#waiting.set(attemptKey, resolve);
    return promise;
  }
}

/** Records threads; its capacity calls can be replaced. */
export class RecordingHost implements ThreadHost {
  readonly started: number[] = [];
  readonly exited: { readonly threadId: number; readonly exit: ThreadExit }[] = [];
  seal: ThreadHost['sealThread'] = () => 'absent';
  grant: ThreadHost['allocate'] = () => Promise.reject(new Error('no capacity in this test'));
  onExit: ThreadHost['threadExited'] = () => {};

  threadsDied(): void {}

  threadStarted(threadId: number): void {
    this.started.push(threadId);
  }

  threadExited(threadId: number, exit: ThreadExit): void {
    this.exited.push({ threadId, exit });
    this.onExit(threadId, exit);
  }

  sealThread(threadId: number): 'sealed' | 'busy' | 'absent' {
    return this.seal(threadId);
  }

  allocate(...request: Parameters<ThreadHost['allocate']>): Promise<unknown> {
    return this.grant(...request);
  }
}

/** An executor of threads with all that a test looks at; `await using` closes it. */
export class ThreadHarness implements AsyncDisposable {
  readonly sink = new RecordingSink();
  readonly host = new RecordingHost();
  readonly timers = new SystemTimers();
  readonly artifactsDir = mkdtempSync(join(tmpdir(), 'yardmaster-workers-'));
  readonly warnings: string[] = [];
  #executor: ThreadExecutor | undefined;
  #slotWaiters: (() => void)[] = [];
  #nextKey = 1;
  readonly #assignments = new Map<number, TaskAssignment>();

  constructor() {
    this.sink.onReturned = (attemptKey) => void this.#handOverAgain(attemptKey);
  }

  static async start(options: Partial<ThreadExecutorOptions> = {}): Promise<ThreadHarness> {
    const harness = new ThreadHarness();
    harness.#executor = await ThreadExecutor.start({
      threads: 1,
      tasksDirs: [FIXTURE_TASKS],
      ledgerBuffer: null,
      artifactsDir: harness.artifactsDir,
      sink: harness.sink,
      host: harness.host,
      timers: harness.timers,
      clock: harness.timers,
      slotFree: () => harness.#slotFree(),
      warnings: (message) => harness.warnings.push(message),
      ...options,
    });
    return harness;
  }

  get executor(): ThreadExecutor {
    if (this.#executor === undefined) throw new Error('not started');
    return this.#executor;
  }

  /** Resolves when `count` threads are free. */
  async slots(count = 1): Promise<void> {
    while (this.executor.freeSlots() < count) await this.#nextSlot();
  }

  /** Starts an attempt on a free thread; gives its key. */
  begin(action: string, parameters: JsonObject = {}, more: Partial<TaskAssignment> = {}): number {
    const attemptKey = this.#nextKey++;
    const [module = '', name = ''] = action.split('.');
    const taskName = `task-${attemptKey}`;
    const names = { runId: 'run-1', taskName, attempt: 1, module, action: name };
    const assignment: TaskAssignment = { attemptKey, ...names, parameters, ...more };
    this.#assignments.set(attemptKey, assignment);
    this.executor.execute(assignment);
    return attemptKey;
  }

  /** Waits for a free thread, runs an attempt, gives its outcome. */
  async run(action: string, parameters: JsonObject = {}, more: Partial<TaskAssignment> = {}): Promise<AttemptOutcome> {
    // Looked at here and not in a function of its own: between its end and the next line others would run.
    while (this.executor.freeSlots() === 0) await this.#nextSlot();
    return this.sink.outcome(this.begin(action, parameters, more));
  }

  /** Resolves when an attempt says `message`. */
  hears(message: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.sink.onLog = (_key, said) => {
      if (said === message) resolve();
    };
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#executor?.close({ drainMs: 0 });
    this.timers.close();
    rmSync(this.artifactsDir, { recursive: true, force: true });
  }

  async #handOverAgain(attemptKey: number): Promise<void> {
    const assignment = this.#assignments.get(attemptKey);
    if (assignment === undefined) throw new Error(`attempt ${attemptKey} was never handed over`);
    while (this.executor.freeSlots() === 0) await this.#nextSlot();
    this.executor.execute(assignment);
  }

  #nextSlot(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#slotWaiters.push(resolve);
    return promise;
  }

  #slotFree(): void {
    const waiters = this.#slotWaiters;
    this.#slotWaiters = [];
    for (const resolve of waiters) resolve();
  }
}

/** The error of a failed outcome; anything else fails the test. */
export function errorOf(outcome: AttemptOutcome): Extract<AttemptOutcome, { kind: 'failed' }>['error'] {
  if (outcome.kind !== 'failed') throw new Error(`expected a failed attempt, got ${JSON.stringify(outcome)}`);
  return outcome.error;
}

/** The output of a completed outcome; anything else fails the test. */
export function outputOf(outcome: AttemptOutcome): unknown {
  if (outcome.kind !== 'completed') throw new Error(`expected a completed attempt, got ${JSON.stringify(outcome)}`);
  return outcome.output;
}
