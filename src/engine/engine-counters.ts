// Owns the counts of sessions, runs and tasks by status: ended ones are added up as they end, open ones are read live.

import type { SingleTasks } from '../actors/single-tasks.ts';
import type { WorkflowRun as RunActor } from '../actors/workflow-run.ts';
import type { TaskCounts } from '../actors/workflow-run-options.ts';
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
    addEnded(this.#tasks, run.counts());
  }

  read(): EngineCounts {
    const workflows = { ...this.#runs };
    const tasks = { ...this.#tasks };
    for (const run of this.#parts.openRuns()) {
      workflows[run.status]++;
      const ended = run.counts();
      addEnded(tasks, ended);
      let live = 0;
      for (const { index } of run.liveTasks()) {
        tasks[run.statusOf(index)]++;
        live++;
      }
      const open = ended.total - ended.completed - ended.failed - ended.cancelled - ended.skipped;
      tasks[TaskStatus.BLOCKED] += open - live;
    }
    addEnded(tasks, this.#parts.singles().counts);
    for (const task of this.#parts.singles().openTasks()) tasks[task.status]++;
    return {
      sessions: this.#parts.sessions(),
      workflows: { ...workflows, defined: this.#parts.definedWorkflows() },
      tasks,
    };
  }
}

function addEnded(tasks: Record<TaskStatus, number>, ended: Omit<TaskCounts, 'total'>): void {
  tasks.completed += ended.completed;
  tasks.failed += ended.failed;
  tasks.cancelled += ended.cancelled;
  tasks.skipped += ended.skipped;
}

function zeros<Word extends string>(words: readonly Word[]): Record<Word, number> {
  return Object.fromEntries(words.map((word) => [word, 0])) as Record<Word, number>;
}
