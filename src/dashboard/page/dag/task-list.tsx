// Owns the graph for those who use the keyboard or hear the page: one focusable list that lies over the canvas, in which
// arrow keys follow dependencies. Only the tasks around the one that is current are in the document.
// Must never take the pointer: that belongs to the canvas beneath.

import type { Ref } from 'preact';
import { useId } from 'preact/hooks';
import { stateOfCode } from '../state-shapes.ts';
import { dependenciesOf, dependentsOfTask } from './graph-columns.ts';
import type { Scene } from './scene.ts';
import type { TaskWalk, WalkStep } from './task-walk.ts';

/** What keys do, besides moving through the list. */
export interface TaskListActions {
  moved(task: number): void;
  chosen(task: number | null): void;
  zoomed(factor: number): void;
  fitted(): void;
  panned(deltaX: number, deltaY: number): void;
  left(): void;
}

interface TaskListProps {
  readonly listRef: Ref<HTMLDivElement>;
  readonly scene: Scene;
  readonly walk: TaskWalk;
  readonly current: number;
  readonly selected: number;
  readonly actions: TaskListActions;
}

/** Options on either side of the current one. */
const REACH = 10;
const PAN_PX = 80;
/** Of a key or a button. */
export const ZOOM_FACTOR = 1.35;

const STEPS: Readonly<Record<string, WalkStep>> = {
  ArrowLeft: 'dependency',
  ArrowRight: 'dependent',
  ArrowUp: 'before',
  ArrowDown: 'after',
  PageUp: 'page-before',
  PageDown: 'page-after',
  Home: 'first',
  End: 'last',
};

const PANS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [PAN_PX, 0],
  ArrowRight: [-PAN_PX, 0],
  ArrowUp: [0, PAN_PX],
  ArrowDown: [0, -PAN_PX],
};

/** The tasks as a list that one walks through along their dependencies. */
export function TaskList({ listRef, scene, walk, current, selected, actions }: TaskListProps) {
  const id = useId();
  const { tasks, first, size } = walk.around(current, REACH);
  return (
    <div
      ref={listRef}
      class="dag-tasks"
      role="listbox"
      tabIndex={0}
      aria-label="Tasks of the run, by level"
      aria-describedby={`${id}-keys`}
      aria-activedescendant={`${id}-${current}`}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (press(event.key, event.shiftKey, walk, current, actions)) event.preventDefault();
      }}
      onBlur={() => actions.left()}
    >
      {tasks.map((task, index) => (
        <div
          key={task}
          id={`${id}-${task}`}
          class="visually-hidden"
          role="option"
          tabIndex={-1}
          aria-selected={task === selected}
          aria-setsize={size}
          aria-posinset={first + index}
        >
          {sentenceOf(scene, task)}
        </div>
      ))}
      <span id={`${id}-keys`} class="visually-hidden" hidden={true}>
        Left and right follow dependencies, up and down go through the level, Enter selects, Escape selects none, plus
        and minus zoom, zero shows the whole, shift with arrows moves the picture.
      </span>
    </div>
  );
}

/** Does what a key asks for; false = nothing. */
function press(key: string, isShifted: boolean, walk: TaskWalk, current: number, actions: TaskListActions): boolean {
  const pan = isShifted ? PANS[key] : undefined;
  const step = isShifted ? undefined : STEPS[key];
  if (pan !== undefined) actions.panned(...pan);
  else if (step !== undefined) actions.moved(walk.step(current, step));
  else if (key === 'Enter' || key === ' ') actions.chosen(current);
  else if (key === 'Escape') actions.chosen(null);
  else if (key === '+' || key === '=') actions.zoomed(ZOOM_FACTOR);
  else if (key === '-' || key === '_') actions.zoomed(1 / ZOOM_FACTOR);
  else if (key === '0') actions.fitted();
  else return false;
  return true;
}

function sentenceOf(scene: Scene, task: number): string {
  const attempts = scene.attempts[task] ?? 0;
  const dependencies = dependenciesOf(scene.graph, task).length;
  const dependents = dependentsOfTask(scene.graph, task).length;
  return [
    scene.names[task] ?? '',
    stateOfCode(scene.states[task] ?? 0),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
    `level ${(scene.graph.levels[task] ?? 0) + 1} of ${scene.graph.levelCount}`,
    dependencies === 1 ? '1 dependency' : `${dependencies} dependencies`,
    dependents === 1 ? '1 dependent' : `${dependents} dependents`,
  ].join(', ');
}
