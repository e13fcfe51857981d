// Owns the legend of the graph: every state with its shape, colour and count, and the critical path. Pressing a state
// goes to the next task that is in it.

import { TASK_STATES } from '../../wire.ts';
import { StateMark } from '../state-mark.tsx';

const NUMBERS = new Intl.NumberFormat('en');

interface GraphLegendProps {
  readonly id: string;
  /** Tasks by the code of their state. */
  readonly counts: readonly number[];
  readonly criticalTasks: number;
  /** Goes to the next task in a state. */
  onSeek(state: number): void;
  /** Goes to the critical path. */
  onSeekCritical(): void;
}

/** What the shapes and colours mean, and how many tasks there are of each. */
export function GraphLegend({ id, counts, criticalTasks, onSeek, onSeekCritical }: GraphLegendProps) {
  return (
    <ul id={id} class="dag-legend" aria-label="Legend">
      {TASK_STATES.map((state, code) => (
        <li key={state}>
          <button
            type="button"
            class="quiet"
            disabled={(counts[code] ?? 0) === 0}
            title={`Go to the next task that is ${state}`}
            onClick={() => onSeek(code)}
          >
            <StateMark state={state} isDecorative={true} />
            {state} <span class="dag-count">{NUMBERS.format(counts[code] ?? 0)}</span>
          </button>
        </li>
      ))}
      <li>
        <button
          type="button"
          class="quiet"
          disabled={criticalTasks === 0}
          title="Go to the next task of the longest chain, which decides how long the run takes"
          onClick={onSeekCritical}
        >
          <span class="dag-critical-mark" aria-hidden="true" />
          critical path <span class="dag-count">{NUMBERS.format(criticalTasks)}</span>
        </button>
      </li>
    </ul>
  );
}
