// Owns what the main thread does for threads: waits in the queue on their behalf, hands them what was granted, and takes
// back what they held when they have exited. Why apart from the guard: it alone knows rows, answers and settlements.
// Must never grant but through the queue, nor take anything back from a thread that may still run.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { AcquireWaits, WaitOptions } from './acquire-waits.ts';
import type { CapacityLedger } from './capacity-ledger.ts';
import type { CapacityNews } from './capacity-news.ts';
import type { PreparedRequest } from './capacity-request.ts';
import { type BlockedWait, OwnerAnswers } from './owner-answers.ts';
import type { OwnerReference, OwnerRows, ReclaimedUnits } from './owner-rows.ts';

/** How to wait on behalf of a thread. */
export interface ThreadWaitOptions extends WaitOptions {
  /**
   * The thread sleeps meanwhile: the answer goes into its row, under the ticket it drew. `refused` is called before that
   * with the reason, which must be where the thread finds it as soon as it wakes up. The thread keeps the time itself.
   */
  readonly blocked?: { readonly ticket: number; readonly refused: (reason: unknown) => void };
}

/** What came back from a thread that has exited. */
export interface ThreadReclaim {
  /** Amounts by resource id. */
  readonly resources: Readonly<Record<string, number>>;
  /** It died inside a ledger operation; what it held was found by counting what everybody else has, and is exact. */
  readonly interrupted: boolean;
  /** It died inside, and so did or does another thread: what it held comes back as soon as that is settled. */
  readonly pending: boolean;
}

/** What of the guard this needs. */
export interface ThreadGrantsParts {
  readonly ledger: CapacityLedger;
  readonly owners: OwnerRows;
  readonly waits: AcquireWaits;
  readonly news: CapacityNews;
  readonly clock: Clock;
  readonly timers: TimerService;
  /** Gives back units that nobody wants, and lets those who wait have them. */
  readonly giveBack: (request: PreparedRequest) => void;
  readonly scheduleRefills: (request: PreparedRequest) => void;
  /** Called when rows were given back: quotas are to be scheduled, and those who wait are to be tried. */
  readonly onReclaimed: () => void;
}

const FIRST_SETTLEMENT_MS = 1;
const LAST_SETTLEMENT_MS = 1_000;

export class ThreadGrants {
  readonly #parts: ThreadGrantsParts;
  readonly #answers: OwnerAnswers;
  #timer: TimerHandle | null = null;
  #isClosed = false;

  constructor(parts: ThreadGrantsParts) {
    this.#parts = parts;
    this.#answers = new OwnerAnswers(parts.ledger, parts.owners);
  }

  /** Waits until the request, which `prepare` checks, has been granted into the thread's row. */
  async acquire(
    threadId: number,
    prepare: () => PreparedRequest,
    options: ThreadWaitOptions,
  ): Promise<{ readonly resources: Record<string, number> }> {
    const { blocked, ...how } = options;
    const owner = this.#parts.owners.find(threadId);
    const wait = owner === null || blocked === undefined ? null : { owner, ticket: blocked.ticket };
    try {
      const request = prepare();
      if (owner === null) throw staleThread(threadId);
      if (wait !== null && !this.#answers.isWaiting(wait)) throw withdrawnWait(threadId);
      const waiting = { threadId, requesterId: null };
      return await this.#parts.waits.wait(request, how, waiting, () => this.#grant(request, owner, wait));
    } catch (error) {
      if (wait !== null && this.#answers.isWaiting(wait)) this.#refuse(wait, () => blocked?.refused(error));
      throw error;
    }
  }

  /** What an exited thread held comes back, exactly once. A second call gives nothing back. */
  exited(threadId: number): ThreadReclaim {
    const { owners, waits } = this.#parts;
    waits.failAll(staleThread(threadId), threadId);
    const reclaimed = owners.reclaim(threadId);
    const own = this.#tell(reclaimed).get(threadId);
    const pending = owners.isUnsettled(threadId);
    if (pending) this.#settleIn(FIRST_SETTLEMENT_MS);
    const interrupted = pending || reclaimed.some((one) => one.threadId === threadId && one.interrupted);
    // Also for nothing: a thread that died inside may have given back without waking anybody.
    this.#parts.onReclaimed();
    return { resources: own ?? {}, interrupted, pending };
  }

  /** Leaves no timer behind. What is pending is still settled when further threads exit. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) this.#parts.timers.cancel(this.#timer);
    this.#timer = null;
  }

  #grant(
    request: PreparedRequest,
    owner: OwnerReference,
    wait: BlockedWait | null,
  ): { readonly resources: Record<string, number> } {
    const { owners, news, scheduleRefills, giveBack } = this.#parts;
    const { indices, quotas } = request;
    const counting = request.units.map((units, i) => (quotas?.[i] === true ? 0 : units));
    const outcome =
      wait === null ? owners.grant(owner, indices, counting) : this.#answers.grant(wait, indices, counting);
    if (outcome !== 'granted') {
      scheduleRefills(request);
      giveBack(request);
      throw outcome === 'gone' ? staleThread(owner.threadId) : withdrawnWait(owner.threadId);
    }
    news.tell('resource.allocated', request, { threadId: owner.threadId });
    scheduleRefills(request);
    return { resources: news.amountsOf(request) };
  }

  // The thread must wake up whatever becomes of the reason.
  #refuse(wait: BlockedWait, sendReason: () => void): void {
    try {
      sendReason();
    } finally {
      this.#answers.refuse(wait);
    }
  }

  #tell(reclaimed: readonly ReclaimedUnits[]): Map<number, Record<string, number>> {
    return new Map(reclaimed.map(({ threadId, units }) => [threadId, this.#parts.news.reclaimed(threadId, units)]));
  }

  #settleIn(delayMs: number): void {
    const { clock, timers, owners, onReclaimed } = this.#parts;
    if (this.#isClosed) return;
    this.#timer ??= timers.schedule(clock.now() + delayMs, () => {
      this.#timer = null;
      this.#tell(owners.settle());
      onReclaimed();
      if (owners.isUnsettled()) this.#settleIn(Math.min(2 * delayMs, LAST_SETTLEMENT_MS));
    });
  }
}

function staleThread(threadId: number): RuntimeError {
  return new RuntimeError(
    'ALLOCATION_STALE',
    `thread ${threadId} holds no place in the ledger any more; what was meant for it was given back`,
    { details: { threadId } },
  );
}

function withdrawnWait(threadId: number): RuntimeError {
  return new RuntimeError(
    'RESOURCE_TIMEOUT',
    `thread ${threadId} does not wait for this any more; what was meant for it was given back`,
    { details: { threadId } },
  );
}
