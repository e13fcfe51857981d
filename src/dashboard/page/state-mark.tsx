// Owns the mark of a state in text: its shape in its colour. Used wherever a state of a task or a run is named.

import type { RunStanding, TaskState } from '../wire.ts';
import { shapeOf, stateOfWord } from './state-shapes.ts';
import './state-mark.css';

interface StateMarkProps {
  readonly state: TaskState | RunStanding;
  /** Pixels a side; 14 without it. */
  readonly size?: number;
  /** The state's name stands beside it: the mark says nothing to a screen reader. */
  readonly isDecorative?: boolean;
}

/** The shape of a state, in its colour; a picture with the state's name, or an ornament beside it. */
export function StateMark({ state, size = 14, isDecorative = false }: StateMarkProps) {
  const look = stateOfWord(state);
  const { body, style, glyph, part, isPulsing } = shapeOf(look);
  return (
    <svg
      class={`state-mark state-mark-${look}${isPulsing ? ' state-mark-pulsing' : ''}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      focusable="false"
      role="img"
      aria-label={state}
      aria-hidden={isDecorative ? 'true' : undefined}
    >
      <path class={`state-mark-${style}`} d={body} />
      {part === null ? null : <path class="state-mark-filled" d={part} />}
      {glyph === null ? null : <path class={style === 'filled' ? 'state-mark-cut' : 'state-mark-line'} d={glyph} />}
    </svg>
  );
}
