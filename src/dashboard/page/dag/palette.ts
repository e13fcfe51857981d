// Owns the colours that the graph is painted with: the page's CSS custom properties, read once for each theme, since a
// canvas knows none of them. Must never hold a colour of its own.

import { TASK_STATES, type TaskState } from '../../wire.ts';

export interface StateColours {
  /** For text and lines. */
  readonly ink: string;
  /** For areas. */
  readonly fill: string;
  /** Behind text in the state's ink. */
  readonly tint: string;
}

export interface Palette {
  readonly paper: string;
  readonly panel: string;
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly accent: string;
  readonly focus: string;
  readonly critical: string;
  readonly font: string;
  /** By code. */
  readonly states: readonly StateColours[];
}

/** The colours in force for an element. */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const ofState = (state: TaskState): StateColours => ({
    ink: read(`state-${state}`),
    fill: read(`fill-${state}`),
    tint: read(`tint-${state}`),
  });
  return {
    paper: read('paper'),
    panel: read('panel'),
    ink: read('ink'),
    faint: read('faint'),
    line: read('line'),
    lineStrong: read('line-strong'),
    accent: read('accent'),
    focus: read('focus'),
    critical: read('critical'),
    font: style.fontFamily,
    states: TASK_STATES.map(ofState),
  };
}
