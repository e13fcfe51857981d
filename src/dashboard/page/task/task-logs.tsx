// Owns the view of a task's log: lines at least as grave as chosen, following the end until someone scrolls up.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TaskDocument } from '../../wire.ts';
import { exactTimeText, pluralText } from '../figures.ts';
import { timeOfDayText } from '../time-of-day.ts';
import { LOG_LEVELS, type LogLevel, levelOf, linesFrom } from './log-filter.ts';

type Logs = TaskDocument['logs'];

/** Within so many pixels of the end it counts as being at the end. */
const END_PX = 24;

/** What a task has said. */
export function TaskLogs({ logs }: { logs: Logs }) {
  const [least, setLeast] = useState<LogLevel>('debug');
  const lines = useMemo(() => linesFrom(logs.lines, least), [logs.lines, least]);
  const { list, isFollowing, follow, scrolled } = useFollowing(logs.omitted + lines.length);
  return (
    <section class="task-part" aria-labelledby="task-logs">
      <div class="task-part-head">
        <h3 id="task-logs">Log</h3>
        <label>
          <span class="faint">from level</span>{' '}
          <select
            value={least}
            onChange={(event) => setLeast(LOG_LEVELS.find((each) => each === event.currentTarget.value) ?? 'debug')}
          >
            {LOG_LEVELS.map((level) => (
              <option key={level} value={level}>
                {level}
              </option>
            ))}
          </select>
        </label>
        {isFollowing ? null : (
          <button type="button" onClick={follow}>
            Follow the end
          </button>
        )}
      </div>
      <p class="faint">{noteOf(logs, lines.length)}</p>
      {lines.length === 0 ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="task-log" ref={list} onScroll={scrolled} tabIndex={0} aria-label="Log lines">
          <ol>
            {lines.map((line, index) => (
              <LogLine key={logs.omitted + index} line={line} />
            ))}
          </ol>
        </section>
      )}
    </section>
  );
}

function LogLine({ line: { at, kind, message, fields } }: { line: Logs['lines'][number] }) {
  const ms = Date.parse(at);
  const isKnown = Number.isFinite(ms);
  return (
    <li class={`task-log-line is-${levelOf(kind) ?? 'other'}`}>
      <time dateTime={isKnown ? at : undefined} title={isKnown ? exactTimeText(ms) : undefined}>
        {isKnown ? timeOfDayText(ms) : at}
      </time>
      <span class="task-log-level">{kind}</span>
      <span class="task-log-message">
        {message}
        {fields === null ? null : <code>{fields}</code>}
      </span>
    </li>
  );
}

function noteOf(logs: Logs, shown: number): string {
  if (logs.since === null && logs.lines.length === 0)
    return 'This place keeps no logs: they are told while an engine runs in the same process.';
  if (logs.lines.length === 0) return 'It has logged nothing.';
  const omitted = logs.omitted > 0 ? `; ${pluralText(logs.omitted, 'earlier line')} not kept` : '';
  return `${pluralText(shown, 'line')} of ${logs.lines.length}${omitted}`;
}

function useFollowing(end: number) {
  const list = useRef<HTMLElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  const toEnd = () => {
    const element = list.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  };
  // `end` is not read: it says that lines have come.
  useEffect(() => {
    if (isFollowing) toEnd();
  }, [end, isFollowing]);
  const scrolled = () => {
    const element = list.current;
    if (element === null) return;
    setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight <= END_PX);
  };
  const follow = () => setFollowing(true);
  return { list, isFollowing, follow, scrolled };
}
