// Owns the promises of those who wait for capacity: time-out, abort signal, bound on their number, and the end of all.
// Why apart from the queue: the queue decides who is next, this knows why someone stops waiting.
// Each wait settles once; whatever ends it first also takes back its timer, its listener and its place in the queue.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { TaskPriority } from '../domain/statuses.ts';
import type { CapacityQueue, Waiter } from './capacity-queue.ts';
import { type PreparedRequest, requireTimeout, timedOut } from './capacity-request.ts';
import { PRIORITY_LEVELS } from './wait-lists.ts';

/** How to wait. */
export interface WaitOptions {
  /** Longest wait; 0 tries once; absent waits without end. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Default normal. Strict: a steady stream of higher priority starves lower ones. */
  readonly priority?: TaskPriority;
}

/** On whose behalf: a thread, or a requester of the main thread. */
export interface WaitOwner {
  readonly threadId: number | null;
  readonly requesterId: string | null;
}

/** Someone who waits, as others may see it. */
export interface AcquireWait extends WaitOwner {
  readonly request: PreparedRequest;
  /** Its place in the queue. */
  readonly waiter: Pick<Waiter, 'sequence' | 'priority' | 'parkedAt'>;
  /** When it began to wait (epoch milliseconds). */
  readonly sinceMs: number;
  /** Ends it: who waits gets the reason as an error. */
  readonly fail: (reason: unknown) => void;
}

export class AcquireWaits {
  readonly #queue: CapacityQueue;
  readonly #clock: Clock;
  readonly #timers: TimerService;
  readonly #limit: number;
  readonly #waits = new Set<AcquireWait>();
  /** Called when someone begins to wait. */
  onWaiting: () => void = () => {};

  constructor(queue: CapacityQueue, clock: Clock, timers: TimerService, limit: number) {
    this.#queue = queue;
    this.#clock = clock;
    this.#timers = timers;
    this.#limit = limit;
  }

  has(wait: AcquireWait): boolean {
    return this.#waits.has(wait);
  }

  /** Those who wait, in the order of their coming. */
  all(): IterableIterator<AcquireWait> {
    return this.#waits.values();
  }

  /** How many wait. */
  get size(): number {
    return this.#waits.size;
  }

  /**
   * Waits until the request is granted. `grant` turns the taken units into the result; it gives them back itself if it
   * throws.
   * @throws RuntimeError ARGUMENT_INVALID, RESOURCE_TIMEOUT, RESOURCE_LIMIT, or the signal's reason.
   */
  wait<T>(request: PreparedRequest, options: WaitOptions, owner: WaitOwner, grant: () => T): Promise<T> {
    const { timeoutMs, signal } = options;
    const priority = priorityOf(options);
    requireTimeout(timeoutMs);
    signal?.throwIfAborted();
    return new Promise<T>((resolve, reject) => {
      let disarm: (() => void) | null = null;
      const end = (): void => {
        this.#waits.delete(wait);
        disarm?.();
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => wait.fail(signal?.reason);
      const waiter: Waiter = this.#queue.createWaiter(request, priority, () => {
        end();
        try {
          resolve(grant());
        } catch (error) {
          reject(error);
        }
      });
      const wait: AcquireWait = {
        ...owner,
        request,
        waiter,
        sinceMs: this.#clock.now(),
        fail: (reason) => {
          end();
          this.#queue.cancel(waiter);
          reject(reason);
        },
      };
      if (this.#queue.tryFirst(waiter) === 'granted') {
        waiter.granted();
        return;
      }
      if (timeoutMs === 0) return reject(timedOut(request, timeoutMs));
      if (this.#waits.size >= this.#limit) return reject(this.#tooMany());
      this.#waits.add(wait);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
        disarm = this.#failAfter(timeoutMs, wait);
      }
      this.#queue.park(waiter);
      if (this.#waits.has(wait)) this.onWaiting();
    });
  }

  /** Ends a wait at its limit, never before; gives what takes that back. */
  #failAfter(timeoutMs: number, wait: AcquireWait): () => void {
    const endMs = this.#clock.monotonicMs() + timeoutMs;
    const arm = (leftMs: number): TimerHandle =>
      this.#timers.schedule(this.#clock.now() + leftMs, () => {
        // The wall clock shows whole milliseconds and may be set: by it alone a wait could end before its limit.
        const stillMs = endMs - this.#clock.monotonicMs();
        if (stillMs > 0) timer = arm(stillMs);
        else wait.fail(timedOut(wait.request, timeoutMs));
      });
    let timer = arm(timeoutMs);
    return () => this.#timers.cancel(timer);
  }

  /** Ends all waits, or those of one thread. */
  failAll(reason: unknown, threadId: number | null = null): void {
    for (const wait of [...this.#waits]) if (threadId === null || wait.threadId === threadId) wait.fail(reason);
  }

  #tooMany(): RuntimeError {
    return new RuntimeError(
      'RESOURCE_LIMIT',
      `${this.#limit} requests wait for capacity already, and that is the limit; wait for some to end, or raise maxWaiters`,
      { details: { limit: this.#limit } },
    );
  }
}

function priorityOf(options: WaitOptions): number {
  const priority: number = options.priority ?? TaskPriority.NORMAL;
  if (Number.isInteger(priority) && priority >= 0 && priority < PRIORITY_LEVELS) return priority;
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `priority ${String(priority)} is not valid; give 0 (critical) to ${PRIORITY_LEVELS - 1} (background)`,
  );
}
