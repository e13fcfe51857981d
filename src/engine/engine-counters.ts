// Owns the counts of sessions, runs and tasks by status: ended ones are added up as they end, open ones are read live.

import type { SingleTasks } from '../actors/single-tasks.ts';
import type { WorkflowRun as RunActor } from '../actors/workflow-run.ts';
import { TaskStatus, WorkflowStatus } from '../domain/statuses.ts';
import type { EngineCounts } from './engine-status.ts';

/** What is counted. */
export interface CountedParts {
  openRuns(): Iterable<RunActor>;
  singles(): SingleTasks;
  sessions(): EngineCounts['sessions'];
  definedWorkflows(): number;
}

export class EngineCounters {
  readonly #parts: CountedParts;
  readonly #runs = zeros(Object.values(WorkflowStatus));
  readonly #tasks = zeros(Object.values(TaskStatus));

  constructor(parts: CountedParts) {
    this.#parts = parts;
  }

  /** A run has ended: its figures are kept when the run itself is forgotten. */
  runEnded(run: RunActor): void {
    this.#runs[run.status]++;
    addEnded(this.#tasks, run);
  }

  read(): EngineCounts {
    const workflows = { ...this.#runs };
    const tasks = { ...this.#tasks };
    for (const run of this.#parts.openRuns()) {
      workflows[run.status]++;
      addEnded(tasks, run);
      let live = 0;
      for (const { index } of run.liveTasks()) {
        tasks[run.statusOf(index)]++;
        live++;
      }
      const ended = run.count('completed') + run.count('failed') + run.count('cancelled') + run.count('skipped');
      tasks[TaskStatus.BLOCKED] += run.size - ended - live;
    }
    const { counts } = this.#parts.singles();
    tasks.completed += counts.completed;
    tasks.failed += counts.failed;
    tasks.cancelled += counts.cancelled;
    tasks.skipped += counts.skipped;
    for (const task of this.#parts.singles().openTasks()) tasks[task.status]++;
    return {
      sessions: this.#parts.sessions(),
      workflows: { ...workflows, defined: this.#parts.definedWorkflows() },
      tasks,
    };
  }
}

function addEnded(tasks: Record<TaskStatus, number>, run: RunActor): void {
  tasks.completed += run.count('completed');
  tasks.failed += run.count('failed');
  tasks.cancelled += run.count('cancelled');
  tasks.skipped += run.count('skipped');
}

function zeros<Word extends string>(words: readonly Word[]): Record<Word, number> {
  return Object.fromEntries(words.map((word) => [word, 0])) as Record<Word, number>;
}
