// Owns which single tasks an earlier life of the engine left unfinished and this one has not taken up.

import type { TaskId } from '../domain/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { isOpen } from '../journal/run-record.ts';

export class LeftTasks {
  readonly #journal: Journal;
  readonly #ids = new Set<TaskId>();

  /** `areIgnored`: they are taken up by hand only, and nobody waits for them without being asked. */
  constructor(journal: Journal, areIgnored: boolean) {
    this.#journal = journal;
    if (areIgnored) return;
    for (const { runId } of journal.runs({ kind: 'task', open: true })) this.#ids.add(runId as TaskId);
  }

  takenUp(taskId: TaskId): void {
    this.#ids.delete(taskId);
  }

  /** One of them; a parked one does not count. */
  any(): TaskId | undefined {
    for (const taskId of this.#ids) {
      const record = this.#journal.run(taskId);
      if (record !== undefined && isOpen(record)) return taskId;
      this.#ids.delete(taskId);
    }
    return undefined;
  }
}
