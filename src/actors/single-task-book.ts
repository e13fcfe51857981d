// Owns which single tasks this engine has in memory: those that have not ended, the last ended ones up to a bound, and
// who waits for tasks that are in the journal alone. It starts nothing and tells nobody.

import type { TaskId } from '../domain/ids.ts';
import { RecentKeys } from '../domain/recent-keys.ts';
import type { Absence, SingleTaskEntry } from './single-task-entry.ts';

export class SingleTaskBook {
  readonly #entries = new Map<TaskId, SingleTaskEntry>();
  readonly #open = new Map<number, SingleTaskEntry>();
  /** As many as tasks and callers wait for; an entry goes when its task is taken up. */
  readonly #absences = new Map<TaskId, Absence>();
  /** Ended tasks whose results are kept, oldest first. */
  readonly #kept: RecentKeys<TaskId>;

  constructor(keptResults: number) {
    this.#kept = new RecentKeys(keptResults);
  }

  get openCount(): number {
    return this.#open.size;
  }

  add(entry: SingleTaskEntry): void {
    this.#entries.set(entry.taskId, entry);
    this.#open.set(entry.number, entry);
  }

  find(taskId: TaskId): SingleTaskEntry | undefined {
    return this.#entries.get(taskId);
  }

  /** One that has not ended. */
  byNumber(number: number): SingleTaskEntry | undefined {
    return this.#open.get(number);
  }

  /** In the order in which they came. */
  all(): IterableIterator<SingleTaskEntry> {
    return this.#entries.values();
  }

  /** Those that have not ended, in the order in which they came. */
  open(): IterableIterator<SingleTaskEntry> {
    return this.#open.values();
  }

  ended(entry: SingleTaskEntry): void {
    this.#open.delete(entry.number);
  }

  /** The result has been given out: it stays until too many came after it. */
  keepResult(entry: SingleTaskEntry): void {
    const forgotten = this.#kept.add(entry.taskId);
    if (forgotten !== undefined) this.#entries.delete(forgotten);
  }

  /** Where to put those who wait for a task, in memory or not. */
  waitingFor(taskId: TaskId): Absence {
    const known = this.#entries.get(taskId) ?? this.#absences.get(taskId);
    if (known !== undefined) return known;
    const absence: Absence = { dependents: [], waiters: [] };
    this.#absences.set(taskId, absence);
    return absence;
  }

  /** Those who wait for a task that was in the journal alone; they are its caller's from now on. */
  takeAbsence(taskId: TaskId): Absence | undefined {
    const absence = this.#absences.get(taskId);
    this.#absences.delete(taskId);
    return absence;
  }

  absences(): IterableIterator<[TaskId, Absence]> {
    return this.#absences.entries();
  }
}
