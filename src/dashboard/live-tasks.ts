// Owns the documents of the tasks of a live engine: their record, what events told since, why they wait, what they logged,
// and the state of their actors. A task that somebody looks at is followed; any other is read when it is asked for.

import type { RuntimeEvent } from '../domain/events.ts';
import { isRuntimeError } from '../domain/runtime-error.ts';
import type { LiveActor } from '../engine/live-actors.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { endOfTask, type RunHistory } from '../engine/run-archive.ts';
import { logBookOf } from '../inspect/log-book.ts';
import type { LiveRuns } from './live-runs.ts';
import { breaksOf, pathOf } from './statechart-path.ts';
import { NO_LOGS, taskDocumentOf } from './task-documents.ts';
import { blankTask, TaskLife } from './task-life.ts';
import type { TaskDocument } from './wire.ts';

const MOST_LINES = 300;

interface Watched {
  readonly life: TaskLife;
  readonly origin: RunHistory['origin'];
  readonly breaks: readonly number[];
  watchers: number;
  actor: LiveActor['ref'] | undefined;
}

export class LiveTasks {
  readonly #engine: OrchestrationEngine;
  readonly #runs: LiveRuns;
  readonly #watched = new Map<string, Watched>();
  #version = 0;

  constructor(engine: OrchestrationEngine, runs: LiveRuns) {
    this.#engine = engine;
    this.#runs = runs;
    // Logs are not on record: what nobody keeps from now on is gone.
    logBookOf(engine);
  }

  /** Follows a task until the result is called. */
  watch(runId: string, task: string): () => void {
    const key = keyOf(runId, task);
    const watched = this.#watched.get(key) ?? this.#read(runId, task);
    if (watched === undefined) return () => {};
    this.#watched.set(key, watched);
    watched.watchers++;
    return () => {
      watched.watchers--;
      if (watched.watchers === 0) this.#watched.delete(key);
    };
  }

  /** An event of a run; called for every one, so it does next to nothing while no task is looked at. */
  take(runId: string, event: RuntimeEvent): void {
    if (this.#watched.size === 0 || event.task === undefined) return;
    this.#watched.get(keyOf(runId, event.task))?.life.apply(event);
  }

  /** Undefined when there is no such run, or task. @throws RuntimeError JOURNAL_CORRUPT */
  document(runId: string, task: string): TaskDocument | undefined {
    const model = this.#runs.model(runId);
    if (model === undefined || !model.shape.has(task)) return undefined;
    const watched = this.#watched.get(keyOf(runId, task)) ?? this.#read(runId, task);
    if (watched === undefined) return undefined;
    const { life, origin, breaks } = watched;
    const isHeld = this.#runs.isHeld(model.record);
    const index = model.shape.indexOf(task);
    const state = model.stateOf(index);
    const isLive = isHeld && endOfTask(life.history) === null && state !== 'blocked' && state !== 'pending';
    const actor = isLive ? this.#actorOf(runId, task, watched) : undefined;
    const path = pathOf(life.history, { readyMs: life.readyMs ?? model.readyAt(index), breaks, isHeld });
    return taskDocumentOf({
      model,
      origin,
      name: task,
      version: ++this.#version,
      history: life.history,
      progress: life.progress,
      waiting: this.#waitOf(runId, task, isHeld && endOfTask(life.history) === null),
      logs: this.#logsOf(runId, task),
      current: actor === undefined ? (path.steps.at(-1)?.state ?? null) : stateOf(actor),
      path,
    });
  }

  close(): void {
    this.#watched.clear();
  }

  #read(runId: string, task: string): Watched | undefined {
    const history = this.#engine.getRunHistory(runId);
    if (history === undefined) return undefined;
    const life = new TaskLife(history.tasks.get(task) ?? blankTask(task));
    return { life, origin: history.origin, breaks: breaksOf(history), watchers: 0, actor: undefined };
  }

  #actorOf(runId: string, task: string, watched: Watched): LiveActor['ref'] | undefined {
    if (watched.actor?.getSnapshot().status === 'active') return watched.actor;
    watched.actor = undefined;
    for (const actor of this.#engine.liveActors()) {
      if (actor.task === task && actor.runId === runId) watched.actor = actor.ref;
    }
    return watched.actor;
  }

  #waitOf(runId: string, task: string, isOpen: boolean): TaskDocument['waiting'] {
    if (!isOpen) return null;
    try {
      const [wait] = this.#engine.explain(runId, { step: task });
      return wait === undefined ? null : { kind: wait.reason.kind, message: wait.message, since: wait.sinceMs };
    } catch (error) {
      // Gone or closed meanwhile: no reason to show nothing.
      if (isRuntimeError(error)) return null;
      throw error;
    }
  }

  #logsOf(runId: string, task: string): TaskDocument['logs'] {
    const log = logBookOf(this.#engine).read(runId);
    const lines = log.lines.filter((line) => line.task === task);
    const shown = lines.slice(-MOST_LINES);
    if (log.since === '') return NO_LOGS;
    return {
      lines: shown.map(({ at, kind, message, fields }) => ({ at, kind, message, fields })),
      omitted: log.omitted + lines.length - shown.length,
      since: log.since,
    };
  }
}

function stateOf(actor: LiveActor['ref']): string | null {
  const { value } = actor.getSnapshot();
  return typeof value === 'string' ? value : null;
}

function keyOf(runId: string, task: string): string {
  return `${runId}\n${task}`;
}
