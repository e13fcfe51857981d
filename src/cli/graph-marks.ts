// Owns how the state of a task looks in a picture: a colour in either theme and a small mark, so that whoever sees no
// colours reads the shape. Words, colours and shapes are those of the dashboard, and one more for what was interrupted.

import type { TaskStatus } from '../domain/statuses.ts';

/** Where a task of a run stands; `interrupted`: its process is gone and nobody has taken it up yet. */
export type GraphState = TaskStatus | 'interrupted';

export interface StateLook {
  /** On light and on dark paper; each is told from the paper by 4.5 : 1 at least. */
  readonly light: string;
  readonly dark: string;
  /** Of a box with dark letters, for notations that know one theme. */
  readonly fill: string;
  /** Inside a square of 16, drawn with a line; class `full` is filled, class `cut` drawn in the colour of the box. */
  readonly mark: string;
  readonly dashed?: true;
}

const RING = '<path d="M8 2A6 6 0 1 1 8 14A6 6 0 1 1 8 2Z"/>';
const SQUARE = '<path d="M2.75 2.75H13.25V13.25H2.75Z"/>';

/** In the order in which a legend names them. */
export const STATE_LOOKS: Readonly<Record<GraphState, StateLook>> = {
  completed: {
    light: '#1b7438',
    dark: '#6ecb8b',
    fill: '#d9f2e3',
    mark: '<path class="full" d="M8 1.25A6.75 6.75 0 1 1 8 14.75A6.75 6.75 0 1 1 8 1.25Z"/><path class="cut" d="M4.8 8.3L7.1 10.6L11.3 5.9"/>',
  },
  running: {
    light: '#1a5fb4',
    dark: '#7db1f5',
    fill: '#d8e8fb',
    mark: '<path class="full" d="M3.5 1.5L14.5 8L3.5 14.5Z"/>',
  },
  retrying: {
    light: '#985400',
    dark: '#eca84b',
    fill: '#fbeccb',
    mark: '<path d="M13.2 6A5.6 5.6 0 1 0 13.2 10"/><path d="M13.8 2.2V6.2H9.8"/>',
  },
  cancelling: {
    light: '#7a4a95',
    dark: '#cfa5e6',
    fill: '#efe3f6',
    mark: `${SQUARE}<path class="full" d="M2.75 13.25V2.75L13.25 13.25Z"/>`,
  },
  failed: {
    light: '#bb2430',
    dark: '#ff8a8f',
    fill: '#fbdedd',
    mark: '<path class="full" d="M5.2 1.2H10.8L14.8 5.2V10.8L10.8 14.8H5.2L1.2 10.8V5.2Z"/><path class="cut" d="M5.4 5.4L10.6 10.6M10.6 5.4L5.4 10.6"/>',
  },
  interrupted: {
    light: '#985400',
    dark: '#eca84b',
    fill: '#fbeccb',
    mark: '<path d="M8 1.8L14.8 13.8H1.2Z"/><path d="M8 6v3.6M8 11.5v.6"/>',
  },
  cancelled: { light: '#6b4a86', dark: '#bfa2d8', fill: '#efe8f5', mark: `${SQUARE}<path d="M4.5 11.5L11.5 4.5"/>` },
  skipped: {
    light: '#5f6874',
    dark: '#a0a9b5',
    fill: '#f2f3f5',
    mark: '<path stroke-dasharray="2.4 2.2" d="M8 1.5L14.5 8L8 14.5L1.5 8Z"/>',
    dashed: true,
  },
  ready: { light: '#0b6e7a', dark: '#5cc5d1', fill: '#d9f1f4', mark: '<path d="M4 2.5L13.5 8L4 13.5Z"/>' },
  blocked: { light: '#7d5a2b', dark: '#d0aa76', fill: '#f6ecdd', mark: `${RING}<path d="M5 8H11"/>` },
  pending: { light: '#5c6675', dark: '#9aa5b4', fill: '#ffffff', mark: RING },
};

/** Every state, in the order of a legend. */
export const GRAPH_STATES: readonly GraphState[] = [
  'completed',
  'running',
  'retrying',
  'cancelling',
  'failed',
  'interrupted',
  'cancelled',
  'skipped',
  'ready',
  'blocked',
  'pending',
];
