// Owns the list of runs: live, with filters, search and pages, all of them in the address.

import { useEffect, useRef, useState } from 'preact/hooks';
import { RUN_STANDINGS, type RunStanding, type RunsPage as RunsPageDocument } from '../../wire.ts';
import type { RunsQuery } from '../api-client.ts';
import { useDashboard, useDocument, useFrames, useInterest } from '../dashboard-context.tsx';
import { Command, EmptyState, FaultState } from '../empty-state.tsx';
import { countText, pluralText } from '../figures.ts';
import { navigate, useTitle } from '../navigation.tsx';
import { ALL_RUNS, formatRoute, RUN_KINDS, type RunsRoute } from '../router.ts';
import { applyRunsFrame } from '../runs-list.ts';
import { SearchField } from '../search-field.tsx';
import { StateMark } from '../state-mark.tsx';
import { RunsTable } from './runs-table.tsx';
import './runs.css';

const PAGE_SIZE = 50;
/** New rows in a busy place are fetched at most this often. */
const REFETCH_MS = 1_000;

/** `#/runs` */
export function RunsPage({ route }: { readonly route: RunsRoute }) {
  useTitle('Runs');
  useInterest({ runs: true });
  const query = queryOf(route);
  const { page, fault, refetch } = useRunsPage(query);
  const announced = page === null ? '' : `${pluralText(page.total, 'run')} found`;
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Runs</h1>
        <SearchField
          label="Search runs by id or name"
          value={route.search}
          onSearch={(search) => navigate({ ...route, search, pageNumber: 1 }, 'replace')}
        />
      </div>
      <RunsFilters route={route} counts={page?.counts ?? {}} />
      <p class="visually-hidden" role="status">
        {announced}
      </p>
      {fault === null ? null : page === null ? (
        <FaultState title="The runs could not be listed" fault={fault} onRetry={refetch} />
      ) : (
        <p class="strip strip-bad" role="alert">
          The list could not be brought up to date: {fault.message}
        </p>
      )}
      {page === null ? null : <RunsBody page={page} route={route} />}
    </>
  );
}

function RunsBody({ page, route }: { readonly page: RunsPageDocument; readonly route: RunsRoute }) {
  if (page.runs.length > 0) {
    return (
      <>
        <RunsTable runs={page.runs} />
        <Pager route={route} total={page.total} shown={page.runs.length} />
      </>
    );
  }
  const isFiltered = formatRoute(route) !== formatRoute(ALL_RUNS);
  return isFiltered ? <NothingFound route={route} /> : <NoRuns />;
}

function NothingFound({ route }: { readonly route: RunsRoute }) {
  return (
    <EmptyState title="No run matches">
      <p>
        {route.search === ''
          ? 'There are runs, but none that these filters let through.'
          : 'Ids and names are searched, not outputs.'}
      </p>
      <p>
        <a href={formatRoute(ALL_RUNS)}>Show all runs</a>
      </p>
    </EmptyState>
  );
}

function NoRuns() {
  const { welcome } = useDashboard();
  const folder = welcome === null || welcome.source !== 'record' ? '' : ` --data-dir ${shellWord(welcome.place)}`;
  return (
    <EmptyState title="No runs yet">
      <p>Start a workflow in a shell; it appears here at once:</p>
      <Command text={`yardmaster run <workflow>${folder}`} />
      <p>To watch a run from within its own process, start it with its dashboard:</p>
      <Command text="yardmaster run <workflow> --dashboard" />
    </EmptyState>
  );
}

function RunsFilters({
  route,
  counts,
}: {
  readonly route: RunsRoute;
  readonly counts: Readonly<Record<string, number>>;
}) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const standings = RUN_STANDINGS.filter((each) => (counts[each] ?? 0) > 0 || each === route.standing);
  const chip = (standing: RunStanding | null, count: number) => (
    <button
      key={standing ?? 'all'}
      type="button"
      class="chip"
      aria-pressed={route.standing === standing}
      onClick={() => navigate({ ...route, standing, pageNumber: 1 })}
    >
      {standing === null ? null : <StateMark state={standing} isDecorative />}
      {standing ?? 'all'} <span class="count">{countText(count)}</span>
    </button>
  );
  return (
    <div class="filters">
      <fieldset class="chips" aria-label="Runs by standing">
        {chip(null, all)}
        {standings.map((standing) => chip(standing, counts[standing] ?? 0))}
      </fieldset>
      <fieldset class="kinds" aria-label="Runs by kind">
        {([null, ...RUN_KINDS] as const).map((kind) => (
          <button
            key={kind ?? 'all'}
            type="button"
            class="chip"
            aria-pressed={route.kind === kind}
            onClick={() => navigate({ ...route, kind, pageNumber: 1 })}
          >
            {kind === null ? 'workflows and tasks' : `${kind}s`}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

function Pager({ route, total, shown }: { readonly route: RunsRoute; readonly total: number; readonly shown: number }) {
  const first = (route.pageNumber - 1) * PAGE_SIZE + 1;
  const last = first + shown - 1;
  const turn = (pageNumber: number) => {
    navigate({ ...route, pageNumber });
    scrollTo(0, 0);
  };
  if (total <= PAGE_SIZE && route.pageNumber === 1) return null;
  return (
    <nav class="pager" aria-label="Pages of runs">
      <button type="button" disabled={route.pageNumber === 1} onClick={() => turn(route.pageNumber - 1)}>
        Newer
      </button>
      <span>
        {countText(first)}–{countText(last)} of {countText(total)}
      </span>
      <button type="button" disabled={last >= total} onClick={() => turn(route.pageNumber + 1)}>
        Older
      </button>
    </nav>
  );
}

// The page of runs as fetched, with what the stream said since.
function useRunsPage(query: RunsQuery) {
  const fetched = useDocument(JSON.stringify(query), (api, signal) => api.runs(query, signal));
  const [page, setPage] = useState(fetched.document);
  const refetchTimer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    // While another filter's answer is on its way, the rows of the last one stay.
    if (fetched.document !== null) setPage(fetched.document);
  }, [fetched.document]);
  useEffect(
    () => () => {
      if (refetchTimer.current !== null) clearTimeout(refetchTimer.current);
    },
    [],
  );
  useFrames('runs', (frame) => {
    if (page === null) return;
    const change = applyRunsFrame(page, query, frame);
    setPage(change.page);
    if (!change.isStale || refetchTimer.current !== null) return;
    refetchTimer.current = setTimeout(() => {
      refetchTimer.current = null;
      fetched.refetch();
    }, REFETCH_MS);
  });
  return { page, fault: fetched.fault, refetch: fetched.refetch };
}

function queryOf(route: RunsRoute): RunsQuery {
  const { kind, standing, search, pageNumber } = route;
  return { kind, standing, search, skip: (pageNumber - 1) * PAGE_SIZE, limit: PAGE_SIZE };
}

function shellWord(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
