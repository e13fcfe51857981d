// Owns how a thread waits for capacity with its event loop standing still: asks the main thread, sleeps on the answer word
// of its own row, and settles with the main thread who was first when its time is over. Rules: owner-answers.ts.
// Must never hold anything while it sleeps, and never come back without one end of the wait: granted, refused, timed out.

import type { CapacityRequest } from './capacity-request.ts';
import type { LedgerOwner } from './ledger-owner.ts';

/** The thread's way to the main thread; none of it may need the thread's event loop. */
export interface WaitLine {
  /** Asks for a grant; the answer comes into the thread's row (`CapacityGuard.acquireForThread` with the ticket). */
  ask(ticket: number, request: CapacityRequest): void;
  /** Tells that nobody waits for this ticket any more. */
  withdraw(ticket: number): void;
  /** Why a ticket was refused; it is there when the answer word says so. */
  refusalOf(ticket: number): Error;
  /** Called between two sleeps, at least every `awakeEveryMs`. */
  stillWaiting?(): void;
}

/** How long to wait, and how to know it. */
export interface BlockingOptions {
  /** Longest wait; absent waits without end. */
  readonly timeoutMs?: number;
  /** Longest sleep at a stretch; default no limit. No wake-up is lost without one: it is for `stillWaiting`. */
  readonly awakeEveryMs?: number;
  /** Never goes back. */
  readonly monotonicMs: () => number;
}

/** Blocks until the main thread has granted the request to this thread, or the time is over; throws a refusal. */
export function waitForGrant(
  owner: LedgerOwner,
  request: CapacityRequest,
  line: WaitLine,
  options: BlockingOptions,
): 'granted' | 'timed-out' {
  const { monotonicMs, timeoutMs = Number.POSITIVE_INFINITY, awakeEveryMs = Number.POSITIVE_INFINITY } = options;
  const endMs = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : monotonicMs() + timeoutMs;
  const ticket = owner.beginWait();
  line.ask(ticket, request);
  for (;;) {
    let answer: ReturnType<LedgerOwner['answer']> | 'withdrawn' = owner.answer();
    if (answer === 'waiting') {
      // Without a limit no clock is read: the answer alone ends the wait.
      const leftMs = endMs === Number.POSITIVE_INFINITY ? endMs : endMs - monotonicMs();
      if (leftMs > 0) {
        owner.sleep(Math.min(leftMs, awakeEveryMs));
        line.stillWaiting?.();
        continue;
      }
      answer = owner.withdraw();
    }
    switch (answer) {
      case 'granted':
        return 'granted';
      case 'refused':
        throw line.refusalOf(ticket);
      case 'withdrawn':
        line.withdraw(ticket);
        return 'timed-out';
    }
  }
}
