// Owns what a dashboard shows of an engine in its own process: documents read from its parts when they are asked for, and
// frames from its events while somebody listens, each kind at its own pace. It holds the engine, and never ends it.

import type { Clock, TimerService } from '../domain/clock.ts';
import type { RuntimeEvent } from '../domain/events.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { countEnds, type RunRecord } from '../engine/run-archive.ts';
import type { WorkflowRun } from '../engine/workflow-run-handle.ts';
import type { DashboardSource, Interest, RunsQuery, SourceListener } from './dashboard-source.ts';
import { Frames, type RunChange } from './frames.ts';
import { actOnEngine, ENGINE_ACTIONS } from './live-actions.ts';
import { LiveRuns } from './live-runs.ts';
import { LiveTasks } from './live-tasks.ts';
import { planFrameOf, planOf } from './run-planning.ts';
import { PictureVersions } from './run-reading.ts';
import { RunRoster } from './run-roster.ts';
import type { EndedCounts } from './run-summaries.ts';
import { SupervisorTree } from './supervisor-tree.ts';
import { SystemSampler } from './system-sampler.ts';
import type {
  ActionAnswer,
  ActionRequest,
  PlanDocument,
  RunDocument,
  RunsPage,
  SystemDocument,
  TaskDocument,
  TimelineDocument,
  TreeDocument,
  Welcome,
} from './wire.ts';

/** Runs among which those that have just changed are looked for first. */
const NEWEST = 100;

export interface LiveSourceOptions {
  readonly timers: TimerService & Clock;
  /** Of the package. */
  readonly version?: string;
  /** The data folder, for people. */
  readonly place?: string;
  /** Of a source that this one stands in for; default: its own. */
  readonly versions?: PictureVersions;
}

/** The dashboard's view of a live engine. */
export class LiveSource implements DashboardSource {
  readonly #engine: OrchestrationEngine;
  readonly #options: LiveSourceOptions;
  readonly #runs: LiveRuns;
  readonly #tasks: LiveTasks;
  readonly #roster: RunRoster;
  readonly #system: SystemSampler;
  readonly #tree: SupervisorTree;
  readonly #frames: Frames;

  constructor(engine: OrchestrationEngine, options: LiveSourceOptions) {
    const { timers } = options;
    this.#engine = engine;
    this.#options = options;
    this.#runs = new LiveRuns(
      engine,
      () => timers.now(),
      options.versions ?? new PictureVersions(),
      (runId, event) => {
        this.#tasks.take(runId, event);
        const { task } = event;
        this.#frames.runChanged(runId, task, changeOf(event, runId));
      },
    );
    this.#tasks = new LiveTasks(engine, this.#runs, (runId, task) => this.#frames.runChanged(runId, task, 'task'));
    this.#roster = new RunRoster({
      list: (filter) => engine.listRuns(filter),
      records: (runIds) => recordsOf(engine, runIds),
      isHeld: (record) => this.#runs.isHeld(record),
      liveEnds: ({ runId, endedAtMs }) => (endedAtMs === null ? endsOf(engine.getRun(runId)) : null),
      countEnds: ({ runId }) => {
        const history = engine.getRunHistory(runId);
        return history === undefined ? null : countEnds(history);
      },
      monotonicMs: () => timers.monotonicMs(),
    });
    this.#system = new SystemSampler(engine, timers);
    this.#tree = new SupervisorTree(engine);
    this.#frames = new Frames({
      timers,
      runs: this.#runs,
      tasks: this.#tasks,
      roster: this.#roster,
      system: this.#system,
      tree: this.#tree,
    });
  }

  welcome(): Welcome {
    const { version = '', place = 'this process', timers } = this.#options;
    return {
      version,
      source: 'live',
      place,
      actions: this.#engine.isClosed ? [] : [...ENGINE_ACTIONS],
      now: timers.now(),
      enginePid: this.#engine.isClosed ? null : process.pid,
    };
  }

  async runs(query: RunsQuery): Promise<RunsPage> {
    if (!this.#runs.isListening) this.#roster.forget();
    return this.#roster.page(query);
  }

  async run(runId: string): Promise<RunDocument | undefined> {
    return this.#runs.model(runId)?.document();
  }

  async timeline(runId: string): Promise<TimelineDocument | undefined> {
    const model = this.#runs.model(runId);
    if (model !== undefined) this.#runs.place(model);
    return model?.timeline(this.#options.timers.now());
  }

  async plan(runId: string): Promise<PlanDocument | undefined> {
    const history = this.#runs.history(runId);
    if (history === undefined) return undefined;
    const resources = this.#engine.resources.listResources();
    return planOf({
      ...planFrameOf(history),
      definition: this.#runs.definitionOf(history),
      durations: this.#runs.durationsOf(),
      threads: Math.max(1, this.#engine.getSystemStatus().threads.length),
      resources: resources.map(({ resourceId: id, ...rest }) => ({ id, ...rest })),
    });
  }

  async task(runId: string, task: string): Promise<TaskDocument | undefined> {
    return this.#tasks.document(runId, task);
  }

  async system(): Promise<SystemDocument> {
    return this.#system.document();
  }

  async tree(): Promise<TreeDocument> {
    return this.#tree.document();
  }

  async act(action: ActionRequest): Promise<ActionAnswer> {
    const answer = actOnEngine(this.#engine, action);
    this.#frames.acted(action);
    return answer;
  }

  /** `isMoved`: it has listened to a source that this one stands in for. */
  listen(interest: Interest, listener: SourceListener, isMoved = false): () => void {
    return this.#frames.listen(interest, listener, isMoved);
  }

  async close(): Promise<void> {
    this.#frames.close();
    this.#runs.rest();
    this.#tasks.close();
    this.#system.close();
    this.#tree.close();
  }
}

/** Records of runs that have just changed: the newest are read in one go. */
function recordsOf(engine: OrchestrationEngine, runIds: readonly string[]): RunRecord[] {
  const newest = new Map(engine.listRuns({ limit: NEWEST }).map((record) => [record.runId, record]));
  return runIds.flatMap((runId) => newest.get(runId) ?? engine.getRunHistory(runId)?.record ?? []);
}

function endsOf(run: WorkflowRun | undefined): EndedCounts | null {
  if (run === undefined) return null;
  const { completed, failed, skipped, cancelled } = run.tasks;
  return { completed, failed, skipped, cancelled };
}

/** Of these the record tells more than the event does: a deadline, who asked, since when nobody had it. */
const TOLD_IN_PART: ReadonlySet<string> = new Set([
  'workflow.started',
  'workflow.recovered',
  'workflow.suspended',
  'workflow.held',
  'workflow.parked',
]);

function changeOf({ type, runId: ownRunId, task }: RuntimeEvent, runId: string): RunChange {
  if (task !== undefined) return ownRunId === runId ? 'task' : 'record';
  return TOLD_IN_PART.has(type) ? 'more' : 'record';
}
