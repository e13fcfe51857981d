// Owns the rows of the list of tasks: only those in view are in the document, so that ten thousand tasks scroll as ten
// do. The keyboard moves an active row; Enter selects it.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RunDocument } from '../../wire.ts';
import { pluralText } from '../figures.ts';
import { StateLabel } from '../run-figures.tsx';
import { stateOfCode } from '../state-shapes.ts';
import { rowsInView } from '../task-counts.ts';

const ROW_HEIGHT = 30;
const NARROW_ROW_HEIGHT = 52;
/** Of the head, which stays in view; there is none on a narrow screen. */
const HEAD_HEIGHT = 26;
const NARROW = '(max-width: 720px)';
const COLUMNS = [
  ['task-state', 'State'],
  ['task-name', 'Task'],
  ['task-action', 'Action'],
  ['task-progress', 'Progress'],
  ['task-attempts', 'Attempts'],
  ['task-level', 'Level and priority'],
] as const;
const PRIORITIES = ['critical', 'high', 'normal', 'low', 'background'];

interface TaskRowsProps {
  readonly run: RunDocument;
  readonly chosen: readonly number[];
  readonly selected: string | null;
  onSelect(task: string | null): void;
}

/** Chosen tasks, by index, as a grid. */
export function TaskRows({ run, chosen, selected, onSelect }: TaskRowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const rowHeight = useMatch(NARROW) ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
  const { scrollTop, height } = useScroll(box);
  const place = placeOf(run, chosen, selected);
  const { active, move, keys } = useActiveRow(box, rowHeight, height, chosen.length, { name: selected, place });
  const { first, end } = rowsInView(scrollTop, height, rowHeight, chosen.length);
  const { names } = run.tasks;
  return (
    <div ref={box} class="task-rows">
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose rows the keyboard walks is a grid
        role="grid"
        aria-label="Tasks"
        aria-rowcount={chosen.length + 1}
        aria-activedescendant={active >= first && active < end ? `task-row-${active}` : undefined}
        tabIndex={0}
        onKeyDown={(event) => {
          const to = keys[event.key];
          const name = names[chosen[active] ?? -1];
          if (to !== undefined) move(to);
          else if (event.key === 'Enter' && name !== undefined) onSelect(name);
          else return;
          event.preventDefault();
        }}
      >
        <TaskHead />
        <tbody style={{ height: `${chosen.length * rowHeight}px` }}>
          {chosen.slice(first, end).map((task, offset) => (
            <TaskRow
              key={task}
              run={run}
              task={task}
              place={first + offset}
              rowHeight={rowHeight}
              isActive={first + offset === active}
              isSelected={names[task] === selected}
              onPress={() => {
                move(first + offset);
                onSelect(names[task] ?? null);
              }}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TaskHead() {
  return (
    <thead>
      <tr>
        {COLUMNS.map(([column, title]) => (
          <th key={column} scope="col" class={column}>
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

// The row that the keyboard is on, and where each key leads; it follows what is selected elsewhere.
function useActiveRow(
  box: { readonly current: HTMLElement | null },
  rowHeight: number,
  height: number,
  rows: number,
  selected: { readonly name: string | null; readonly place: number },
) {
  const [wanted, setWanted] = useState(Math.max(0, selected.place));
  const active = Math.min(wanted, rows - 1);
  const move = (to: number) => {
    const place = Math.max(0, Math.min(rows - 1, to));
    setWanted(place);
    if (box.current !== null) scrollInto(box.current, place, rowHeight);
  };
  // By name: its place moves while tasks join and leave a filter, and nobody wants to be scrolled along.
  useEffect(() => {
    if (selected.place >= 0) move(selected.place);
  }, [selected.name, rowHeight]);
  const page = Math.max(1, Math.floor(height / rowHeight) - 1);
  const keys: Readonly<Record<string, number>> = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: rows - 1,
  };
  return { active, move, keys };
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
function scrollInto(box: HTMLElement, place: number, rowHeight: number): void {
  const headHeight = matchMedia(NARROW).matches ? 0 : HEAD_HEIGHT;
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
