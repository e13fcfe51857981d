// Owns the way of one task's statechart as its actors tell it, entry by entry, after what the record told before. Bounded:
// of a longer way the last steps are kept, and the others counted.

import type { ActorTraceEntry } from '../inspect/trace-entries.ts';
import { MOST_STEPS, type StatechartPath } from './statechart-path.ts';
import type { PathStep } from './wire.ts';

/** What XState does by itself begins so. */
const INTERNAL = 'xstate.';

export class ActorPath implements StatechartPath {
  readonly steps: PathStep[];
  omitted: number;

  constructor(before: StatechartPath = { steps: [], omitted: 0 }) {
    this.steps = [...before.steps];
    this.omitted = before.omitted;
  }

  /** The state of its newest actor; null = none has come to life. */
  get current(): string | null {
    return this.steps.at(-1)?.state ?? null;
  }

  /** Takes in an entry about an actor of the task; `atMs`: its time on the clock. False: it was no step. */
  take(entry: ActorTraceEntry, atMs: number): boolean {
    const at = Math.round(atMs);
    if (entry.kind !== 'actor' && entry.kind !== 'snapshot') return false;
    const state = entry.snapshot.value;
    if (typeof state !== 'string') return false;
    if (entry.kind === 'actor') return this.#begin(state, entry.late, at);
    if (entry.event.startsWith(INTERNAL) && state === this.current) return false;
    return this.#add({ at, event: entry.event, state });
  }

  #begin(state: string, isLate: boolean, at: number): boolean {
    if (!isLate) return this.#add({ at, event: null, state });
    if (state === this.current) return false;
    // The record knows nothing of the end of a wait.
    const isDue = this.current === 'retrying' && state === 'ready';
    return this.#add({ at, event: isDue ? 'task.retry-due' : null, state });
  }

  #add(step: PathStep): boolean {
    this.steps.push(step);
    if (this.steps.length > MOST_STEPS) {
      this.steps.shift();
      this.omitted++;
    }
    return true;
  }
}
