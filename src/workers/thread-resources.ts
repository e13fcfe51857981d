// Owns `context.resources` of one attempt in a thread: taking at once goes straight to the shared ledger, waiting goes
// through the main thread, and whatever is left when the attempt ends is given back.

import { RuntimeError } from '../domain/runtime-error.ts';
import { deserializeError } from '../domain/serialized-error.ts';
import type { TaskResources } from '../domain/task-context.ts';
import type { HomeLine } from './home-line.ts';

/** What this needs of the ledger's share of a thread (src/resources/thread-capacity.ts). */
export interface CapacityShare {
  tryAllocate(request: Readonly<Record<string, number>>): string | null;
  release(allocationId: string): void;
  /** Names an allocation that the main thread has already counted for this thread. */
  adopt(request: Readonly<Record<string, number>>): string;
  /** Gives back everything the thread holds; how many allocations that were. */
  releaseEverything(): number;
}

export class ThreadResources implements TaskResources {
  readonly #share: CapacityShare | null;
  readonly #home: HomeLine;
  readonly #attemptKey: number;
  readonly #taskName: string;
  readonly #waiting = new Set<Promise<string>>();
  #ended = false;

  constructor(share: CapacityShare | null, home: HomeLine, attemptKey: number, taskName: string) {
    this.#share = share;
    this.#home = home;
    this.#attemptKey = attemptKey;
    this.#taskName = taskName;
  }

  tryAllocate(request: Readonly<Record<string, number>>): string | null {
    return this.#openShare().tryAllocate(request);
  }

  async allocate(
    request: Readonly<Record<string, number>>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<string> {
    const share = this.#openShare();
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
