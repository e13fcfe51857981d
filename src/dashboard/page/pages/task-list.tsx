// Owns the list of a run's tasks: filters and search in the address, and only the rows in view in the document, so that
// ten thousand tasks scroll as ten do. The keyboard moves an active row; Enter selects it.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type RunDocument, TASK_STATES } from '../../wire.ts';
import { EmptyState } from '../empty-state.tsx';
import { countText, pluralText } from '../figures.ts';
import { navigate } from '../navigation.tsx';
import type { RunRoute } from '../router.ts';
import { StateLabel } from '../run-figures.tsx';
import { SearchField } from '../search-field.tsx';
import { StateMark } from '../state-mark.tsx';
import { stateOfCode } from '../state-shapes.ts';
import { chooseTasks, countStates, rowsInView } from '../task-counts.ts';

const ROW_HEIGHT = 30;
const NARROW_ROW_HEIGHT = 52;
const NARROW = '(max-width: 720px)';
/** Of the head, which stays in view; 0 where there is none. */
const HEAD_HEIGHT = 26;
const COLUMNS = ['task-state', 'task-name', 'task-action', 'task-progress', 'task-attempts', 'task-level'];
const PRIORITIES = ['critical', 'high', 'normal', 'low', 'background'];

interface TaskListProps {
  readonly run: RunDocument;
  readonly route: RunRoute;
  onSelect(task: string | null): void;
}

/** The tasks of a run, those that the filters let through. */
export function TaskList({ run, route, onSelect }: TaskListProps) {
  const { tasks } = run;
  const chosen = useMemo(() => chooseTasks(tasks, route.state, route.search), [tasks, route.state, route.search]);
  return (
    <div class="task-list">
      <TaskFilters run={run} route={route} />
      <p class="visually-hidden" role="status">
        {pluralText(chosen.length, 'task')} found
      </p>
      {chosen.length === 0 ? (
        <EmptyState title={tasks.names.length === 0 ? 'The run has no tasks' : 'No task matches'}>
          <p>
            <button type="button" onClick={() => navigate({ ...route, state: null, search: '' })}>
              Show all tasks
            </button>
          </p>
        </EmptyState>
      ) : (
        <TaskRows run={run} chosen={chosen} selected={route.task} onSelect={onSelect} />
      )}
    </div>
  );
}

function TaskFilters({ run, route }: { readonly run: RunDocument; readonly route: RunRoute }) {
  const counts = useMemo(() => countStates(run.tasks.states), [run.tasks.states]);
  return (
    <div class="filters">
      <fieldset class="chips" aria-label="Tasks by state">
        <button
          type="button"
          class="chip"
          aria-pressed={route.state === null}
          onClick={() => navigate({ ...route, state: null })}
        >
          all <span class="count">{countText(run.tasks.states.length)}</span>
        </button>
        {TASK_STATES.filter((state) => counts[state] > 0 || state === route.state).map((state) => (
          <button
            key={state}
            type="button"
            class="chip"
            aria-pressed={route.state === state}
            onClick={() => navigate({ ...route, state })}
          >
            <StateMark state={state} isDecorative /> {state} <span class="count">{countText(counts[state])}</span>
          </button>
        ))}
      </fieldset>
      <SearchField
        label="Search tasks by name or action"
        value={route.search}
        onSearch={(search) => navigate({ ...route, search }, 'replace')}
      />
    </div>
  );
}

interface TaskRowsProps {
  readonly run: RunDocument;
  readonly chosen: readonly number[];
  readonly selected: string | null;
  onSelect(task: string | null): void;
}

function TaskRows({ run, chosen, selected, onSelect }: TaskRowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const isNarrow = useMatch(NARROW);
  const rowHeight = isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
  const headHeight = isNarrow ? 0 : HEAD_HEIGHT;
  const { scrollTop, height } = useScroll(box);
  const [active, setActive] = useState(() => Math.max(0, placeOf(run, chosen, selected)));
  const at = Math.min(active, chosen.length - 1);
  const move = (to: number) => {
    const place = Math.max(0, Math.min(chosen.length - 1, to));
    setActive(place);
    if (box.current !== null) scrollInto(box.current, headHeight, place, rowHeight);
  };
  useEffect(() => {
    const place = placeOf(run, chosen, selected);
    if (place >= 0) move(place);
  }, [selected, rowHeight]);
  const page = Math.max(1, Math.floor(height / rowHeight) - 1);
  const keys: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: chosen.length - 1,
  };
  const { first, end } = rowsInView(scrollTop, height, rowHeight, chosen.length);
  return (
    <div ref={box} class="task-rows">
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose rows the keyboard walks is a grid
        role="grid"
        aria-label="Tasks"
        aria-rowcount={chosen.length + 1}
        aria-activedescendant={at >= first && at < end ? `task-row-${at}` : undefined}
        tabIndex={0}
        onKeyDown={(event) => {
          const to = keys[event.key];
          const name = run.tasks.names[chosen[at] ?? -1];
          if (to !== undefined) move(to);
          else if (event.key === 'Enter' && name !== undefined) onSelect(name);
          else return;
          event.preventDefault();
        }}
      >
        <thead>
          <tr>
            {['State', 'Task', 'Action', 'Progress', 'Attempts', 'Level and priority'].map((title, column) => (
              <th key={title} scope="col" class={COLUMNS[column]}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ height: `${chosen.length * rowHeight}px` }}>
          {chosen.slice(first, end).map((task, offset) => (
            <TaskRow
              key={task}
              run={run}
              task={task}
              place={first + offset}
              rowHeight={rowHeight}
              isActive={first + offset === at}
              isSelected={run.tasks.names[task] === selected}
              onPress={() => {
                setActive(first + offset);
                onSelect(run.tasks.names[task] ?? null);
              }}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface TaskRowProps {
  readonly run: RunDocument;
  readonly task: number;
  readonly place: number;
  readonly rowHeight: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  onPress(): void;
}

function TaskRow({ run, task, place, rowHeight, isActive, isSelected, onPress }: TaskRowProps) {
  const { names, actions, actionNames, states, attempts, progress, levels, priorities } = run.tasks;
  const done = progress[task] ?? -1;
  const tries = attempts[task] ?? 0;
  return (
    <tr
      id={`task-row-${place}`}
      class={`task-row ${isActive ? 'is-active' : ''}`}
      aria-rowindex={place + 2}
      aria-selected={isSelected}
      style={{ transform: `translateY(${place * rowHeight}px)`, height: `${rowHeight}px` }}
      onClick={onPress}
    >
      <td class="task-state">
        <StateLabel state={stateOfCode(states[task] ?? 0)} />
      </td>
      <td class="task-name" title={names[task]}>
        {names[task]}
      </td>
      <td class="task-action mono faint" title={actionNames[actions[task] ?? -1]}>
        {actionNames[actions[task] ?? -1]}
      </td>
      <td class="task-progress">
        {done < 0 ? null : (
          <>
            <progress max={1} value={done} aria-label="Progress" /> {Math.round(done * 100)} %
          </>
        )}
      </td>
      <td class="task-attempts faint">{tries > 1 ? pluralText(tries, 'attempt') : null}</td>
      <td class="task-level faint">
        level {(levels[task] ?? 0) + 1}, {PRIORITIES[priorities[task] ?? 2] ?? 'normal'}
      </td>
    </tr>
  );
}

function placeOf(run: RunDocument, chosen: readonly number[], selected: string | null): number {
  return selected === null ? -1 : chosen.findIndex((task) => run.tasks.names[task] === selected);
}

// The head lies over the first rows in view, so that a row is hidden as soon as its top is above the scrolled edge.
function scrollInto(box: HTMLElement, headHeight: number, place: number, rowHeight: number): void {
  const top = place * rowHeight;
  const bottom = headHeight + top + rowHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
}

function useScroll(box: { readonly current: HTMLElement | null }) {
  const [view, setView] = useState({ scrollTop: 0, height: 600 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const read = () => setView({ scrollTop: element.scrollTop, height: element.clientHeight });
    read();
    const sizes = new ResizeObserver(read);
    sizes.observe(element);
    element.addEventListener('scroll', read, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', read);
    };
  }, [box]);
  return view;
}

function useMatch(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const read = () => setMatches(list.matches);
    list.addEventListener('change', read);
    return () => list.removeEventListener('change', read);
  }, [query]);
  return matches;
}
