// Owns the shape of a case on capacity and the few words in which cases speak. A case sees the adapter alone, never which
// face is under it, unless the face's own semantics make a difference; then it says which.

import { setTimeout as delay } from 'node:timers/promises';
import type { Amount, CycleReport } from '../support/resource-commands.ts';
import type { ResourceActor, ResourceAdapter } from '../support/resource-face.ts';

export interface ResourceCase {
  /** The number of the property. */
  readonly number: number;
  readonly title: string;
  /** Where our semantics say the same in other words, for the table. */
  readonly note?: string;
  /** Why it cannot run here: it is skipped then, visibly. */
  readonly missing?: string;
  readonly run: (adapter: ResourceAdapter) => Promise<void>;
}

/** So much of the resource `r`, or of another. */
export function of(amount: number, id = 'r'): readonly Amount[] {
  return [{ id, amount }];
}

/** One unit of each. */
export function oneOfEach(...ids: readonly string[]): readonly Amount[] {
  return ids.map((id) => ({ id, amount: 1 }));
}

/** Takes at once; fails the case when it cannot be had. */
export async function take(actor: Pick<ResourceActor, 'tryAcquire'>, amounts: readonly Amount[]): Promise<string> {
  const allocationId = await actor.tryAcquire(amounts);
  if (allocationId === null) throw new Error(`${JSON.stringify(amounts)} could not be had at once`);
  return allocationId;
}

/** Starts a wait and comes back when it stands in the line: `waiting` of the resource has become so many. */
export async function waitInLine(
  adapter: ResourceAdapter,
  start: () => Promise<string>,
  waiting: number,
  id = 'r',
): Promise<Wait> {
  const wait = new Wait(start());
  await Promise.race([adapter.until(id, { waiting }), wait.ended]);
  if (wait.state !== 'waiting') throw new Error(`it was to wait and is ${wait.state}: ${String(wait.error)}`);
  return wait;
}

/** Someone who waits, seen from outside. */
export class Wait {
  state: 'waiting' | 'granted' | 'refused' = 'waiting';
  error: unknown = null;
  /** Resolves with the allocation's id. */
  readonly granted: Promise<string>;
  /** Resolves when it waits no more, whatever came of it. */
  readonly ended: Promise<void>;

  constructor(granted: Promise<string>) {
    this.granted = granted;
    this.ended = granted.then(
      () => {
        this.state = 'granted';
      },
      (error: unknown) => {
        this.state = 'refused';
        this.error = error;
      },
    );
  }
}

/** Sums of several cycles. */
export function sumOf(reports: readonly CycleReport[]): Omit<CycleReport, 'stoppedBy'> {
  const sum = (key: 'granted' | 'refused' | 'timedOut') => reports.reduce((total, report) => total + report[key], 0);
  return { granted: sum('granted'), refused: sum('refused'), timedOut: sum('timedOut') };
}

/** Rejects when a promise is not settled within the time: a hang must fail, and say where. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  const abort = new AbortController();
  const late = delay(milliseconds, undefined, { signal: abort.signal }).then(
    () => Promise.reject(new Error(`${what} has not ended within ${milliseconds} ms`)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    abort.abort();
  }
}
