// Owns the main thread of a scenario: the real guard with everything behind it, on a clock, timers and an event loop of
// the explorer. The promises it gives are not awaited (nothing is asynchronous in a model); grants are heard as the
// guard's own events, at the moment at which the units have been taken.

import type { EventSink } from '../../../../src/domain/events.ts';
import type { AllocationId } from '../../../../src/domain/ids.ts';
import { CapacityGuard } from '../../../../src/resources/capacity-guard.ts';
import { CapacityLedger } from '../../../../src/resources/capacity-ledger.ts';
import type { CapacityRequest } from '../../../../src/resources/capacity-request.ts';
import { Header, OwnerWord, ownerBase } from '../../../../src/resources/ledger-layout.ts';
import type { ModelContext } from '../model-context.ts';
import type { Message } from '../operations.ts';
import { ModelSignal } from './model-signal.ts';
import { requestOf } from './units.ts';

export interface ResourceSetup {
  readonly capacity: number;
  readonly refillPeriodMs?: number;
}

/** Enough for both ends of a count: it comes to its end, or it is put off. */
const COUNT_TRIES = 1;
/** Rows that scenarios use at most. */
export const ROWS: readonly number[] = [0, 1, 2, 3];

export class GuardHost {
  readonly guard: CapacityGuard;
  readonly #context: ModelContext;
  readonly #granted = new Set<string>();
  readonly #signals = new Map<string, ModelSignal>();
  readonly #held: number[] = [];
  readonly #quotas = new Set<number>();
  readonly #gone = new Set<number>();
  readonly #ended = new Set<number>();
  readonly #asked = new Set<number>();

  /**
   * Registers `r0`, `r1`, … with the given capacities. `raised`: with all of it once in use already, so that no take of
   * the scenario raises a peak, which others then cannot observe.
   */
  constructor(context: ModelContext, resources: readonly ResourceSetup[], raised = false) {
    this.#context = context;
    const ledger = CapacityLedger.attach(context.buffer, context.atomics);
    let issued = 0;
    const ids = {
      allocationId: () => {
        issued += 1;
        return `a${issued}` as AllocationId;
      },
    };
    this.guard = new CapacityGuard({
      ledger,
      clock: context,
      timers: context,
      ids,
      events: this.#events(),
      countTries: COUNT_TRIES,
    });
    for (const [index, { capacity, refillPeriodMs }] of resources.entries()) {
      if (refillPeriodMs !== undefined) this.#quotas.add(index);
      const quota = refillPeriodMs === undefined ? {} : { refill: { periodMs: refillPeriodMs } };
      this.guard.register(`r${index}`, 'custom', capacity, quota);
    }
    if (raised) this.#raisePeaks(resources);
  }

  #raisePeaks(resources: readonly ResourceSetup[]): void {
    const all = this.guard.prepare(requestOf(resources.map(({ capacity }) => capacity)));
    this.guard.tryGrant(all);
    this.guard.giveBack(all);
  }

  /** Asks, and waits if need be. */
  acquire(name: string, request: CapacityRequest, options: { readonly timeoutMs?: number } = {}): void {
    const signal = new ModelSignal();
    this.#signals.set(name, signal);
    ignore(this.guard.acquire(request, { ...options, signal, requesterId: name }));
  }

  cancel(name: string): void {
    this.#signals.get(name)?.abort(new Error('cancelled'));
  }

  hasGranted(name: string): boolean {
    return this.#granted.has(name);
  }

  /** Gives back what a wait was granted. */
  release(name: string): void {
    this.guard.releaseAll(name);
  }

  /** Runs the event loop until a wait has been granted, and gives back at once. */
  async giveBackOnceGranted(name: string): Promise<void> {
    await this.runUntil(() => this.hasGranted(name));
    this.release(name);
  }

  /** Runs the event loop until something is so. */
  async runUntil(isSo: () => boolean): Promise<void> {
    await this.#context.microtasks();
    while (!isSo()) await this.turn();
  }

  /**
   * Runs the event loop until these threads have exited and what they held is back. Only for a main thread that has
   * nothing else to do: then it does not matter how often it counted in vain, only who is gone and who is settled.
   */
  async runUntilSettled(threadIds: readonly number[]): Promise<void> {
    for (;;) {
      const settled = threadIds.filter((threadId) => this.isSettled(threadId));
      if (settled.length === threadIds.length) return;
      this.#context.settle(`gone ${[...this.#gone].sort()} settled ${settled} fired ${this.#context.fired}`);
      await this.turn();
    }
  }

  /** One turn of the event loop. */
  async turn(): Promise<void> {
    const message = this.#context.turn();
    if (message !== null) this.#take(message);
    await this.#context.microtasks();
  }

  /** Whether a thread has asked to be answered in its sleep. */
  hasAsked(threadId: number): boolean {
    return this.#asked.has(threadId);
  }

  /** Whether a thread has said that it is done. */
  hasEnded(threadId: number): boolean {
    return this.#ended.has(threadId);
  }

  /** Whether a thread has exited and what it held is back; then nothing more of it comes back. */
  isSettled(threadId: number): boolean {
    const rows = ROWS.map((slot) => this.#context.load(ownerBase(slot) + OwnerWord.THREAD_ID));
    if (!this.#gone.has(threadId) || rows.includes(threadId)) return false;
    const { resources } = this.guard.threadExited(threadId);
    this.#context.demand(Object.keys(resources).length === 0, `thread ${threadId} was given back twice`);
    return true;
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'exit':
        this.#exited(message.threadId);
        return;
      case 'ended':
        this.#ended.add(message.threadId);
        return;
      case 'ask': {
        const { threadId, ticket, units } = message;
        const key = `${threadId}.${ticket}`;
        this.#asked.add(threadId);
        const blocked = { ticket, refused: () => tellReason(this.#context, threadId, ticket) };
        const signal = new ModelSignal();
        this.#signals.set(key, signal);
        ignore(this.guard.acquireForThread(threadId, requestOf(units), { signal, blocked }));
        return;
      }
      case 'withdraw':
        this.cancel(`${message.threadId}.${message.ticket}`);
        return;
      default:
        message satisfies never;
    }
  }

  #exited(threadId: number): void {
    this.guard.threadExited(threadId);
    this.#gone.add(threadId);
  }

  #events(): EventSink {
    return {
      wants: (type) => type === 'resource.allocated' || type === 'resource.released',
      emit: (type, { resourceId }, data = {}) => {
        if (data.threadId !== undefined) return;
        const index = Number(String(resourceId).slice(1));
        if (type === 'resource.allocated') this.#granted.add(String(data.requesterId));
        // A quota is not held: it comes back by itself.
        if (this.#quotas.has(index)) return;
        const change = Number(data.amount) * (type === 'resource.allocated' ? 1 : -1);
        this.#held[index] = (this.#held[index] ?? 0) + change;
        this.#context.holds(index, this.#held[index] ?? 0);
      },
    };
  }
}

/** What the error of a refused blocking wait says. */
export const REFUSED = 'refused';
// Reasons of refusals go to a thread by message; here a word that the ledger leaves unused stands for the thread's mailbox.
const REASONS = Header.WAKE + 8;

function tellReason(context: ModelContext, threadId: number, ticket: number): void {
  context.atomics.store(new Int32Array(context.buffer), REASONS + threadId, ticket);
}

/** The reason why a blocking wait was refused; it must be there. */
export function refusalOf(context: ModelContext, ticket: number): Error {
  const told = context.load(REASONS + context.threadId);
  context.demand(told === ticket, 'a thread was woken by a refusal before its reason was there');
  return new Error(REFUSED);
}

/** A promise whose end shows elsewhere. */
function ignore(promise: Promise<unknown>): void {
  promise.then(
    () => {},
    () => {},
  );
}
