// Owns the panel of one task: what it is and does, why it waits, its statechart, attempts, values and log.
// Names, messages and values are the words of workflows and tasks: they are shown as text and never as anything else.

import type { StatechartDocument, TaskDocument } from '../../wire.ts';
import { useDashboard } from '../dashboard-context.tsx';
import { durationText, shareText } from '../figures.ts';
import { StateLabel } from '../run-figures.tsx';
import { useNow } from '../server-clock.tsx';
import { Statechart } from '../statechart/statechart.tsx';
import { TaskAttempts } from './task-attempts.tsx';
import { TaskLinks } from './task-links.tsx';
import { TaskLogs } from './task-logs.tsx';
import { ErrorView, ValueView } from './value-view.tsx';
import './task.css';

interface TaskPanelProps {
  readonly task: TaskDocument;
  /** null = it has not come yet. */
  readonly chart: StatechartDocument | null;
  readonly canCancel: boolean;
  onCancel(): void;
  onSelect(task: string): void;
  onClose(): void;
}

const TICK_MS = 1_000;

/** All there is to know of a task, live. */
export function TaskPanel({ task, chart, canCancel, onCancel, onSelect, onClose }: TaskPanelProps) {
  const { clock } = useDashboard();
  const isUnderWay = task.attempts.some(({ endedAt }) => endedAt === null) || task.waiting !== null;
  const now = useNow(clock, isUnderWay ? TICK_MS : null);
  const { statechart } = task;
  return (
    <div class="task-panel">
      <TaskHeader task={task} canCancel={canCancel} onCancel={onCancel} onClose={onClose} />
      <TaskStanding task={task} now={now} />
      <section class="task-part" aria-labelledby="task-chart">
        <h3 id="task-chart">Statechart</h3>
        {statechart.current === null ? (
          <p class="faint">{notYetText(task)}</p>
        ) : statechart.omitted > 0 ? (
          <p class="faint">{statechart.omitted} earlier steps are not kept: numbers count from the first that is.</p>
        ) : null}
        {chart === null ? (
          <p class="faint">Fetching the machine…</p>
        ) : (
          <Statechart chart={chart} current={statechart.current} path={statechart.path} />
        )}
      </section>
      <TaskAttempts task={task} now={now} />
      <TaskValues task={task} />
      <section class="task-part task-both-links" aria-label="Dependencies and dependents">
        <TaskLinks title="Depends on" tasks={task.dependencies} onSelect={onSelect} />
        <TaskLinks title="Needed by" tasks={task.dependents} onSelect={onSelect} />
      </section>
      <TaskLogs logs={task.logs} />
    </div>
  );
}

type HeaderProps = Pick<TaskPanelProps, 'task' | 'canCancel' | 'onCancel' | 'onClose'>;

function TaskHeader({ task, canCancel, onCancel, onClose }: HeaderProps) {
  const resources = Object.entries(task.resources).map(([id, units]) => `${units} × ${id}`);
  return (
    <header class="task-header">
      <div class="task-title">
        <h2>{task.name}</h2>
        <button type="button" class="icon quiet" aria-label="Close the task" onClick={onClose}>
          ✕
        </button>
      </div>
      <p class="task-facts">
        <StateLabel state={task.state} />
        <code>
          {task.module}.{task.action}
        </code>
        <span class="faint">priority {task.priority}</span>
        {resources.length === 0 ? null : <span class="faint">needs {resources.join(', ')}</span>}
        {canCancel ? (
          <button type="button" class="danger" onClick={onCancel}>
            Cancel task
          </button>
        ) : null}
      </p>
    </header>
  );
}

function TaskStanding({ task, now }: { task: TaskDocument; now: number }) {
  const { waiting, reason, adoptedFrom, progress, error } = task;
  return (
    <div class="task-standing">
      {waiting === null ? null : (
        <p class="task-waiting">
          <strong>Waits:</strong> {waiting.message}
          {waiting.since === null ? null : <span class="faint"> for {durationText(now - waiting.since)}</span>}
        </p>
      )}
      {reason === null ? null : (
        <p>
          <strong>{task.state === 'skipped' ? 'Skipped' : 'Reason'}:</strong> {reason}
        </p>
      )}
      {adoptedFrom === null ? null : (
        <p>
          Taken over from the run <a href={`#/runs/${encodeURIComponent(adoptedFrom)}`}>{adoptedFrom}</a>: it was not
          run again.
        </p>
      )}
      {progress === null ? null : <TaskProgress progress={progress} />}
      {error === null ? null : <ErrorView error={error} label="Error of the task" />}
    </div>
  );
}

function TaskProgress({ progress }: { progress: NonNullable<TaskDocument['progress']> }) {
  const fraction = Math.min(1, Math.max(0, progress.fraction));
  return (
    <div class="task-progress">
      <progress max={1} value={fraction} aria-label="Progress of the task" />
      <span class="task-share">{shareText(fraction, 1)}</span>
      {progress.message === null ? null : <span class="task-progress-message">{progress.message}</span>}
    </div>
  );
}

function TaskValues({ task }: { task: TaskDocument }) {
  const { input, output } = task;
  return (
    <section class="task-part" aria-label="Input and output">
      {input === null ? <p class="faint">No input.</p> : <ValueView title="Input" value={input} isOpen={false} />}
      {output === null ? <p class="faint">No output.</p> : <ValueView title="Output" value={output} isOpen />}
    </section>
  );
}

function notYetText({ state }: TaskDocument): string {
  return state === 'skipped'
    ? 'Its machine never came to life: it was skipped.'
    : 'Its machine comes to life when its last dependency has ended.';
}
