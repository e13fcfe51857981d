// Owns the addresses of the page: which view stands behind a hash, and the hash of a view. Everything that makes a view
// (filters, tab, the task that is selected) is in its address, so that reload, back and forward keep it.
// It touches neither history nor location: navigation.tsx does.

import { RUN_STANDINGS, type RunStanding, TASK_STATES, type TaskState } from '../wire.ts';

export const RUN_TABS = ['graph', 'timeline', 'tasks', 'events'] as const;
export type RunTab = (typeof RUN_TABS)[number];

export const RUN_KINDS = ['workflow', 'task'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** The filters of the list of runs. */
export interface RunsRoute {
  readonly view: 'runs';
  readonly kind: RunKind | null;
  readonly standing: RunStanding | null;
  readonly search: string;
  /** From 1. */
  readonly pageNumber: number;
}

export interface RunRoute {
  readonly view: 'run';
  readonly runId: string;
  readonly tab: RunTab;
  /** The task whose panel is open. */
  readonly task: string | null;
  /** Filters of the list of tasks. */
  readonly state: TaskState | null;
  readonly search: string;
}

/** A view of the page. */
export type Route =
  | RunsRoute
  | RunRoute
  | { readonly view: 'system' }
  | { readonly view: 'supervisor' }
  | { readonly view: 'machines'; readonly machine: string | null }
  | { readonly view: 'unknown'; readonly address: string };

/** The list of runs without filters: where the page starts. */
export const ALL_RUNS: RunsRoute = { view: 'runs', kind: null, standing: null, search: '', pageNumber: 1 };

const MAX_PAGE = 1_000_000;

/** The view of a hash, `#` or not in front; an address that means nothing is `unknown`. */
export function parseRoute(hash: string): Route {
  const address = hash.replace(/^#/, '');
  const mark = address.indexOf('?');
  const path = mark < 0 ? address : address.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : address.slice(mark + 1));
  const parts = path.split('/').filter((part) => part !== '');
  const names = parts.map(decoded);
  if (names.includes(undefined)) return { view: 'unknown', address };
  const [view, name, tab] = names;
  if (view === undefined) return ALL_RUNS;
  if (view === 'runs' && names.length === 1) return runsRoute(query);
  if (view === 'runs' && name !== undefined && names.length <= 3) {
    const found = tab === undefined ? RUN_TABS[0] : oneOf(RUN_TABS, tab);
    if (found !== null) return runRoute(name, found, query);
  }
  if (view === 'system' && names.length === 1) return { view };
  if (view === 'supervisor' && names.length === 1) return { view };
  if (view === 'machines' && names.length <= 2) return { view, machine: name ?? null };
  return { view: 'unknown', address };
}

/** The hash of a view, with its `#`; `parseRoute` of it gives the view again. */
export function formatRoute(route: Route): string {
  switch (route.view) {
    case 'runs':
      return `#/runs${runsQuery(route)}`;
    case 'run':
      return `#/runs/${encodeURIComponent(route.runId)}/${route.tab}${runQuery(route)}`;
    case 'system':
    case 'supervisor':
      return `#/${route.view}`;
    case 'machines':
      return route.machine === null ? '#/machines' : `#/machines/${encodeURIComponent(route.machine)}`;
    case 'unknown':
      return `#${route.address}`;
  }
}

/** A run's first view. */
export function routeOfRun(runId: string): RunRoute {
  return { view: 'run', runId, tab: RUN_TABS[0], task: null, state: null, search: '' };
}

/** Whether two views are one page: going between them keeps the focus where it is. */
export function isSamePage(a: Route, b: Route): boolean {
  if (a.view !== b.view) return false;
  if (a.view === 'run' && b.view === 'run') return a.runId === b.runId;
  if (a.view === 'unknown' && b.view === 'unknown') return a.address === b.address;
  return true;
}

function runsRoute(query: URLSearchParams): RunsRoute {
  const page = Number(query.get('page') ?? '1');
  return {
    view: 'runs',
    kind: oneOf(RUN_KINDS, query.get('kind')),
    standing: oneOf(RUN_STANDINGS, query.get('standing')),
    search: query.get('search') ?? '',
    pageNumber: Number.isInteger(page) && page >= 1 && page <= MAX_PAGE ? page : 1,
  };
}

function runRoute(runId: string, tab: RunTab, query: URLSearchParams): RunRoute {
  return {
    view: 'run',
    runId,
    tab,
    task: query.get('task'),
    state: oneOf(TASK_STATES, query.get('state')),
    search: query.get('search') ?? '',
  };
}

function runQuery(route: RunRoute): string {
  const query = new URLSearchParams();
  if (route.task !== null) query.set('task', route.task);
  if (route.state !== null) query.set('state', route.state);
  if (route.search !== '') query.set('search', route.search);
  return asQuery(query);
}

function runsQuery(route: RunsRoute): string {
  const query = new URLSearchParams();
  if (route.kind !== null) query.set('kind', route.kind);
  if (route.standing !== null) query.set('standing', route.standing);
  if (route.search !== '') query.set('search', route.search);
  if (route.pageNumber !== 1) query.set('page', String(route.pageNumber));
  return asQuery(query);
}

function asQuery(query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function oneOf<const T extends string>(names: readonly T[], name: string | null): T | null {
  return names.find((each) => each === name) ?? null;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
