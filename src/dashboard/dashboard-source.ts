// Owns the port between the dashboard's server and what it shows: a live engine, the journal of a data folder, or a
// recorded trace. A source answers with documents as they cross; it knows nothing of HTTP.

import type {
  ActionAnswer,
  ActionRequest,
  PlanDocument,
  RunDocument,
  RunFrame,
  RunStanding,
  RunsFrame,
  RunsPage,
  SystemDocument,
  SystemFrame,
  TaskDocument,
  TimelineDocument,
  TreeDocument,
  Welcome,
} from './wire.ts';

/** Which runs to list, newest first. */
export interface RunsQuery {
  readonly kind?: 'workflow' | 'task' | undefined;
  readonly standing?: RunStanding | undefined;
  /** In ids and names, whatever the case. */
  readonly search?: string | undefined;
  readonly skip: number;
  readonly limit: number;
}

/** What one connection wants to hear of. */
export interface Interest {
  readonly runs: boolean;
  readonly system: boolean;
  readonly tree: boolean;
  readonly run: { readonly runId: string; readonly timeline: boolean; readonly task: string | null } | null;
}

/** Where a source puts what changed; each is told at most as often as wire.ts says. */
export interface SourceListener {
  runs(frame: RunsFrame): void;
  run(frame: RunFrame): void;
  task(frame: TaskDocument): void;
  system(frame: SystemFrame): void;
  tree(frame: TreeDocument): void;
}

/** What a dashboard shows. Questions about runs and tasks that are not there give undefined. */
export interface DashboardSource {
  welcome(): Welcome;
  runs(query: RunsQuery): Promise<RunsPage>;
  run(runId: string): Promise<RunDocument | undefined>;
  timeline(runId: string): Promise<TimelineDocument | undefined>;
  /** @throws RuntimeError when the run cannot be simulated */
  plan(runId: string): Promise<PlanDocument | undefined>;
  task(runId: string, task: string): Promise<TaskDocument | undefined>;
  system(): Promise<SystemDocument>;
  tree(): Promise<TreeDocument>;
  /** @throws RuntimeError: why it cannot be done, for people */
  act(action: ActionRequest): Promise<ActionAnswer>;
  /** Tells of changes until the result is called. Work is done only for what somebody is interested in. */
  listen(interest: Interest, listener: SourceListener): () => void;
  /** Lets go of everything. Harmless when repeated. */
  close(): Promise<void>;
}
