// Owns which tasks of a run are pending, ready, ended; a task's readiness is decided here and nowhere else.
// Typed rows only: work per ended task is O(its outgoing edges). Knows nothing of attempts, threads or outputs.

import { invariant } from '../domain/runtime-error.ts';
import { TaskStatus } from '../domain/statuses.ts';

/** The part of a task graph that readiness needs: compressed sparse rows of the edges in both directions. */
export interface DependencyRows {
  readonly size: number;
  readonly dependencyOffsets: Int32Array;
  readonly dependencies: Int32Array;
  readonly dependentOffsets: Int32Array;
  readonly dependents: Int32Array;
}

/** How a task ended, as its dependents see it. */
export type TaskEnd = 'completed' | 'failed' | 'cancelled' | 'skipped';

const STATUS_OF = [
  TaskStatus.PENDING,
  TaskStatus.READY,
  TaskStatus.COMPLETED,
  TaskStatus.FAILED,
  TaskStatus.CANCELLED,
  TaskStatus.SKIPPED,
] as const;
const PENDING = 0;
const ACTIVE = 1;
const CODE_OF = { completed: 2, failed: 3, cancelled: 4, skipped: 5 } as const satisfies Record<TaskEnd, number>;

export class RunFrontier {
  readonly #rows: DependencyRows;
  readonly #remaining: Int32Array;
  readonly #states: Uint8Array;
  /** For a skipped task the direct dependency because of which it was skipped; -1 otherwise. */
  readonly #causes: Int32Array;
  readonly #counts = new Int32Array(STATUS_OF.length);

  constructor(rows: DependencyRows) {
    this.#rows = rows;
    this.#states = new Uint8Array(rows.size);
    this.#remaining = new Int32Array(rows.size);
    this.#causes = new Int32Array(rows.size).fill(-1);
    for (let task = 0; task < rows.size; task++) {
      this.#remaining[task] = (rows.dependencyOffsets[task + 1] ?? 0) - (rows.dependencyOffsets[task] ?? 0);
    }
    this.#counts[PENDING] = rows.size;
  }

  /** Tasks without dependencies, in file order; they count as active from now on. */
  start(): number[] {
    const ready: number[] = [];
    for (let task = 0; task < this.#rows.size; task++) {
      if (this.#remaining[task] === 0 && this.#states[task] === PENDING) {
        this.#move(task, ACTIVE);
        ready.push(task);
      }
    }
    return ready;
  }

  /**
   * A task has ended. Appends the dependents that became ready to `ready` and, after a bad end, all pending ones
   * behind it to `skipped` (at once, whatever else they wait for).
   */
  end(task: number, how: TaskEnd, ready: number[], skipped: number[]): void {
    const state = this.#states[task];
    invariant(state === ACTIVE || state === PENDING, `task ${task} ends once`);
    this.#move(task, CODE_OF[how]);
    if (how === 'completed') this.#release(task, ready);
    else this.#skipBehind(task, skipped);
  }

  /** Takes over ends of an earlier life, all at once: none is taken for a consequence of another. */
  restore(ends: ReadonlyMap<number, TaskEnd>, ready: number[], skipped: number[]): void {
    for (const [task, how] of ends) this.#move(task, CODE_OF[how]);
    for (const [task, how] of ends) {
      if (how === 'completed') this.#release(task, ready);
      else this.#skipBehind(task, skipped);
    }
  }

  /** Ends every pending task as cancelled and gives their numbers; ready ones are their owner's to cancel. */
  cancelPending(): number[] {
    const cancelled: number[] = [];
    for (let task = 0; task < this.#rows.size; task++) {
      if (this.#states[task] !== PENDING) continue;
      this.#move(task, CODE_OF.cancelled);
      cancelled.push(task);
    }
    return cancelled;
  }

  isEnded(task: number): boolean {
    return (this.#states[task] ?? 0) > ACTIVE;
  }

  isPending(task: number): boolean {
    return this.#states[task] === PENDING;
  }

  /** Pending, ready (= handed out), or how it ended. */
  status(task: number): (typeof STATUS_OF)[number] {
    return STATUS_OF[this.#states[task] ?? PENDING] ?? TaskStatus.PENDING;
  }

  /** The dependency that a task was skipped for, -1 for none. */
  skipCause(task: number): number {
    return this.#causes[task] ?? -1;
  }

  /** Direct dependencies of a task that have not completed, in file order. */
  pendingDependencies(task: number): number[] {
    const { dependencyOffsets, dependencies } = this.#rows;
    const declared = dependencies.subarray(dependencyOffsets[task] ?? 0, dependencyOffsets[task + 1] ?? 0);
    return [...declared].filter((dependency) => this.#states[dependency] !== CODE_OF.completed).sort((a, b) => a - b);
  }

  count(status: TaskEnd): number {
    return this.#counts[CODE_OF[status]] ?? 0;
  }

  /** Tasks that have not ended. */
  get open(): number {
    return (this.#counts[PENDING] ?? 0) + (this.#counts[ACTIVE] ?? 0);
  }

  get pending(): number {
    return this.#counts[PENDING] ?? 0;
  }

  #release(task: number, ready: number[]): void {
    const { dependentOffsets, dependents } = this.#rows;
    const end = dependentOffsets[task + 1] ?? 0;
    for (let edge = dependentOffsets[task] ?? 0; edge < end; edge++) {
      const dependent = dependents[edge] ?? 0;
      const remaining = (this.#remaining[dependent] ?? 0) - 1;
      this.#remaining[dependent] = remaining;
      if (remaining === 0 && this.#states[dependent] === PENDING) {
        this.#move(dependent, ACTIVE);
        ready.push(dependent);
      }
    }
  }

  #skipBehind(task: number, skipped: number[]): void {
    const { dependentOffsets, dependents } = this.#rows;
    const stack = [task];
    for (let cause = stack.pop(); cause !== undefined; cause = stack.pop()) {
      const end = dependentOffsets[cause + 1] ?? 0;
      for (let edge = dependentOffsets[cause] ?? 0; edge < end; edge++) {
        const dependent = dependents[edge] ?? 0;
        if (this.#states[dependent] !== PENDING) continue;
        this.#causes[dependent] = cause;
        this.#move(dependent, CODE_OF.skipped);
        skipped.push(dependent);
        stack.push(dependent);
      }
    }
  }

  #move(task: number, state: number): void {
    const before = this.#states[task] ?? PENDING;
    this.#counts[before] = (this.#counts[before] ?? 0) - 1;
    this.#counts[state] = (this.#counts[state] ?? 0) + 1;
    this.#states[task] = state;
  }
}
