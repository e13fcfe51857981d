// Owns the page of one run: its head, its tabs, and the panel of the task that is selected beside them.

import { useEffect, useRef } from 'preact/hooks';
import type { RunDocument } from '../../wire.ts';
import type { ApiFault } from '../api-client.ts';
import { RunGraph } from '../dag/run-graph.tsx';
import { useDashboard } from '../dashboard-context.tsx';
import { EmptyState, FaultState, Prose } from '../empty-state.tsx';
import { navigate, useTitle } from '../navigation.tsx';
import { formatRoute, RUN_TABS, type RunRoute, type RunTab } from '../router.ts';
import { Timeline } from '../timeline/timeline.tsx';
import { type LiveRun, usePlan, useRun } from '../use-run.tsx';
import { RunEvents } from './run-events.tsx';
import { RunHeader } from './run-header.tsx';
import { TaskList } from './task-list.tsx';
import { TaskSide } from './task-side.tsx';
import './run.css';

const TAB_NAMES: Readonly<Record<RunTab, string>> = {
  graph: 'Graph',
  timeline: 'Timeline',
  tasks: 'Tasks',
  events: 'Events',
};

/** `#/runs/<id>` */
export function RunPage({ route }: { readonly route: RunRoute }) {
  const live = useRun(route.runId, route.tab === 'timeline');
  const { run, fault, refetch } = live;
  useTitle(run === null ? route.runId : `${run.summary.workflow} ${run.summary.standing}`);
  useFreshActions(run);
  const hadFocus = useFocusHandover(run !== null);
  if (run === null) {
    return (
      <>
        <h1
          tabIndex={-1}
          class="run-loading"
          onFocus={() => {
            hadFocus.current = true;
          }}
        >
          Run <span class="mono">{route.runId}</span>
        </h1>
        {fault === null ? null : <MissingRun fault={fault} onRetry={refetch} />}
      </>
    );
  }
  return (
    <>
      <RunHeader run={run} route={route} />
      {fault === null ? null : (
        <p class="strip strip-bad" role="alert">
          What is shown may be old: {fault.message}
        </p>
      )}
      <RunTabs route={route} />
      <div class={`run-body run-body-${route.tab}`}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a tab panel is a stop of the keyboard */}
        <section class="run-main" role="tabpanel" id="run-panel" aria-labelledby={`tab-${route.tab}`} tabIndex={0}>
          <h2 class="visually-hidden">{TAB_NAMES[route.tab]}</h2>
          <RunView live={live} run={run} route={route} />
        </section>
        {route.task === null ? null : (
          <TaskSide
            run={run}
            name={route.task}
            onSelect={(task) => navigate({ ...route, task })}
            onClose={() => navigate({ ...route, task: null })}
          />
        )}
      </div>
    </>
  );
}

function MissingRun({ fault, onRetry }: { readonly fault: ApiFault; onRetry(): void }) {
  if (fault.status !== 404) return <FaultState title="The run could not be shown" fault={fault} onRetry={onRetry} />;
  return (
    <EmptyState title="There is no such run">
      <p>
        <Prose text={fault.message} />
      </p>
      <p>
        <a href="#/runs">Go to the list of runs</a>
      </p>
    </EmptyState>
  );
}

interface RunViewProps {
  readonly live: LiveRun;
  readonly run: RunDocument;
  readonly route: RunRoute;
}

function RunView({ live, run, route }: RunViewProps) {
  const { plan, why } = usePlan(run.summary.runId, route.tab === 'timeline');
  const onSelect = (task: string | null) => navigate({ ...route, task });
  const { timeline } = live;
  switch (route.tab) {
    case 'graph':
      return <RunGraph run={run} selected={route.task} onSelect={onSelect} />;
    case 'timeline':
      return timeline === null ? (
        <p class="loading faint">Fetching the timeline…</p>
      ) : (
        <>
          <Timeline timeline={timeline} run={run} plan={plan} selected={route.task} onSelect={onSelect} />
          {why === null ? null : <p class="faint plan-note">There is no simulated plan: {why}</p>}
        </>
      );
    case 'tasks':
      return <TaskList run={run} route={route} onSelect={onSelect} />;
    case 'events':
      return <RunEvents run={run} />;
  }
}

// Arrow keys move between tabs, as everywhere; the tab itself is in the address.
function RunTabs({ route }: { readonly route: RunRoute }) {
  const list = useRef<HTMLDivElement>(null);
  const go = (tab: RunTab) => {
    navigate({ ...route, tab });
    list.current?.querySelector<HTMLElement>(`#tab-${tab}`)?.focus();
  };
  const move = (event: KeyboardEvent) => {
    const at = RUN_TABS.indexOf(route.tab);
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: RUN_TABS.length - 1,
    };
    const to = steps[event.key];
    const tab = to === undefined ? undefined : RUN_TABS.at(to % RUN_TABS.length);
    if (tab === undefined) return;
    event.preventDefault();
    go(tab);
  };
  return (
    <div ref={list} class="tabs" role="tablist" aria-label="Views of the run" onKeyDown={move}>
      {RUN_TABS.map((tab) => (
        <a
          key={tab}
          id={`tab-${tab}`}
          role="tab"
          href={formatRoute({ ...route, tab })}
          aria-selected={route.tab === tab}
          aria-controls={route.tab === tab ? 'run-panel' : undefined}
          tabIndex={route.tab === tab ? 0 : -1}
        >
          {TAB_NAMES[tab]}
        </a>
      ))}
    </div>
  );
}

// The heading of a run that is on its way has the focus of a page that was just gone to; the real one takes it over.
function useFocusHandover(hasCome: boolean) {
  const hadFocus = useRef(false);
  useEffect(() => {
    if (!hasCome || !hadFocus.current) return;
    hadFocus.current = false;
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('main h1')?.focus();
  }, [hasCome]);
  return hadFocus;
}

// What the server may do depends on who has the run in hand: asked again when the run turns.
function useFreshActions(run: RunDocument | null): void {
  const { refreshWelcome } = useDashboard();
  const standing = run?.summary.standing;
  const last = useRef(standing);
  useEffect(() => {
    if (last.current !== undefined && last.current !== standing) refreshWelcome();
    last.current = standing;
  }, [standing, refreshWelcome]);
}
