// Owns the table of a task's attempts: where and when each ran, how it ended, and its error, folded.

import { useState } from 'preact/hooks';
import type { TaskDocument } from '../../wire.ts';
import { durationText, exactTimeText } from '../figures.ts';
import { timeOfDayText } from '../time-of-day.ts';
import { lookOf } from '../timeline/outcome-looks.ts';
import { OutcomeSample } from '../timeline/timeline-legend.tsx';
import { ErrorView } from './value-view.tsx';

type Attempt = TaskDocument['attempts'][number];

/** The attempts of a task; `now` is when those that run are looked at. */
export function TaskAttempts({ task, now }: { task: TaskDocument; now: number }) {
  const { attempts, maxAttempts, timeoutMs } = task;
  const limits = [
    maxAttempts === null ? null : `at most ${maxAttempts}`,
    timeoutMs === null ? null : `${durationText(timeoutMs)} each`,
  ].filter((limit) => limit !== null);
  return (
    <section class="task-part" aria-labelledby="task-attempts">
      <div class="task-part-head">
        <h3 id="task-attempts">Attempts</h3>
        <span class="faint">{limits.join(', ')}</span>
      </div>
      {attempts.length === 0 ? (
        <p class="faint">None yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="task-table" tabIndex={0} aria-label="Attempts of the task">
          <table>
            <thead>
              <tr>
                <th scope="col">No.</th>
                <th scope="col">Outcome</th>
                <th scope="col">Where</th>
                <th scope="col">Start</th>
                <th scope="col" class="number">
                  Duration
                </th>
              </tr>
            </thead>
            <tbody>
              {attempts.map((attempt) => (
                <AttemptRows key={attempt.attempt} attempt={attempt} now={now} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

function AttemptRows({ attempt, now }: { attempt: Attempt; now: number }) {
  const { attempt: number, outcome, threadId, startedAt, endedAt, error } = attempt;
  const [isOpen, setOpen] = useState(false);
  const id = `task-attempt-${number}`;
  return (
    <>
      <tr>
        <td>{number}</td>
        <td class="task-outcome">
          <OutcomeSample outcome={outcome} />
          {lookOf(outcome).words}
          {error === null ? null : (
            <button
              type="button"
              class="task-fold"
              aria-expanded={isOpen}
              aria-controls={id}
              onClick={() => setOpen(!isOpen)}
            >
              {isOpen ? 'Hide error' : 'Error'}
            </button>
          )}
        </td>
        <td>{whereText(threadId)}</td>
        <td>
          <time dateTime={new Date(startedAt).toISOString()} title={exactTimeText(startedAt)}>
            {timeOfDayText(startedAt)}
          </time>
        </td>
        <td class="number">{durationText((endedAt ?? now) - startedAt)}</td>
      </tr>
      {error === null || !isOpen ? null : (
        <tr id={id}>
          <td colSpan={5}>
            <ErrorView error={error} label={`Attempt ${number}`} />
          </td>
        </tr>
      )}
    </>
  );
}

function whereText(threadId: number | null): string {
  if (threadId === null) return 'not on record';
  return threadId === 0 ? 'main loop' : `thread ${threadId}`;
}
