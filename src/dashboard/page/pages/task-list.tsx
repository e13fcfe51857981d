// Owns the view that lists a run's tasks: its filters and its search, both in the address.

import { useMemo } from 'preact/hooks';
import { type RunDocument, TASK_STATES } from '../../wire.ts';
import { EmptyState } from '../empty-state.tsx';
import { countText, pluralText } from '../figures.ts';
import { navigate } from '../navigation.tsx';
import type { RunRoute } from '../router.ts';
import { SearchField } from '../search-field.tsx';
import { StateMark } from '../state-mark.tsx';
import { chooseTasks, countStates } from '../task-counts.ts';
import { TaskRows } from './task-rows.tsx';

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
