// Owns the page of the engine as a whole: health, resources, threads, and figures over time.

import { useEffect, useState } from 'preact/hooks';
import type { SystemDocument } from '../../wire.ts';
import { useDocument, useFrames, useInterest } from '../dashboard-context.tsx';
import { Command, EmptyState, FaultState, Prose } from '../empty-state.tsx';
import { bytesText, countText, durationText, tickingText } from '../figures.ts';
import { useTitle } from '../navigation.tsx';
import {
  applySystemFrame,
  loopSeries,
  memorySeries,
  queueSeries,
  rateSeries,
  resourceSeries,
  type Series,
  threadSeries,
} from '../system-feed.ts';
import { TimeChart } from '../time-chart.tsx';
import { ResourceCards } from './resource-cards.tsx';
import './system.css';

/** `#/system` */
export function SystemPage() {
  useTitle('System');
  useInterest({ system: true });
  const fetched = useDocument('system', (api, signal) => api.system(signal));
  const [system, setSystem] = useState<SystemDocument | null>(null);
  useEffect(() => {
    if (fetched.document !== null) setSystem(fetched.document);
  }, [fetched.document]);
  useFrames('system', (frame) => setSystem((old) => (old === null ? old : applySystemFrame(old, frame))));
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>System</h1>
        {system?.uptimeMs === null || system === null ? null : (
          <p class="faint">up for {tickingText(system.uptimeMs)}</p>
        )}
      </div>
      {system === null && fetched.fault !== null ? (
        <FaultState title="The engine could not be asked" fault={fetched.fault} onRetry={fetched.refetch} />
      ) : null}
      {system === null ? null : system.absent === null ? (
        <SystemBody system={system} />
      ) : (
        <Absent text={system.absent} />
      )}
    </>
  );
}

/** Why there is no engine to look at, and how to get one. */
export function Absent({ text }: { readonly text: string }) {
  return (
    <EmptyState title="No engine to look at">
      <p>
        <Prose text={text} />
      </p>
      <Command text="yardmaster run <workflow> --dashboard" />
    </EmptyState>
  );
}

function SystemBody({ system }: { readonly system: SystemDocument }) {
  return (
    <div class="system">
      <Health health={system.health} />
      <section aria-labelledby="resources-title">
        <h2 id="resources-title">Resources</h2>
        <ResourceCards resources={system.resources} />
      </section>
      <Charts system={system} />
      <Threads threads={system.threads} />
    </div>
  );
}

const HEALTH_STATES = { healthy: 'good', degraded: 'warning', unhealthy: 'bad' } as const;

function Health({ health }: { readonly health: SystemDocument['health'] }) {
  if (health === null) return null;
  return (
    <section aria-labelledby="health-title">
      <h2 id="health-title">
        Health: <HealthWord status={health.status} />
      </h2>
      <ul class="health">
        {Object.entries(health.components).map(([name, { status, detail }]) => (
          <li key={name}>
            <span class="health-name">{name}</span> <HealthWord status={status} />
            <span class="faint health-detail">{detail}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const HEALTH_SHAPES = {
  good: 'M2 6.5L5 9.5L10 3',
  warning: 'M6 1.5L11 10.5H1ZM6 5V7.5M6 8.6V9.4',
  bad: 'M2.5 2.5L9.5 9.5M9.5 2.5L2.5 9.5',
  unknown: 'M2.5 6H9.5',
} as const;

function HealthWord({ status }: { readonly status: string }) {
  const look = isHealthState(status) ? HEALTH_STATES[status] : 'unknown';
  return (
    <span class={`health-word health-${look}`}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        <path d={HEALTH_SHAPES[look]} />
      </svg>
      {status}
    </span>
  );
}

function isHealthState(status: string): status is keyof typeof HEALTH_STATES {
  return Object.hasOwn(HEALTH_STATES, status);
}

interface ChartPlan {
  readonly title: string;
  readonly note: string;
  readonly leastMax: number;
  series(system: SystemDocument): readonly Series[];
  text(value: number): string;
}

const CHARTS: readonly ChartPlan[] = [
  {
    title: 'Resources in use',
    note: 'Share of each one’s capacity',
    leastMax: 100,
    series: resourceSeries,
    text: (value) => `${Math.round(value)} %`,
  },
  {
    title: 'Tasks that wait',
    note: 'Queued, by priority, and waiting for capacity',
    leastMax: 4,
    series: ({ samples }) => queueSeries(samples),
    text: countText,
  },
  {
    title: 'Threads',
    note: 'How many there are, and how many work',
    leastMax: 2,
    series: ({ samples }) => threadSeries(samples),
    text: countText,
  },
  {
    title: 'Event-loop delay',
    note: 'How late the engine’s main loop runs',
    leastMax: 20,
    series: ({ samples }) => loopSeries(samples),
    text: (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`,
  },
  {
    title: 'Throughput',
    note: 'Over the last four measurements',
    leastMax: 4,
    series: ({ samples }) => rateSeries(samples),
    text: (value) => (value < 10 ? value.toFixed(1) : countText(Math.round(value))),
  },
  {
    title: 'Memory',
    note: 'Of the engine’s process',
    leastMax: 64 * 1_024 * 1_024,
    series: ({ samples }) => memorySeries(samples),
    text: bytesText,
  },
];

function Charts({ system }: { readonly system: SystemDocument }) {
  const times = system.samples.map(({ at }) => at);
  return (
    <section aria-labelledby="charts-title">
      <h2 id="charts-title">Over time</h2>
      <p class="faint section-note">Measured every {durationText(system.sampleEveryMs)}, kept for ten minutes.</p>
      <div class="charts">
        {CHARTS.map(({ title, note, leastMax, series, text }) => (
          <TimeChart
            key={title}
            title={title}
            note={note}
            times={times}
            series={series(system)}
            leastMax={leastMax}
            text={text}
          />
        ))}
      </div>
    </section>
  );
}

function Threads({ threads }: { readonly threads: SystemDocument['threads'] }) {
  return (
    <section aria-labelledby="threads-title">
      <h2 id="threads-title">Threads</h2>
      {threads.length === 0 ? (
        <p class="faint">No thread is alive: they are started when there is work for them.</p>
      ) : (
        <table class="plain threads">
          <thead>
            <tr>
              <th scope="col" class="number">
                Thread
              </th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Attempts done
              </th>
              <th scope="col">Task</th>
            </tr>
          </thead>
          <tbody>
            {threads.map(({ threadId, state, completed, task }) => (
              <tr key={threadId}>
                <td class="number">{threadId}</td>
                <td>{state}</td>
                <td class="number">{countText(completed)}</td>
                <td class="thread-task">{task ?? <span class="faint">–</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
