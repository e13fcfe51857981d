// Owns the stage of the worker pool: one real thread of the real executor, which ends, is replaced or does not come up any
// more, joined to the actor the way the engine joins them.

import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Actor, createActor, type EventObject } from 'xstate';
import { WorkerPool, type WorkerPoolLogic } from '../../src/actors/worker-pool.ts';
import type { ThreadExecutor } from '../../src/workers/thread-executor.ts';
import { RuntimeHarness } from '../actors/runtime-harness.ts';
import { ThreadHarness } from '../workers/executor-harness.ts';
import type { LiveCase, Stage, TransitionWatch } from './live-walk.ts';
import { workerPoolCase } from './machine-catalogue.ts';
import type { TransitionPath } from './machine-walk.ts';

/** Ends the thread that runs it while the variable below names a file. */
const FLAKY_ENTRY = fileURLToPath(new URL('../workers/fixtures/flaky-entry.ts', import.meta.url));
const BROKEN = 'YARDMASTER_TEST_BROKEN';

class PoolStage implements Stage {
  readonly actor: Actor<WorkerPoolLogic>;
  readonly #watch: TransitionWatch;
  readonly #events: readonly EventObject[];
  readonly #dispatcher = new RuntimeHarness().dispatcher;
  readonly #pool: WorkerPool<ThreadExecutor>;
  readonly #threadIds = new Set<number>();
  #threads: ThreadHarness | undefined;
  #starting: Promise<unknown> = Promise.resolve();

  constructor({ events }: TransitionPath, watch: TransitionWatch) {
    this.#watch = watch;
    this.#events = events;
    setBroken(events[0]?.type === 'pool.failed');
    this.#pool = new WorkerPool(() => this.#start(), this.#dispatcher);
    this.actor = createActor(this.#pool.createLogic());
    watch.follow(this.actor);
    this.actor.start();
  }

  cause(event: EventObject): void | Promise<void> {
    const next = this.#watch.taken.length + 1;
    switch (event.type) {
      case 'pool.stop':
        this.actor.send({ type: 'pool.stop' });
        return;
      case 'pool.thread-exited':
        // The thread in its place is on its way at once, and must not come up where the path says so.
        setBroken(this.#events[next]?.type === 'pool.died');
        this.#endThread();
        return this.#watch.until(next);
      case 'pool.complete':
        setBroken(false);
        return this.#watch.until(next);
      default:
        return this.#watch.until(next);
    }
  }

  async judge(state: string): Promise<void> {
    const health = this.#pool.pool?.health();
    if (state === 'ready') expect(health).toMatchObject({ alive: 1, wanted: 1, dead: false });
    if (state === 'dead') expect(health?.alive ?? 0).toBe(0);
    if (state === 'stopping') expect(this.#pool.pool?.freeSlots() ?? 0).toBe(0);
    if (state !== 'stopped') return;
    expect(this.#pool.pool).toBeUndefined();
    expect([...this.#threadIds]).toEqual([]);
  }

  async finish(): Promise<void> {
    setBroken(false);
    if (this.actor.getSnapshot().status === 'active') this.actor.send({ type: 'pool.stop' });
    while (this.actor.getSnapshot().status === 'active') await this.#watch.until(this.#watch.taken.length + 1);
    await this.#starting.catch(() => {});
    const left = this.#pool.pool;
    await this.#threads?.[Symbol.asyncDispose]();
    // What came up after it had been stopped was asked for by nobody.
    expect(left).toBeUndefined();
    expect([...this.#threadIds]).toEqual([]);
  }

  #endThread(): void {
    const threads = this.#threads;
    if (threads === undefined) throw new Error('no thread has started');
    threads.executor.stop(threads.begin('behaviour.spin'), 0);
  }

  async #start(): Promise<ThreadExecutor> {
    const starting = ThreadHarness.start({ entryFile: FLAKY_ENTRY, host: this.#host() });
    this.#starting = starting;
    this.#threads = await starting;
    return this.#threads.executor;
  }

  /** As the engine does it. */
  #host() {
    return {
      threadStarted: (threadId: number) => {
        this.#threadIds.add(threadId);
        const health = this.#pool.pool?.health();
        if (health !== undefined && health.alive >= health.wanted) this.actor.send({ type: 'pool.complete' });
      },
      threadExited: (threadId: number) => {
        this.#threadIds.delete(threadId);
        this.actor.send({ type: 'pool.thread-exited' });
      },
      threadsDied: (reason: string) => this.actor.send({ type: 'pool.died', reason }),
      sealThread: () => 'absent' as const,
      allocate: () => Promise.reject(new Error('no capacity here')),
    };
  }
}

function setBroken(isBroken: boolean): void {
  if (isBroken) process.env[BROKEN] = FLAKY_ENTRY;
  else delete process.env[BROKEN];
}

export const POOL_REFUSALS = {
  unheard: 'the exits that lead to it are told before a pool is told to be dead, so it is short by then',
  failed: 'a pool that failed to start has no threads that could come up later',
} as const;

export const liveWorkerPool: LiveCase = {
  name: 'worker-pool',
  machine: workerPoolCase,
  build: (path, watch) => new PoolStage(path, watch),
  further: [
    [],
    ['pool.complete'],
    ['pool.complete', 'pool.thread-exited'],
    ['pool.stop'],
    ['pool.stop', 'pool.stopped'],
  ].map((end) => ['pool.started', 'pool.thread-exited', 'pool.died', ...end]),
  refusal: ({ events, states }) => {
    if (events.some(({ type }, step) => type === 'pool.died' && states[step] === 'ready')) return POOL_REFUSALS.unheard;
    const hasFailed = events[0]?.type === 'pool.failed';
    if (hasFailed && events[1]?.type === 'pool.complete') return POOL_REFUSALS.failed;
    return null;
  },
};
