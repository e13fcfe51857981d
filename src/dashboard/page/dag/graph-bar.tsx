// Owns what is above the graph: search, zoom, and the legend, which is folded away on narrow screens until it is wanted.

import { useId, useState } from 'preact/hooks';
import { type RunDocument, TASK_STATES, type TaskState } from '../../wire.ts';
import { GraphLegend } from './graph-legend.tsx';
import { TaskFinder } from './task-finder.tsx';
import { ZOOM_FACTOR } from './task-list.tsx';
import type { GraphHandle } from './use-graph-view.ts';

const WIDE = '(min-width: 721px)';

interface GraphBarProps {
  readonly tasks: RunDocument['tasks'];
  readonly counts: Readonly<Record<TaskState, number>>;
  readonly graph: GraphHandle;
  /** Where seeking goes on from; -1 = the beginning. */
  readonly current: number;
}

/** Legend, search and zoom of a graph. */
export function GraphBar({ tasks, counts, graph, current }: GraphBarProps) {
  const seek = (isWanted: (task: number) => boolean) => {
    const task = nextTask(tasks.names.length, current, isWanted);
    if (task >= 0) graph.find(task);
  };
  const id = useId();
  const [hasLegend, setLegend] = useState(() => matchMedia(WIDE).matches);
  return (
    <div class="dag-bar">
      <button
        type="button"
        class="quiet dag-fold"
        aria-expanded={hasLegend}
        aria-controls={hasLegend ? id : undefined}
        onClick={() => setLegend(!hasLegend)}
      >
        Legend
      </button>
      <TaskFinder names={tasks.names} states={tasks.states} onFind={graph.find} />
      <fieldset class="dag-zoom" aria-label="Zoom">
        <button type="button" class="icon" aria-label="Zoom out" onClick={() => graph.actions.zoomed(1 / ZOOM_FACTOR)}>
          −
        </button>
        <button type="button" class="icon" aria-label="Zoom in" onClick={() => graph.actions.zoomed(ZOOM_FACTOR)}>
          +
        </button>
        <button type="button" onClick={graph.actions.fitted} title="Show the whole graph (key 0)">
          Fit
        </button>
      </fieldset>
      {hasLegend ? (
        <GraphLegend
          id={id}
          counts={counts}
          criticalTasks={tasks.criticalPath.length}
          onSeek={(state) => seek((task) => tasks.states[task] === TASK_STATES.indexOf(state))}
          onSeekCritical={() => {
            const next = tasks.criticalPath[tasks.criticalPath.indexOf(current) + 1] ?? tasks.criticalPath[0];
            if (next !== undefined) graph.find(next);
          }}
        />
      ) : null}
    </div>
  );
}

/** The first wanted task after one, from the beginning again at the end; -1 = none is wanted. */
function nextTask(size: number, after: number, isWanted: (task: number) => boolean): number {
  for (let step = 1; step <= size; step++) {
    const task = (after + step) % size;
    if (isWanted(task)) return task;
  }
  return -1;
}
