// Owns how the end of an attempt looks: its colour, that of the task's state of the same meaning, its mark, for those who
// do not see the colour, and its words.

import type { AttemptOutcome, TaskState } from '../../wire.ts';

export interface OutcomeLook {
  /** Whose `--fill-…` and `--state-…` it has. */
  readonly state: TaskState;
  /** Lines in a box of 10 × 10 at the end of its bar; null = a plain end. */
  readonly mark: string | null;
  readonly words: string;
}

const CROSS = 'M1 1L9 9M9 1L1 9';

const LOOKS: Readonly<Record<AttemptOutcome, OutcomeLook>> = {
  running: { state: 'running', mark: 'M1 1L5 5L1 9M5 1L9 5L5 9', words: 'runs' },
  completed: { state: 'completed', mark: null, words: 'completed' },
  failed: { state: 'failed', mark: 'M5 0.5V5.8M5 8.2V9.5', words: 'failed' },
  cancelled: { state: 'cancelled', mark: 'M1 9L9 1', words: 'cancelled' },
  interrupted: { state: 'cancelling', mark: 'M3 1V9M7 1V9', words: 'interrupted' },
  killed: { state: 'failed', mark: CROSS, words: 'killed with its thread' },
};

/** At the beginning of a bar: it is not the task's first attempt. */
export const RETRY_MARK = 'M8.6 3.2A4 4 0 1 0 9 6M9 0.6V3.4H6.2';

/** How an outcome looks. */
export function lookOf(outcome: AttemptOutcome): OutcomeLook {
  return LOOKS[outcome];
}
