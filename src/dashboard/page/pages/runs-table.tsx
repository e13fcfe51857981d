// Owns the rows of the list of runs: a table where there is room, cards where there is not, by its style sheet alone.

import type { RunSummary } from '../../wire.ts';
import { useDashboard } from '../dashboard-context.tsx';
import { agoText, clockText, countText, exactTimeText, shareText } from '../figures.ts';
import { formatRoute, routeOfRun } from '../router.ts';
import { RunDuration, type Segment, StandingLabel, StateBar } from '../run-figures.tsx';
import { useNow } from '../server-clock.tsx';

const AGO_MS = 10_000;

/** The runs of one page. */
export function RunsTable({ runs }: { readonly runs: readonly RunSummary[] }) {
  const { clock } = useDashboard();
  const now = useNow(clock, AGO_MS);
  return (
    <table class="runs">
      <caption class="visually-hidden">Runs, newest first</caption>
      <thead>
        <tr>
          {['Standing', 'Workflow', 'Run', 'Started', 'Duration', 'Progress'].map((title) => (
            <th key={title} scope="col" class={`column-${title.toLowerCase()}`}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow key={run.runId} run={run} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function RunRow({ run, now }: { readonly run: RunSummary; readonly now: number }) {
  const href = formatRoute(routeOfRun(run.runId));
  const startedAt = run.startedAt ?? run.createdAt;
  return (
    <tr>
      <td class="column-standing">
        <StandingLabel standing={run.standing} />
      </td>
      <th scope="row" class="column-workflow">
        <a class="row-link" href={href}>
          {run.workflow}
        </a>
        {run.kind === 'task' ? <span class="tag">task</span> : null}
        {run.rerunOf === null ? null : <span class="tag">rerun</span>}
        {run.reason === null ? null : <span class="reason">{run.reason}</span>}
      </th>
      <td class="column-run mono" title={run.runId}>
        {run.runId}
      </td>
      <td class="column-started" title={exactTimeText(startedAt)}>
        <time dateTime={new Date(startedAt).toISOString()}>{clockText(startedAt, now)}</time>{' '}
        <span class="faint">{agoText(startedAt, now)}</span>
      </td>
      <td class="column-duration">
        <RunDuration run={run} />
      </td>
      <td class="column-progress">
        <RunProgress run={run} />
      </td>
    </tr>
  );
}

function RunProgress({ run }: { readonly run: RunSummary }) {
  const { ends, steps } = run;
  if (ends === null) return <span class="faint">{countText(steps)} tasks</span>;
  const segments: Segment[] = [
    { state: 'completed', count: ends.completed },
    { state: 'skipped', count: ends.skipped },
    { state: 'cancelled', count: ends.cancelled },
    { state: 'failed', count: ends.failed },
  ];
  const ended = segments.reduce((sum, { count }) => sum + count, 0);
  const others = segments.slice(1).filter(({ count }) => count > 0);
  return (
    <div class="run-progress">
      <StateBar segments={segments} total={steps} />
      <span class="progress-count">
        {countText(ended)}/{countText(steps)} <span class="faint">{shareText(ended, steps)}</span>
      </span>
      {others.map(({ state, count }) => (
        <span key={state} class={`progress-other state-text-${state}`}>
          {countText(count)} {state}
        </span>
      ))}
    </div>
  );
}
