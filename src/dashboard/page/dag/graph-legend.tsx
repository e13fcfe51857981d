// Owns the legend of the graph: every state with its shape, colour and count, and the critical path. Pressing a state
// goes to the next task that is in it.

import { TASK_STATES, type TaskState } from '../../wire.ts';
import { countText } from '../figures.ts';
import { StateMark } from '../state-mark.tsx';

interface GraphLegendProps {
  readonly id: string;
  readonly counts: Readonly<Record<TaskState, number>>;
  readonly criticalTasks: number;
  /** Goes to the next task in a state. */
  onSeek(state: TaskState): void;
  /** Goes to the critical path. */
  onSeekCritical(): void;
}

/** What the shapes and colours mean, and how many tasks there are of each. */
export function GraphLegend({ id, counts, criticalTasks, onSeek, onSeekCritical }: GraphLegendProps) {
  return (
    <ul id={id} class="dag-legend" aria-label="Legend">
      {TASK_STATES.map((state) => (
        <li key={state}>
          <button
            type="button"
            class="quiet"
            disabled={counts[state] === 0}
            title={`Go to the next task that is ${state}`}
            onClick={() => onSeek(state)}
          >
            <StateMark state={state} isDecorative={true} />
            {state} <span class="dag-count">{countText(counts[state])}</span>
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
          critical path <span class="dag-count">{countText(criticalTasks)}</span>
        </button>
      </li>
    </ul>
  );
}
