// Owns the pictures of the runs of a live engine that somebody looks at, kept up to date by its events while anybody
// listens. What happens costs a look-up in a map when nobody looks at its run, and nothing at all when nobody listens.
// Bounded: the picture that was looked at longest ago goes first.

import type { TaskGraph } from '../dag/task-graph.ts';
import type { RuntimeEvent, RuntimeEventType } from '../domain/events.ts';
import { taskIdOf } from '../domain/ids.ts';
import type { WorkflowDefinition } from '../domain/workflow-definition.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { RunHistory, RunRecord } from '../engine/run-archive.ts';
import { loadedWorkflow, rememberedRun } from './forgotten-facts.ts';
import type { Holding, RunModel } from './run-model.ts';
import type { PictureVersions, RunReader } from './run-reading.ts';
import { readRun } from './run-reading.ts';

/** Pictures kept: more than there are streams, each of which follows one. */
const MOST_MODELS = 20;

/** Asking the engine what runs on its threads takes a moment where thousands of tasks wait. */
const PLACE_EVERY_MS = 250;

const RUN_EVENTS = [
  'workflow.started',
  'workflow.completed',
  'workflow.failed',
  'workflow.cancelled',
  'workflow.paused',
  'workflow.resumed',
  'workflow.recovered',
  'workflow.suspended',
  'workflow.held',
  'workflow.parked',
] as const satisfies readonly RuntimeEventType[];

const TASK_EVENTS = [
  'task.started',
  'task.progress',
  'task.retrying',
  'task.completed',
  'task.failed',
  'task.cancelled',
  'task.skipped',
  'task.adopted',
] as const satisfies readonly RuntimeEventType[];

/** Told of every event that may change what is shown of a run. */
export type RunEventListener = (runId: string, event: RuntimeEvent) => void;

export class LiveRuns implements RunReader {
  readonly #engine: OrchestrationEngine;
  readonly #models = new Map<string, RunModel>();
  /** Epoch milliseconds. */
  readonly #now: () => number;
  readonly #versions: PictureVersions;
  readonly #listener: RunEventListener;
  #unsubscribe: (() => void)[] = [];
  /** The history that was read last, and the version of its run's picture then. */
  #fold: { readonly history: RunHistory; readonly version: number } | undefined;
  #placedMs = Number.NEGATIVE_INFINITY;

  constructor(engine: OrchestrationEngine, now: () => number, versions: PictureVersions, listener: RunEventListener) {
    this.#now = now;
    this.#engine = engine;
    this.#versions = versions;
    this.#listener = listener;
  }

  /** Whether pictures are kept up to date. */
  get isListening(): boolean {
    return this.#unsubscribe.length > 0;
  }

  /** From now on pictures that are asked for are kept and follow the run. Harmless when repeated. */
  listen(): void {
    if (this.isListening) return;
    const take = (event: RuntimeEvent): void => this.#take(event);
    this.#unsubscribe = [...RUN_EVENTS, ...TASK_EVENTS].map((type) => this.#engine.registerEventHandler(type, take));
  }

  /** Hears nothing any more and forgets every picture. */
  rest(): void {
    for (const stop of this.#unsubscribe.splice(0)) stop();
    this.#models.clear();
    this.#fold = undefined;
  }

  /** The picture of a run as it stands; undefined when there is no such run. @throws RuntimeError JOURNAL_CORRUPT */
  model(runId: string): RunModel | undefined {
    const model = this.#models.get(runId) ?? this.#read(runId);
    if (model === undefined) return undefined;
    if (this.isListening) {
      this.#models.delete(runId);
      this.#models.set(runId, model);
      const [oldest] = this.#models.keys();
      if (this.#models.size > MOST_MODELS && oldest !== undefined) this.#models.delete(oldest);
    }
    this.#settle(model);
    return model;
  }

  /** Puts the attempts that run on the lanes of their threads: for whoever looks at lanes. */
  place(model: RunModel): void {
    const nowMs = this.#now();
    if (!model.hasUnplaced || this.#engine.isClosed || nowMs - this.#placedMs < PLACE_EVERY_MS) return;
    this.#placedMs = nowMs;
    for (const { threadId, subject } of this.#engine.getSystemStatus().threads) {
      if (subject?.runId === model.record.runId) model.place(model.shape.indexOf(subject.task), threadId);
    }
  }

  /** Takes over what the record has to add to a picture: exact times, a deadline, who asked for what. */
  refresh(runId: string): void {
    const model = this.#models.get(runId);
    // What is only remembered knows less than the picture does.
    const history = model === undefined ? undefined : this.#engine.getRunHistory(runId);
    if (history !== undefined) model?.takeHistory(history, this.holdingOf(history));
  }

  /** The history of a run, new enough for one of its tasks: to read a large one takes long, so the last one is kept. */
  historyFor(runId: string, task: string): RunHistory | undefined {
    const model = this.#models.get(runId);
    const fold = this.#fold;
    const isKnown = model !== undefined && fold?.history.record.runId === runId;
    if (isKnown && model.versionOf(model.shape.indexOf(task)) <= fold.version) return fold.history;
    const history = this.history(runId);
    this.#fold = history === undefined || model === undefined ? undefined : { history, version: model.version };
    return history;
  }

  /** Whether this engine has an unfinished run in its hands. */
  isHeld(record: RunRecord): boolean {
    if (record.endedAtMs !== null || record.parked !== null || this.#engine.isClosed) return false;
    if (record.kind === 'task') return this.#engine.tasks.getTask(record.runId) !== undefined;
    return this.#engine.getRun(record.runId) !== undefined;
  }

  // --- as a reader

  history(runId: string): RunHistory | undefined {
    return this.#engine.getRunHistory(runId) ?? rememberedRun(this.#engine, runId);
  }

  definitionOf({ record }: RunHistory): WorkflowDefinition | undefined {
    const { runId, workflow, kind } = record;
    if (kind === 'task') return undefined;
    return this.#engine.getRunDefinition(runId) ?? loadedWorkflow(this.#engine, workflow)?.definition;
  }

  durationsOf(): ReadonlyMap<string, number> {
    return new Map();
  }

  holdingOf({ record }: RunHistory): Holding {
    return {
      isHeld: this.isHeld(record),
      heldBecause: this.#engine.heldBecause(record.runId)?.message ?? null,
    };
  }

  graphOf(definition: WorkflowDefinition): TaskGraph | undefined {
    const loaded = loadedWorkflow(this.#engine, definition.name);
    return loaded?.definition === definition ? loaded.graph : undefined;
  }

  // --- inside

  #read(runId: string): RunModel | undefined {
    const history = this.history(runId);
    const model = history === undefined ? undefined : readRun(this, runId, this.#versions, history);
    if (history !== undefined && model !== undefined) this.#fold = { history, version: model.version };
    return model;
  }

  #take(event: RuntimeEvent): void {
    const { runId, task, taskId } = event;
    if (runId === undefined) return;
    let id: string = runId;
    let model = this.#models.get(id);
    // Single tasks share the run of their events; each has one of its own under its id.
    if (model === undefined && task !== undefined && taskId !== undefined && taskId !== taskIdOf(runId, task)) {
      id = taskId;
      model = this.#models.get(id);
    }
    model?.apply(event);
    this.#listener(id, event);
  }

  /** What no event tells: which attempts are being cancelled, which tasks are back in the queue. */
  #settle(model: RunModel): void {
    const { runId, kind, endedAtMs } = model.record;
    const unsettled = kind === 'workflow' && endedAtMs === null ? model.unsettled() : [];
    const run = unsettled.length === 0 ? undefined : this.#engine.getRun(runId);
    if (run === undefined || run.hasEnded) return;
    for (const task of unsettled) {
      const status = run.taskStatus(model.shape.names[task] ?? '');
      if (status !== undefined) model.settle(task, status, this.#now());
    }
  }
}
