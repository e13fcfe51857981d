// Owns one real thread on the bytes of a capacity guard, as tests start and end it: its line home is answered as in the
// pool, by a ThreadCorrespondent. What the thread is told and what becomes of what it held is the test's own.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { TaskPriority } from '../../src/domain/statuses.ts';
import type { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import { ThreadCorrespondent } from '../../src/workers/thread-correspondent.ts';
import type { ThreadHost } from '../../src/workers/thread-host.ts';

const TERMINATE_AGAIN_MS = 50;

/** The key of the one attempt that such a thread runs all its life. */
export const ATTEMPT_KEY = 1;

export class GuardedThread {
  readonly worker: Worker;
  readonly threadId: number;
  readonly correspondent: ThreadCorrespondent;
  /** Resolves when the thread is gone. */
  readonly exited: Promise<unknown>;
  /** With which it waits for capacity. */
  priority: TaskPriority = TaskPriority.NORMAL;
  readonly #guard: CapacityGuard;

  /** `start` gives the thread's data, of which its end of the line home is a part. */
  constructor(guard: CapacityGuard, fixture: URL, start: (home: MessagePort) => object) {
    this.#guard = guard;
    const { port1, port2 } = new MessageChannel();
    this.worker = new Worker(fixture, { workerData: start(port2), transferList: [port2] });
    this.threadId = this.worker.threadId;
    this.correspondent = new ThreadCorrespondent(this.threadId, port1, { sink: NOBODY, host: this.#host() });
    this.correspondent.begin(ATTEMPT_KEY);
    this.exited = exitOf(this.worker);
  }

  /** Ends it at whatever instruction. */
  terminate(): void {
    terminateUntil(this.exited, this.worker);
  }

  /** Ends it as the pool does: kept out of the ledger first. */
  async sealAndTerminate(): Promise<void> {
    // Busy for well under a microsecond; a thread that is preempted inside needs its turn first.
    while (this.#guard.sealThread(this.threadId) === 'busy') await nextTurn();
    this.terminate();
  }

  #host(): ThreadHost {
    return {
      threadStarted: ignore,
      threadExited: ignore,
      threadsDied: ignore,
      sealThread: (threadId) => this.#guard.sealThread(threadId),
      allocate: (threadId, request, options) =>
        this.#guard.acquireForThread(threadId, request, { ...options, priority: this.priority }),
    };
  }
}

/** Resolves when a thread is gone. Not `once` of node:events, which rejects when the thread fails first. */
export function exitOf(worker: Worker): Promise<unknown> {
  return new Promise((resolve) => worker.once('exit', resolve));
}

/** Again and again until it is gone: now and then a call has no effect on a thread that is just going to sleep. */
export function terminateUntil(exited: Promise<unknown>, worker: Worker): void {
  void worker.terminate();
  const repeat = setInterval(() => void worker.terminate(), TERMINATE_AGAIN_MS);
  void exited.finally(() => clearInterval(repeat));
}

function ignore(): void {}

const NOBODY = { settled: ignore, progress: ignore, log: ignore };
