// Owns how many tasks are in which state, said in a sentence.

import { TASK_STATES, type TaskState } from '../../wire.ts';
import { countText, pluralText } from '../figures.ts';

const ENDS: readonly TaskState[] = ['completed', 'failed', 'cancelled', 'skipped'];
/** What is left unsaid: everything that has not ended waits. */
const UNDER_WAY: readonly TaskState[] = ['running', 'retrying', 'cancelling', 'blocked'];

/** The counts as a sentence for those who hear the page. */
export function summaryOf(counts: Readonly<Record<TaskState, number>>): string {
  const sumOf = (states: readonly TaskState[]) => states.reduce((sum, state) => sum + counts[state], 0);
  const said = [...ENDS, ...UNDER_WAY]
    .filter((state) => counts[state] > 0)
    .map((state) => `${countText(counts[state])} ${state}`);
  const head = `${countText(sumOf(ENDS))} of ${pluralText(sumOf(TASK_STATES), 'task')} ended`;
  return said.length === 0 ? `${head}.` : `${head}: ${said.join(', ')}.`;
}
