// Owns the worker-pool actor's effects: starting the threads, telling the dispatcher about them, stopping them.
// The pool itself (Piscina) is src/workers'; this file knows only the port.

import { messageOf } from '../domain/runtime-error.ts';
import type { TaskExecutor } from '../domain/task-executor.ts';
import { workerPoolMachine } from '../machines/worker-pool-machine.ts';
import { Pool } from '../scheduling/ready-task.ts';
import type { Dispatcher } from './dispatcher.ts';

export type WorkerPoolLogic = typeof workerPoolMachine;

/** A pool of threads as the engine sees it. */
export interface ThreadPool extends TaskExecutor {
  /** Waits for what runs, at most `drainMs`, stops the rest, resolves when every thread has exited. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

export class WorkerPool<TPool extends ThreadPool> {
  readonly #startPool: () => Promise<TPool>;
  readonly #dispatcher: Dispatcher;
  #pool: TPool | undefined;
  /** The start under way; null when there is none. */
  #starting: Promise<void> | null = null;
  #drainMs = 0;

  constructor(startPool: () => Promise<TPool>, dispatcher: Dispatcher) {
    this.#startPool = startPool;
    this.#dispatcher = dispatcher;
  }

  /** The running pool; undefined before it has started and after it has stopped. */
  get pool(): TPool | undefined {
    return this.#pool;
  }

  /** How long `pool.stop` lets running attempts go on. */
  set drainMs(value: number) {
    this.#drainMs = value;
  }

  createLogic(): WorkerPoolLogic {
    return workerPoolMachine.provide({
      actions: {
        startThreads: ({ self }) => {
          this.#start().then(
            () => self.send({ type: 'pool.started' }),
            (error: unknown) => self.send({ type: 'pool.failed', reason: messageOf(error) }),
          );
        },
        stopThreads: ({ self }) => {
          const stopped = () => self.send({ type: 'pool.stopped' });
          this.stop().then(stopped, stopped);
        },
      },
    });
  }

  // Threads outlast a crash of their actor, those on their way too: what they run goes on under the next one.
  #start(): Promise<void> {
    this.#starting ??= this.#startOnce().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  async #startOnce(): Promise<void> {
    if (this.#pool !== undefined) return;
    const pool = await this.#startPool();
    this.#pool = pool;
    this.#dispatcher.setExecutor(Pool.THREADS, pool);
  }

  /** Ends the threads; resolves when all have exited. Harmless when there are none. */
  async stop(): Promise<void> {
    // Threads that are on their way would come up after the end, and nobody would end them.
    if (this.#starting !== null) await this.#starting.catch(() => {});
    const pool = this.#pool;
    if (pool === undefined) return;
    await pool.close({ drainMs: this.#drainMs });
    this.#pool = undefined;
    this.#dispatcher.setExecutor(Pool.THREADS, undefined);
  }
}
