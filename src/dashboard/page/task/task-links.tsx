// Owns the lists of a task's dependencies and dependents, from which one goes to them.

import { useState } from 'preact/hooks';
import type { TaskDocument } from '../../wire.ts';
import { pluralText } from '../figures.ts';
import { StateMark } from '../state-mark.tsx';

/** A task may have thousands; what is on the page at once has a bound. */
const SHOWN_AT_FIRST = 12;
const SHOWN_AT_MOST = 500;

interface TaskLinksProps {
  readonly title: string;
  readonly tasks: TaskDocument['dependencies'];
  onSelect(task: string): void;
}

/** Other tasks, with the states they are in. */
export function TaskLinks({ title, tasks, onSelect }: TaskLinksProps) {
  const [isAll, setAll] = useState(false);
  const shown = tasks.slice(0, isAll ? SHOWN_AT_MOST : SHOWN_AT_FIRST);
  const hidden = tasks.length - shown.length;
  return (
    <div class="task-links">
      <h3>
        {title} <span class="faint">{tasks.length}</span>
      </h3>
      {tasks.length === 0 ? <p class="faint">None.</p> : null}
      <ul>
        {shown.map(({ name, state }) => (
          <li key={name}>
            <button type="button" class="task-link" onClick={() => onSelect(name)}>
              <StateMark state={state} isDecorative />
              <span class="task-link-name">{name}</span>
              <span class="faint">{state}</span>
            </button>
          </li>
        ))}
      </ul>
      {hidden > 0 && isAll ? <p class="faint">and {pluralText(hidden, 'other')}; the tab Tasks lists all.</p> : null}
      {hidden > 0 && !isAll ? (
        <button type="button" onClick={() => setAll(true)}>
          {hidden} more
        </button>
      ) : null}
    </div>
  );
}
