// Owns where each task of a run stands: state, attempts, progress, and when it became ready; with what changed since when.
// Work per change is O(1), and O(outgoing edges) for the end of a task, as in the engine's own frontier.

import { ChangeList, type VersionCounter } from './change-list.ts';
import type { RunShape } from './run-shape.ts';
import { TASK_STATES, type TaskState } from './wire.ts';

/** The code of each state. */
export const STATE = Object.fromEntries(TASK_STATES.map((state, code) => [state, code])) as Readonly<
  Record<TaskState, number>
>;

/** No progress is known. */
const NO_PROGRESS = -1;
/** It is not known when it became ready. */
const NOT_READY = -1;

/** Whether a state is an end. */
export function isEnd(state: number): boolean {
  return state >= STATE.completed;
}

export class RunTasks {
  readonly shape: RunShape;
  readonly states: number[] = [];
  readonly attempts: number[] = [];
  readonly progress: number[] = [];
  readonly #readyMs: number[] = [];
  /** Direct dependencies that have not completed. */
  readonly #missing: number[] = [];
  readonly #changes = new ChangeList();
  /** Tasks by state. */
  readonly counts: number[] = TASK_STATES.map(() => 0);
  /** Tasks whose attempts are under way. */
  readonly underWay = new Set<number>();
  /** Tasks between two attempts. */
  readonly retrying = new Set<number>();
  readonly #version: VersionCounter;
  #hasBegun = false;

  constructor(shape: RunShape, version: VersionCounter) {
    this.shape = shape;
    this.#version = version;
    this.#grow();
  }

  /** The run has started: what was pending is blocked or ready. */
  begin(atMs: number): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#grow();
    for (let task = 0; task < this.states.length; task++) {
      if (this.states[task] === STATE.pending) this.unfinished(task, atMs);
    }
  }

  /** −1 for a name that the run does not have. */
  indexOf(name: string): number {
    const task = this.shape.indexOf(name);
    if (task >= this.states.length) this.#grow();
    return task;
  }

  stateOf(task: number): TaskState {
    return TASK_STATES[this.states[task] ?? 0] ?? 'pending';
  }

  /** When it became ready for its next attempt; the fallback where that is not known. */
  readyAt(task: number, fallbackMs: number): number {
    const readyMs = this.#readyMs[task] ?? NOT_READY;
    return readyMs === NOT_READY ? fallbackMs : Math.min(readyMs, fallbackMs);
  }

  /** A task that is due for its next attempt. */
  ready(task: number, atMs: number): void {
    this.#readyMs[task] = atMs;
    this.move(task, STATE.ready, atMs);
  }

  /** An attempt has begun. */
  started(task: number, attempt: number, atMs: number): void {
    this.attempts[task] = attempt;
    this.progress[task] = NO_PROGRESS;
    this.move(task, STATE.running, atMs, true);
  }

  /** Back to where it waits: nobody has it in hand. */
  unfinished(task: number, atMs: number): void {
    const isReady = (this.#missing[task] ?? 0) === 0;
    if (!this.#hasBegun) this.move(task, STATE.pending, atMs);
    else if (!isReady) this.move(task, STATE.blocked, atMs);
    else if (this.states[task] !== STATE.ready) this.ready(task, atMs);
  }

  /** It is known when its next attempt is due. */
  due(task: number, atMs: number): void {
    this.#readyMs[task] = atMs;
  }

  setProgress(task: number, fraction: number): void {
    if (this.states[task] !== STATE.running || this.progress[task] === fraction) return;
    this.progress[task] = fraction;
    this.#touch(task);
  }

  setAttempts(task: number, attempts: number): void {
    if (this.attempts[task] === attempts) return;
    this.attempts[task] = attempts;
    this.#touch(task);
  }

  /** `always`: something else of the task has changed too. */
  move(task: number, state: number, atMs: number, always = false): void {
    const before = this.states[task];
    if (before === undefined || (before === state && !always)) return;
    this.states[task] = state;
    this.counts[before] = (this.counts[before] ?? 0) - 1;
    this.counts[state] = (this.counts[state] ?? 0) + 1;
    if (state === STATE.running || state === STATE.cancelling) this.underWay.add(task);
    else {
      this.underWay.delete(task);
      this.progress[task] = NO_PROGRESS;
    }
    if (state === STATE.retrying) this.retrying.add(task);
    else if (before === STATE.retrying) this.retrying.delete(task);
    this.#touch(task);
    if (state === STATE.completed && before !== STATE.completed) this.#release(task, atMs);
  }

  /** The version in which a task changed last; 0 = it never did. */
  versionOf(task: number): number {
    return this.#changes.versionOf(task);
  }

  /** [task, state, attempts, progress] of what changed after a version, flat. */
  changedSince(version: number): number[] {
    const rows: number[] = [];
    for (const task of this.#changes.since(version)) {
      rows.push(task, this.states[task] ?? 0, this.attempts[task] ?? 0, this.progress[task] ?? NO_PROGRESS);
    }
    return rows;
  }

  #release(task: number, atMs: number): void {
    const { graph } = this.shape;
    if (graph === null) return;
    const end = graph.dependentOffsets[task + 1] ?? 0;
    for (let edge = graph.dependentOffsets[task] ?? 0; edge < end; edge++) {
      const dependent = graph.dependents[edge] ?? 0;
      const missing = (this.#missing[dependent] ?? 0) - 1;
      this.#missing[dependent] = missing;
      if (missing === 0 && this.states[dependent] === STATE.blocked) this.ready(dependent, atMs);
    }
  }

  #touch(task: number): void {
    this.#changes.touch(task, this.#version.next());
  }

  #grow(): void {
    for (let task = this.states.length; task < this.shape.size; task++) {
      this.states.push(STATE.pending);
      this.attempts.push(0);
      this.progress.push(NO_PROGRESS);
      this.#readyMs.push(NOT_READY);
      this.#missing.push(this.shape.dependencyCount(task));
      this.counts[STATE.pending] = (this.counts[STATE.pending] ?? 0) + 1;
    }
  }
}
