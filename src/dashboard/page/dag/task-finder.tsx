// Owns finding a task of the graph by its name: what is typed gives a short list, Enter takes the first of it.

import { useState } from 'preact/hooks';
import { SearchField } from '../search-field.tsx';
import { StateMark } from '../state-mark.tsx';
import { stateOfCode } from '../state-shapes.ts';
import { findTasks } from './task-search.ts';

const MAX_SHOWN = 8;

interface TaskFinderProps {
  readonly names: readonly string[];
  readonly states: readonly number[];
  onFind(task: number): void;
}

/** A search field over the names of the tasks. */
export function TaskFinder({ names, states, onFind }: TaskFinderProps) {
  const [text, setText] = useState('');
  const { tasks, total } = findTasks(names, text, MAX_SHOWN);
  const take = (task: number) => {
    setText('');
    onFind(task);
  };
  return (
    <search class="dag-finder">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          // What is in the field now: it tells of its text only when the typing rests.
          const typed = event.currentTarget.querySelector('input')?.value ?? text;
          const [first] = findTasks(names, typed, 1).tasks;
          if (first !== undefined) take(first);
          else setText(typed);
        }}
      >
        <SearchField label="Find a task" value={text} onSearch={setText} />
      </form>
      {text.trim() === '' ? null : (
        <div class="dag-found">
          <p class="faint" role="status">
            {total === 0 ? 'No task has this in its name.' : `${total} found`}
          </p>
          <ul>
            {tasks.map((task) => (
              <li key={task}>
                <button type="button" class="quiet" onClick={() => take(task)}>
                  <StateMark state={stateOfCode(states[task] ?? 0)} />
                  <span class="dag-found-name">{names[task]}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </search>
  );
}
