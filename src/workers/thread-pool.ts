// Owns the threads: Piscina, which thread is idle, which is dying, and that there are always as many as wanted.
// It knows nothing of attempts beyond "this thread has a message". It must never report a thread as gone before its
// Worker's own 'exit' event, and never end a thread that was not ready.
//
//   starting ──hello + Piscina's ready──▶ idle ◀──▶ busy
//      └───────────────┬──────────────────┴──────────┘
//                   dying ──Worker 'exit'──▶ (forgotten)
//
// What Piscina 5.3.2 does that this file answers:
// - Its promise rejects before the thread is dead. Ends are taken from the Worker's own 'exit' event.
// - A thread that dies before it was ready makes the pool stop refilling for good. Missing threads are noticed after
//   each exit and come from a new Piscina beside the old one, ever more slowly while that fails.
// - It chooses the thread itself. The load balancer is ours and returns the thread that was decided on.
// - destroy() forgets threads that are already dying, and their exit then starts new ones. close() waits for them first.
// - Its Workers are unreferenced, so a process that waits for a start or an exit alone would end. They are referenced then.
// - Between messages its threads sleep in Atomics.wait, and Worker.terminate() now and then (seen once in 900 under load,
//   Node 24) has no effect on a thread that is just going to sleep. A second call has: it is repeated until the exit.

import type { MessagePort, Worker } from 'node:worker_threads';
import { FixedQueue, Piscina } from 'piscina';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { invariant } from '../domain/runtime-error.ts';
import { type PackedAttempt, type PackedReply, parseHello, type ThreadStart } from './thread-protocol.ts';

/** Threads that may end in a row before they were ready; with one more and none alive the pool is reported dead. */
const MAX_FAILED_STARTS = 3;
/** Delay before missing threads are made anew; doubles with each failed start up to the longest, and never gives up. */
const FIRST_HEAL_DELAY_MS = 20;
const LONGEST_HEAL_DELAY_MS = 10_000;

/** Delay before a thread that has not exited is terminated once more; doubles up to the longest. */
const FIRST_REPEAT_MS = 50;
const LONGEST_REPEAT_MS = 1_000;

/**
 * At its heap limit a thread gets 16 MB more to end in. More than that in the young generation, all of it alive, would
 * use those up in one collection, and V8 would end the process instead of the thread.
 */
const YOUNG_GENERATION_MB = 16;

/** One thread, from the creation of its Worker to its exit. */
export interface PoolThread {
  readonly worker: Worker;
  readonly threadId: number;
  state: 'starting' | 'idle' | 'busy' | 'dying';
  /** The thread's end of the line home; null until it said hello. */
  port: MessagePort | null;
  /** Whether Piscina gives it work. */
  isPooled: boolean;
  wasReady: boolean;
  /** What the Worker reported as its error, if it did. */
  fault: Error | null;
  /** While it is being ended: when that is tried once more. */
  ending: TimerHandle | null;
}

/** Told what happens to threads, each thing once a thread. */
export interface ThreadPoolListener {
  /** The thread is idle for the first time. */
  ready(thread: PoolThread, port: MessagePort): void;
  /** The thread is gone. Its Worker's exit event has been seen. */
  exited(thread: PoolThread, exitCode: number): void;
  /** No thread is left and several in a row did not come up; it is still tried, ever more rarely. */
  died(fault: Error | null): void;
  warn(message: string, error: unknown): void;
}

export interface ThreadPoolOptions {
  readonly threads: number;
  /** Absolute path of the file that threads run; exports `runAttempts`. */
  readonly entryFile: string;
  readonly start: ThreadStart;
  readonly heapLimitMb: number;
  readonly listener: ThreadPoolListener;
  readonly timers: TimerService;
  readonly clock: Clock;
}

type AttemptPiscina = Piscina<readonly PackedAttempt[], readonly PackedReply[]>;

interface SubPool {
  readonly piscina: AttemptPiscina;
  readonly threads: Set<PoolThread>;
  /** The thread that the next message goes to. */
  target: number;
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #subPools = new Set<SubPool>();
  readonly #threads = new Map<number, PoolThread & { readonly home: SubPool }>();
  readonly #idle: PoolThread[] = [];
  #failedStarts = 0;
  #healTimer: TimerHandle | null = null;
  #isDead = false;
  #isClosing = false;
  #lastFault: Error | null = null;
  #onExit: (() => void) | null = null;

  /** Starts the threads; `listener` hears when they are ready. */
  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#addSubPool(options.threads);
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** Threads that are ready and not dying. */
  get aliveCount(): number {
    let count = 0;
    for (const thread of this.#threads.values()) if (thread.state === 'idle' || thread.state === 'busy') count += 1;
    return count;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  threads(): readonly PoolThread[] {
    return [...this.#threads.values()];
  }

  /** Takes an idle thread, which is busy from now on. */
  take(): PoolThread | undefined {
    const thread = this.#idle.pop();
    if (thread !== undefined) thread.state = 'busy';
    return thread;
  }

  /** Gives a thread back that has no message any more; one that is dying stays what it is. */
  giveBack(thread: PoolThread): void {
    if (thread.state !== 'busy') return;
    thread.state = 'idle';
    this.#idle.push(thread);
  }

  /**
   * Sends a message to a thread that was taken. A rejection says nothing about the thread: if it is dying, `exited`
   * follows; if not, the message could not be sent.
   */
  run(thread: PoolThread, messages: readonly PackedAttempt[]): Promise<readonly PackedReply[]> {
    const subPool = this.#threads.get(thread.threadId)?.home;
    invariant(subPool !== undefined && thread.state === 'busy', `thread ${thread.threadId} was not taken`);
    subPool.target = thread.threadId;
    return subPool.piscina.run(messages);
  }

  /** Ends a ready thread by force; `exited` follows and a new thread takes its place. */
  kill(thread: PoolThread): void {
    if (thread.state === 'dying' || !thread.wasReady) return;
    this.#markDying(thread);
    void thread.worker.terminate();
    this.#repeatTermination(thread, FIRST_REPEAT_MS);
  }

  /** Ends all threads; when it resolves, each one's exit has been seen and nothing is left. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#healTimer !== null) this.#options.timers.cancel(this.#healTimer);
    this.#healTimer = null;
    while (this.#threads.size > 0) {
      const dying = [...this.#threads.values()].some((thread) => thread.state === 'dying');
      if (!dying) await this.#destroySubPools();
      if (this.#threads.size > 0) await this.#nextExit();
    }
  }

  async #destroySubPools(): Promise<void> {
    for (const thread of this.#threads.values()) {
      this.#markDying(thread);
      this.#repeatTermination(thread, FIRST_REPEAT_MS);
    }
    await Promise.all([...this.#subPools].map((subPool) => subPool.piscina.destroy()));
  }

  #repeatTermination(thread: PoolThread, delayMs: number): void {
    const { timers, clock } = this.#options;
    if (thread.ending !== null) timers.cancel(thread.ending);
    thread.ending = timers.schedule(clock.now() + delayMs, () => {
      void thread.worker.terminate();
      this.#repeatTermination(thread, Math.min(2 * delayMs, LONGEST_REPEAT_MS));
    });
  }

  #nextExit(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onExit = resolve;
    return promise;
  }

  #addSubPool(threads: number): void {
    const { entryFile, start, heapLimitMb, listener } = this.#options;
    const subPool: SubPool = {
      target: 0,
      threads: new Set(),
      piscina: new Piscina<readonly PackedAttempt[], readonly PackedReply[]>({
        filename: entryFile,
        name: 'runAttempts',
        minThreads: threads,
        maxThreads: threads,
        idleTimeout: Number.POSITIVE_INFINITY,
        taskQueue: new FixedQueue(),
        recordTiming: false,
        workerData: start,
        resourceLimits: { maxOldGenerationSizeMb: heapLimitMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
        loadBalancer: (_task, workers) => {
          for (const worker of workers) if (worker.id === subPool.target) return worker;
          // Returning nothing would put the message into Piscina's queue, from which we could not take it back.
          throw new Error(`Piscina does not have thread ${subPool.target} ready`);
        },
      }),
    };
    this.#subPools.add(subPool);
    subPool.piscina.on('message', (message: unknown) => this.#onMessage(message));
    subPool.piscina.on('workerCreate', (worker: { readonly id: number }) => this.#onPooled(worker.id));
    subPool.piscina.on('error', (error: unknown) => listener.warn('a pool thread failed outside of any task', error));
    this.#track(subPool);
  }

  // Piscina replaces threads without saying so; looked at after each end of a thread.
  #track(subPool: SubPool): void {
    for (const worker of subPool.piscina.threads) {
      if (this.#threads.has(worker.threadId)) continue;
      const thread: PoolThread & { readonly home: SubPool } = {
        worker,
        threadId: worker.threadId,
        state: 'starting',
        port: null,
        isPooled: false,
        wasReady: false,
        fault: null,
        ending: null,
        home: subPool,
      };
      this.#threads.set(thread.threadId, thread);
      subPool.threads.add(thread);
      worker.ref();
      worker.on('error', (error) => this.#onError(thread, subPool, error));
      worker.once('exit', (exitCode) => this.#onExited(thread, subPool, exitCode));
    }
  }

  #onMessage(message: unknown): void {
    const hello = parseHello(message);
    const thread = hello === undefined ? undefined : this.#threads.get(hello.threadId);
    // Only the first hello counts: whatever else arrives here was posted by task code.
    if (hello === undefined || thread === undefined || thread.port !== null) return;
    thread.port = hello.port;
    this.#becomeReady(thread);
  }

  #onPooled(threadId: number): void {
    const thread = this.#threads.get(threadId);
    if (thread === undefined) return;
    thread.isPooled = true;
    this.#becomeReady(thread);
  }

  #becomeReady(thread: PoolThread): void {
    if (thread.port === null || !thread.isPooled || thread.state !== 'starting' || this.#isClosing) return;
    thread.state = 'idle';
    thread.wasReady = true;
    thread.worker.unref();
    this.#failedStarts = 0;
    this.#isDead = false;
    this.#idle.push(thread);
    this.#options.listener.ready(thread, thread.port);
  }

  #onError(thread: PoolThread, subPool: SubPool, error: Error): void {
    thread.fault ??= error;
    this.#lastFault = error;
    this.#markDying(thread);
    this.#track(subPool);
  }

  #onExited(thread: PoolThread, subPool: SubPool, exitCode: number): void {
    this.#markDying(thread);
    if (thread.ending !== null) this.#options.timers.cancel(thread.ending);
    this.#threads.delete(thread.threadId);
    subPool.threads.delete(thread);
    this.#track(subPool);
    if (subPool.threads.size === 0 && this.#subPools.size > 1) this.#subPools.delete(subPool);
    this.#options.listener.exited(thread, exitCode);
    if (!thread.wasReady) this.#failedStarts += 1;
    this.#healIfShort();
    this.#onExit?.();
    this.#onExit = null;
  }

  #markDying(thread: PoolThread): void {
    if (thread.state === 'idle') this.#idle.splice(this.#idle.indexOf(thread), 1);
    thread.state = 'dying';
    // Someone waits for its end.
    thread.worker.ref();
  }

  #healIfShort(): void {
    if (this.#isClosing || this.#healTimer !== null || this.#missingCount() === 0) return;
    if (this.#failedStarts > MAX_FAILED_STARTS && this.aliveCount === 0 && !this.#isDead) {
      this.#isDead = true;
      this.#options.listener.died(this.#lastFault);
    }
    const { timers, clock } = this.#options;
    const delayMs =
      this.#failedStarts === 0
        ? 0
        : Math.min(LONGEST_HEAL_DELAY_MS, FIRST_HEAL_DELAY_MS * 2 ** (this.#failedStarts - 1));
    this.#healTimer = timers.schedule(clock.now() + delayMs, () => {
      this.#healTimer = null;
      const missing = this.#missingCount();
      if (!this.#isClosing && missing > 0) this.#addSubPool(missing);
    });
  }

  #missingCount(): number {
    let present = 0;
    for (const { state, wasReady } of this.#threads.values()) {
      // Piscina replaces a thread that was ready when it exits; until then its place is not empty.
      if (state !== 'dying' || wasReady) present += 1;
    }
    return Math.max(0, this.#options.threads - present);
  }
}
