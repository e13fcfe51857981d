// Owns the virtual clock and timers of the capacity tests: time moves only when a test says so.

import type { Clock, TimerHandle, TimerService } from '../../src/domain/clock.ts';
import type { EventSubject, RuntimeEventType } from '../../src/domain/events.ts';
import type { AllocationId } from '../../src/domain/ids.ts';
import { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import type { CapacityLedger } from '../../src/resources/capacity-ledger.ts';

interface VirtualTimer extends TimerHandle {
  readonly order: number;
  readonly callback: () => void;
}

export class VirtualTime implements Clock, TimerService {
  #nowMs = 1_000_000;
  #order = 0;
  readonly #pending = new Set<VirtualTimer>();

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(atMs: number, callback: () => void): TimerHandle {
    this.#order += 1;
    const timer: VirtualTimer = { atMs, order: this.#order, callback };
    this.#pending.add(timer);
    return timer;
  }

  cancel(handle: TimerHandle): void {
    for (const timer of this.#pending) if (timer === handle) this.#pending.delete(timer);
  }

  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Moves time on, firing what falls due in order. */
  advance(byMs: number): void {
    const end = this.#nowMs + byMs;
    for (;;) {
      const due = [...this.#pending].filter((timer) => timer.atMs <= end);
      due.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = due[0];
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = end;
  }
}

export interface RecordedEvent {
  readonly type: RuntimeEventType;
  readonly subject: EventSubject;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A guard in virtual time, with every event it told. */
export function createTestGuard(options: { readonly maxWaiters?: number; readonly ledger?: CapacityLedger } = {}) {
  const time = new VirtualTime();
  const events: RecordedEvent[] = [];
  let made = 0;
  const guard = new CapacityGuard({
    clock: time,
    timers: time,
    ids: { allocationId: () => `allocation-${++made}` as AllocationId },
    events: {
      wants: () => true,
      emit: (type, subject, data = {}) => {
        events.push({ type, subject, data });
      },
    },
    ...options,
  });
  return { guard, time, events };
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** Follows a promise without waiting for it. */
export function follow<T>(promise: Promise<T>): {
  state: 'waiting' | 'granted' | 'refused';
  value: T | undefined;
  error: unknown;
} {
  const followed: { state: 'waiting' | 'granted' | 'refused'; value: T | undefined; error: unknown } = {
    state: 'waiting',
    value: undefined,
    error: undefined,
  };
  promise.then(
    (value) => {
      followed.state = 'granted';
      followed.value = value;
    },
    (error: unknown) => {
      followed.state = 'refused';
      followed.error = error;
    },
  );
  return followed;
}

/** The code of what a function throws. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  return 'nothing thrown';
}
