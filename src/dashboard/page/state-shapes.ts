// Owns the shape of every state of a task, so that a state is never told by colour alone. The same path data serves
// SVG and canvas; all of it lies in a box of 16 × 16. Runs have the shapes of the states that mean the same to people.
// Must never hold colours: those are `--state-…` and `--fill-…` of the style sheet, in both themes.

import { RUN_STANDINGS, type RunStanding, TASK_STATES, type TaskState } from '../wire.ts';

/** How the body is drawn: `filled` in the state's colour, `hollow` as its outline, `dashed` as a broken outline. */
export type ShapeStyle = 'filled' | 'hollow' | 'dashed';

export interface StateShape {
  /** Path data of the body. */
  readonly body: string;
  readonly style: ShapeStyle;
  /** Lines on the body: in the colour of the paper on a filled one, in the state's own otherwise. */
  readonly glyph: string | null;
  /** A part of the body that is filled although the rest is hollow. */
  readonly part: string | null;
  /** It draws the eye while it lasts, unless motion is unwanted. */
  readonly isPulsing: boolean;
}

const CIRCLE = 'M8 2A6 6 0 1 1 8 14A6 6 0 1 1 8 2Z';
const SQUARE = 'M2.75 2.75H13.25V13.25H2.75Z';

function shape(body: string, style: ShapeStyle, extra: Partial<StateShape> = {}): StateShape {
  return { body, style, glyph: null, part: null, isPulsing: false, ...extra };
}

const SHAPES: Readonly<Record<TaskState, StateShape>> = {
  pending: shape(CIRCLE, 'hollow'),
  blocked: shape(CIRCLE, 'hollow', { glyph: 'M5 8H11' }),
  ready: shape('M4 2.5L13.5 8L4 13.5Z', 'hollow'),
  running: shape('M3.5 1.5L14.5 8L3.5 14.5Z', 'filled', { isPulsing: true }),
  retrying: shape('M13.2 6A5.6 5.6 0 1 0 13.2 10', 'hollow', { glyph: 'M13.8 2.2V6.2H9.8', isPulsing: true }),
  cancelling: shape(SQUARE, 'hollow', { part: 'M2.75 13.25V2.75L13.25 13.25Z', isPulsing: true }),
  completed: shape('M8 1.25A6.75 6.75 0 1 1 8 14.75A6.75 6.75 0 1 1 8 1.25Z', 'filled', {
    glyph: 'M4.8 8.3L7.1 10.6L11.3 5.9',
  }),
  failed: shape('M5.2 1.2H10.8L14.8 5.2V10.8L10.8 14.8H5.2L1.2 10.8V5.2Z', 'filled', {
    glyph: 'M5.4 5.4L10.6 10.6M10.6 5.4L5.4 10.6',
  }),
  cancelled: shape(SQUARE, 'hollow', { glyph: 'M4.5 11.5L11.5 4.5' }),
  skipped: shape('M8 1.5L14.5 8L8 14.5L1.5 8Z', 'dashed'),
};

const STATE_OF_STANDING: Readonly<Record<RunStanding, TaskState>> = {
  pending: 'pending',
  running: 'running',
  paused: 'blocked',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  parked: 'blocked',
  suspended: 'ready',
  interrupted: 'cancelling',
};

/** The shape of a state. */
export function shapeOf(state: TaskState): StateShape {
  return SHAPES[state];
}

/** The state of a task that looks as a run with this standing does. */
export function stateOfStanding(standing: RunStanding): TaskState {
  return STATE_OF_STANDING[standing];
}

/** The state of a task that looks as what the word names: that state itself, or the one of a run's standing. */
export function stateOfWord(word: TaskState | RunStanding): TaskState {
  return isTaskState(word) ? word : stateOfStanding(word);
}

/** The state under a code of a run's document; codes that are not known count as pending. */
export function stateOfCode(code: number): TaskState {
  return TASK_STATES[code] ?? 'pending';
}

/** Whether the word is the name of a task's state, and not of a run's standing alone. */
export function isTaskState(word: TaskState | RunStanding): word is TaskState {
  return Object.hasOwn(SHAPES, word);
}

/** Every word that has a mark, once. */
export const MARKED_WORDS: readonly (TaskState | RunStanding)[] = [...new Set([...TASK_STATES, ...RUN_STANDINGS])];
