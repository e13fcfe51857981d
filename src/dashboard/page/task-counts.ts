// Owns counting tasks by state and choosing those that a list shows.

import { type RunDocument, TASK_STATES, type TaskState } from '../wire.ts';

/** How many tasks are in each state; every state is there. */
export function countStates(states: readonly number[]): Readonly<Record<TaskState, number>> {
  const counts = new Array<number>(TASK_STATES.length).fill(0);
  for (const code of states) counts[code] = (counts[code] ?? 0) + 1;
  const byState = (state: TaskState) => counts[TASK_STATES.indexOf(state)] ?? 0;
  return {
    pending: byState('pending'),
    blocked: byState('blocked'),
    ready: byState('ready'),
    running: byState('running'),
    retrying: byState('retrying'),
    cancelling: byState('cancelling'),
    completed: byState('completed'),
    failed: byState('failed'),
    cancelled: byState('cancelled'),
    skipped: byState('skipped'),
  };
}

/** Indexes of the tasks in a state (null = any) whose name or action holds the text, in the workflow's order. */
export function chooseTasks(tasks: RunDocument['tasks'], state: TaskState | null, search: string): number[] {
  const code = state === null ? -1 : TASK_STATES.indexOf(state);
  const text = search.trim().toLowerCase();
  // Actions are few and tasks are many: each action is compared once.
  const isAction = tasks.actionNames.map((name) => name.toLowerCase().includes(text));
  const chosen: number[] = [];
  for (let task = 0; task < tasks.names.length; task += 1) {
    if (code >= 0 && tasks.states[task] !== code) continue;
    const isFound =
      text === '' ||
      isAction[tasks.actions[task] ?? -1] === true ||
      (tasks.names[task] ?? '').toLowerCase().includes(text);
    if (isFound) chosen.push(task);
  }
  return chosen;
}

/** The rows of a long list that are in view, and some on either side. */
export interface RowRange {
  readonly first: number;
  /** One after the last. */
  readonly end: number;
}

/** Which rows of a list of equal heights have to be there. */
export function rowsInView(scrollTop: number, height: number, rowHeight: number, rows: number, spare = 8): RowRange {
  const first = Math.max(0, Math.min(rows, Math.floor(scrollTop / rowHeight)) - spare);
  const end = Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + spare);
  return { first, end: Math.max(first, end) };
}
