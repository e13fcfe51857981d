// Owns how the list of runs follows the stream: rows on view change in place; whatever could change which rows are on
// view (new runs, runs that left or joined a filter) asks for the page again.

import type { RunSummary, RunsFrame, RunsPage } from '../wire.ts';
import type { RunsQuery } from './api-client.ts';

/** The page after a frame, and whether the server has to say which rows it holds now. */
export interface RunsListChange {
  readonly page: RunsPage;
  readonly isStale: boolean;
}

/** Puts a frame on a page of the list. */
export function applyRunsFrame(page: RunsPage, query: RunsQuery, frame: RunsFrame): RunsListChange {
  const changed = new Map(frame.changed.map((run) => [run.runId, run]));
  const onView = new Set(page.runs.map(({ runId }) => runId));
  const runs = page.runs.map((run) => changed.get(run.runId) ?? run);
  const hasLeft = runs.some((run) => changed.has(run.runId) && !matches(run, query));
  const hasCome = frame.changed.some((run) => !onView.has(run.runId) && matches(run, query) && belongs(run, page));
  return { page: { runs, total: page.total, counts: frame.counts }, isStale: hasLeft || hasCome };
}

/** Whether a run is among those that a query asks for. */
export function matches(run: RunSummary, query: RunsQuery): boolean {
  if (query.kind !== null && run.kind !== query.kind) return false;
  if (query.standing !== null && run.standing !== query.standing) return false;
  const search = query.search.toLowerCase();
  return search === '' || run.runId.toLowerCase().includes(search) || run.workflow.toLowerCase().includes(search);
}

// Changes of runs that lie on a later page are nothing to this one; new runs come first and move everything.
function belongs(run: RunSummary, page: RunsPage): boolean {
  const last = page.runs.at(-1);
  return last === undefined || run.createdAt >= last.createdAt;
}
