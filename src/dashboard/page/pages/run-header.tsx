// Owns the head of a run's page: what it is, how it stands, its figures, what may be done to it.

import { useMemo } from 'preact/hooks';
import { type RunDocument, TASK_STATES } from '../../wire.ts';
import { useDashboard } from '../dashboard-context.tsx';
import { CopyButton, Prose } from '../empty-state.tsx';
import { agoText, clockText, countText, durationText, exactTimeText, pluralText, shareText } from '../figures.ts';
import { formatRoute, type RunRoute, routeOfRun } from '../router.ts';
import { RunDuration, StandingLabel, StateBar } from '../run-figures.tsx';
import { useNow } from '../server-clock.tsx';
import { StateMark } from '../state-mark.tsx';
import { countStates } from '../task-counts.ts';
import { RunButtons } from './run-buttons.tsx';

const TICK_MS = 10_000;

interface RunHeaderProps {
  readonly run: RunDocument;
  readonly route: RunRoute;
}

/** The head of the page of a run. */
export function RunHeader({ run, route }: RunHeaderProps) {
  const { summary } = run;
  return (
    <header class="run-head">
      <div class="run-title">
        <h1 tabIndex={-1}>{summary.workflow}</h1>
        <StandingLabel standing={summary.standing} />
        <RunButtons run={run} />
      </div>
      {/* Each turn of the run is read out; its frames are not. */}
      <p class="visually-hidden" role="status">
        The run is {summary.standing}
      </p>
      {run.description === null ? null : <p class="run-description faint">{run.description}</p>}
      <RunFacts run={run} route={route} />
      <RunStrips run={run} />
      <TaskCounts run={run} route={route} />
    </header>
  );
}

function RunFacts({ run, route }: RunHeaderProps) {
  const { summary } = run;
  const { clock } = useDashboard();
  const now = useNow(clock, TICK_MS);
  const startedAt = summary.startedAt ?? summary.createdAt;
  const isOpen = summary.endedAt === null;
  return (
    <dl class="facts">
      <div>
        <dt>Run</dt>
        <dd class="with-button">
          <bdi class="mono run-id">{summary.runId}</bdi> <CopyButton text={summary.runId} what="run id" />
        </dd>
      </div>
      <div>
        <dt>{summary.startedAt === null ? 'Created' : 'Started'}</dt>
        <dd title={exactTimeText(startedAt)}>
          {clockText(startedAt, now)} <span class="faint">{agoText(startedAt, now)}</span>
        </dd>
      </div>
      <div>
        <dt>Duration</dt>
        <dd>
          <RunDuration run={summary} />
        </dd>
      </div>
      <div>
        <dt>Mode</dt>
        <dd>
          {run.mode.replaceAll('_', ' ')}
          {run.maxParallel === null ? null : <span class="faint">, at most {countText(run.maxParallel)} at once</span>}
        </dd>
      </div>
      {run.deadlineAt === null || !isOpen ? null : (
        <div>
          <dt>Deadline</dt>
          <dd title={exactTimeText(run.deadlineAt)}>
            {run.deadlineAt > now ? `in ${durationText(run.deadlineAt - now)}` : 'has passed'}
          </dd>
        </div>
      )}
      <Parameters run={run} route={route} />
      <Origins run={run} />
    </dl>
  );
}

function Origins({ run }: { readonly run: RunDocument }) {
  const { recoveries, rerunOf } = run.summary;
  return (
    <>
      {recoveries === 0 ? null : (
        <div>
          <dt>Taken up again</dt>
          <dd>{pluralText(recoveries, 'time')}</dd>
        </div>
      )}
      {rerunOf === null ? null : (
        <div>
          <dt>Rerun of</dt>
          <dd>
            <a class="mono run-id" href={formatRoute(routeOfRun(rerunOf))}>
              {rerunOf}
            </a>
          </dd>
        </div>
      )}
    </>
  );
}

function Parameters({ run, route }: RunHeaderProps) {
  const count = Object.keys(run.parameters ?? {}).length;
  if (count === 0) return null;
  return (
    <div>
      <dt>Parameters</dt>
      <dd>
        <a href={formatRoute({ ...route, tab: 'events' })}>{countText(count)}</a>
      </dd>
    </div>
  );
}

// What a person has to know before anything else.
function RunStrips({ run }: { readonly run: RunDocument }) {
  const { summary } = run;
  const isOpen = summary.endedAt === null;
  const held = run.heldBecause ?? (summary.standing === 'parked' ? summary.reason : null);
  return (
    <>
      {held === null ? null : (
        <p class="strip strip-warning">
          Nobody goes on with this run: <Prose text={held} />
        </p>
      )}
      {isOpen && run.cancelRequested !== null ? (
        <p class="strip strip-warning">It is being cancelled: {run.cancelRequested}</p>
      ) : null}
      {summary.reason === null || summary.reason === held ? null : (
        <p class={`strip ${summary.standing === 'failed' ? 'strip-bad' : ''}`}>
          {summary.standing === 'cancelled' ? 'Cancelled: ' : ''}
          <Prose text={summary.reason} />
        </p>
      )}
      {run.hasDefinition ? null : (
        <p class="strip">
          The workflow's definition is not on record any more: its tasks are shown without dependencies.
        </p>
      )}
    </>
  );
}

function TaskCounts({ run, route }: RunHeaderProps) {
  const { states } = run.tasks;
  const counts = useMemo(() => countStates(states), [states]);
  const total = states.length;
  const ended = counts.completed + counts.failed + counts.cancelled + counts.skipped;
  const order = ['completed', 'skipped', 'cancelled', 'failed', 'cancelling', 'retrying', 'running'] as const;
  return (
    <div class="task-counts">
      <StateBar segments={order.map((state) => ({ state, count: counts[state] }))} total={total} />
      <span class="progress-count">
        {countText(ended)}/{countText(total)} <span class="faint">{shareText(ended, total)}</span>
      </span>
      <ul class="chips" aria-label="Tasks by state">
        {TASK_STATES.filter((state) => counts[state] > 0).map((state) => (
          <li key={state}>
            <a class="count-link" href={formatRoute({ ...route, tab: 'tasks', state, search: '' })}>
              <StateMark state={state} isDecorative /> {countText(counts[state])} {state}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
