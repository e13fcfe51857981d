// Owns how many tasks are in which state, and how that is said in a sentence.

import { TASK_STATES, type TaskState } from '../../wire.ts';

const NUMBERS = new Intl.NumberFormat('en');
const ENDS: readonly TaskState[] = ['completed', 'failed', 'cancelled', 'skipped'];
/** What is left unsaid: everything that has not ended waits. */
const UNDER_WAY: readonly TaskState[] = ['running', 'retrying', 'cancelling', 'blocked'];

/** Tasks by the code of their state. */
export function countStates(states: readonly number[]): number[] {
  const counts = TASK_STATES.map(() => 0);
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** The counts as a sentence for those who hear the page. */
export function summaryOf(counts: readonly number[]): string {
  const of = (state: TaskState) => counts[TASK_STATES.indexOf(state)] ?? 0;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const ended = ENDS.reduce((sum, state) => sum + of(state), 0);
  const said = [...ENDS, ...UNDER_WAY]
    .filter((state) => of(state) > 0)
    .map((state) => `${NUMBERS.format(of(state))} ${state}`);
  const head = `${NUMBERS.format(ended)} of ${NUMBERS.format(total)} ${total === 1 ? 'task' : 'tasks'} ended`;
  return said.length === 0 ? `${head}.` : `${head}: ${said.join(', ')}.`;
}
