// Owns `context.resources` of one attempt in a thread: taking at once goes straight to the shared ledger, waiting goes
// through the main thread, and whatever is left when the attempt ends is given back. A blocking wait works while the
// event loop stands still: its question is posted, and the answer comes through the ledger.

import { RuntimeError } from '../domain/runtime-error.ts';
import { deserializeError } from '../domain/serialized-error.ts';
import type { TaskResources } from '../domain/task-context.ts';
import { requireTimeout } from '../resources/capacity-request.ts';
import type { BlockingOptions, WaitLine } from '../resources/thread-waiting.ts';
import type { HomeLine } from './home-line.ts';

/** How often a body that blocks for capacity is said to be alive. */
const BEAT_EVERY_MS = 25;

/** What this needs of the ledger's share of a thread (src/resources/thread-capacity.ts). */
export interface CapacityShare {
  tryAllocate(request: Readonly<Record<string, number>>): string | null;
  release(allocationId: string): void;
  /** Blocks the thread until it is its turn. */
  allocateSync(request: Readonly<Record<string, number>>, line: WaitLine, options: BlockingOptions): string;
  /** Names an allocation that the main thread has already counted for this thread. */
  adopt(request: Readonly<Record<string, number>>): string;
  /** Gives back everything the thread holds; how many allocations that were. */
  releaseEverything(): number;
}

/** What a wait for capacity has to do with the rest of its attempt. */
export interface WaitDuties {
  /** Whether the attempt was asked to stop: it begins no wait any more, even for what is free. */
  readonly isCancelled?: () => boolean;
  /** Sends what the body has said: its timers will not. */
  readonly speakOut?: () => void;
  /** Says that the body is alive. */
  readonly beat?: () => void;
}

export class ThreadResources implements TaskResources {
  readonly #share: CapacityShare | null;
  readonly #home: HomeLine;
  readonly #attemptKey: number;
  readonly #taskName: string;
  readonly #duties: WaitDuties;
  readonly #waiting = new Set<Promise<string>>();
  #ended = false;

  constructor(
    share: CapacityShare | null,
    home: HomeLine,
    attemptKey: number,
    taskName: string,
    duties: WaitDuties = {},
  ) {
    this.#share = share;
    this.#home = home;
    this.#attemptKey = attemptKey;
    this.#taskName = taskName;
    this.#duties = duties;
  }

  tryAllocate(request: Readonly<Record<string, number>>): string | null {
    return this.#openShare().tryAllocate(request);
  }

  async allocate(
    request: Readonly<Record<string, number>>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<string> {
    const share = this.#openShareFor(options.timeoutMs);
    const atOnce = share.tryAllocate(request);
    if (atOnce !== null) return atOnce;
    const waiting = this.#wait(share, { ...request }, options.timeoutMs ?? null);
    this.#waiting.add(waiting);
    try {
      return await waiting;
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  allocateSync(request: Readonly<Record<string, number>>, options: { readonly timeoutMs?: number } = {}): string {
    const home = this.#home;
    const attemptKey = this.#attemptKey;
    const { speakOut, beat } = this.#duties;
    const line: WaitLine = {
      ask: (ticket) => {
        speakOut?.();
        home.allocateBlocked(attemptKey, ticket, { ...request });
      },
      withdraw: (ticket) => home.withdrawBlocked(ticket),
      refusalOf: (ticket) => home.refusalOf(ticket),
      stillWaiting: () => beat?.(),
    };
    const { timeoutMs } = options;
    return this.#openShareFor(timeoutMs).allocateSync(request, line, {
      awakeEveryMs: BEAT_EVERY_MS,
      monotonicMs,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  release(allocationId: string): void {
    this.#openShare().release(allocationId);
  }

  /** Ends all waiting and gives back what is left; resolves with the number of left-over allocations. */
  async end(): Promise<number> {
    this.#ended = true;
    if (this.#share === null) return 0;
    if (this.#waiting.size > 0) {
      // A grant may already be under way; only its answer tells whether the ledger counts it.
      this.#home.abandonAllocations(this.#attemptKey);
      await Promise.allSettled(this.#waiting);
    }
    return this.#share.releaseEverything();
  }

  async #wait(
    share: CapacityShare,
    request: Readonly<Record<string, number>>,
    timeoutMs: number | null,
  ): Promise<string> {
    const answer = await this.#home.allocate(this.#attemptKey, request, timeoutMs);
    if (!answer.granted) throw deserializeError(answer.error);
    return share.adopt(request);
  }

  /** The share for somebody who is ready to wait. */
  #openShareFor(timeoutMs: number | undefined): CapacityShare {
    const share = this.#openShare();
    requireTimeout(timeoutMs);
    if (this.#duties.isCancelled?.() === true) {
      throw new RuntimeError('TASK_CANCELLED', `task '${this.#taskName}' was asked to stop and gets no capacity`);
    }
    return share;
  }

  #openShare(): CapacityShare {
    if (this.#ended) {
      throw new RuntimeError('RESOURCE_CLOSED', `task '${this.#taskName}' has ended and can take no capacity any more`);
    }
    if (this.#share === null) {
      throw new RuntimeError('RESOURCE_CLOSED', `task '${this.#taskName}': its engine has no capacity ledger`);
    }
    return this.#share;
  }
}

function monotonicMs(): number {
  return performance.now();
}
