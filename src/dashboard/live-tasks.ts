// Owns the documents of the tasks of a live engine: their record, what events told since, why they wait, what they logged,
// and the state of their actors. A task that somebody looks at is followed; any other is read when it is asked for.

import type { RuntimeEvent } from '../domain/events.ts';
import { isRuntimeError } from '../domain/runtime-error.ts';
import type { LiveActor } from '../engine/live-actors.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { blankTask, endOfTask, type RunHistory } from '../engine/run-archive.ts';
import { ActorTrace } from '../inspect/actor-trace.ts';
import { logBookOf } from '../inspect/log-book.ts';
import { ActorPath } from './actor-path.ts';
import type { LiveRuns } from './live-runs.ts';
import type { RunModel } from './run-model.ts';
import { breaksOf, pathOf, type StatechartPath } from './statechart-path.ts';
import { NO_LOGS, taskDocumentOf } from './task-documents.ts';
import { TaskLife } from './task-life.ts';
import type { TaskDocument } from './wire.ts';

const MOST_LINES = 300;

interface Watched {
  readonly life: TaskLife;
  readonly origin: RunHistory['origin'];
  readonly breaks: readonly number[];
  watchers: number;
  /** What its actor tells, from when its first attempt began; null = it has not, or nobody follows it. */
  path: ActorPath | null;
  /** Ends the hearing of its actor; null = it is not heard. */
  stop: (() => void) | null;
}

export class LiveTasks {
  readonly #engine: OrchestrationEngine;
  readonly #runs: LiveRuns;
  readonly #watched = new Map<string, Watched>();
  readonly #trace: ActorTrace;
  readonly #moved: (runId: string, task: string) => void;
  #version = 0;

  /** `moved`: the actor of a task that somebody looks at is in another state. */
  constructor(engine: OrchestrationEngine, runs: LiveRuns, moved: (runId: string, task: string) => void) {
    this.#engine = engine;
    this.#runs = runs;
    this.#trace = new ActorTrace(engine);
    this.#moved = moved;
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
    this.#hear(watched, runId, task);
    return () => {
      watched.watchers--;
      if (watched.watchers > 0) return;
      watched.stop?.();
      this.#watched.delete(key);
    };
  }

  /** An event of a run; called for every one, so it does next to nothing while no task is looked at. */
  take(runId: string, event: RuntimeEvent): void {
    if (this.#watched.size === 0 || event.task === undefined) return;
    const watched = this.#watched.get(keyOf(runId, event.task));
    if (watched === undefined) return;
    watched.life.apply(event);
    // Not now: its actor is in the middle of a step, and what it has told of its end is still on its way.
    queueMicrotask(() => this.#hear(watched, runId, watched.life.history.task));
  }

  /** Undefined when there is no such run, or task. @throws RuntimeError JOURNAL_CORRUPT */
  document(runId: string, task: string): TaskDocument | undefined {
    const model = this.#runs.model(runId);
    if (model === undefined || !model.shape.has(task)) return undefined;
    const watched = this.#watched.get(keyOf(runId, task)) ?? this.#read(runId, task);
    if (watched === undefined) return undefined;
    const { life, origin } = watched;
    const isHeld = this.#runs.isHeld(model.record);
    const isOpen = isHeld && endOfTask(life.history) === null;
    const path = watched.path ?? this.#recordedPath(watched, model, task);
    const actor = isOpen && watched.path === null ? this.#actorOf(runId, task, model) : undefined;
    return taskDocumentOf({
      model,
      origin,
      name: task,
      version: ++this.#version,
      history: life.history,
      progress: life.progress,
      waiting: this.#waitOf(runId, task, isOpen),
      logs: this.#logsOf(runId, task),
      current: actor === undefined ? (path.steps.at(-1)?.state ?? null) : stateOf(actor),
      path,
    });
  }

  close(): void {
    for (const { stop } of this.#watched.values()) stop?.();
    this.#watched.clear();
  }

  /**
   * While attempts of a task are under way its actor tells the way that it goes; what came before, the record does. To hear
   * one actor costs something for each, so it lasts no longer.
   */
  #hear(watched: Watched, runId: string, task: string): void {
    const { attempts } = watched.life.history;
    const isOver = attempts.length === 0 || endOfTask(watched.life.history) !== null || watched.watchers === 0;
    if (isOver || this.#engine.isClosed) {
      watched.stop?.();
      watched.stop = null;
      return;
    }
    const model = this.#runs.model(runId);
    if (watched.stop !== null || model === undefined) return;
    const path = new ActorPath(this.#recordedPath(watched, model, task));
    const { startedAtMs } = this.#trace;
    watched.path = path;
    watched.stop = this.#trace.subscribe(
      (entry) => {
        if (path.take(entry, startedAtMs + entry.t)) this.#moved(runId, task);
      },
      { runId, task, machine: 'task', kinds: ['actor', 'snapshot'] },
    );
  }

  #recordedPath({ life, breaks }: Watched, model: RunModel, task: string): StatechartPath {
    const readyMs = life.readyMs ?? model.readyAt(model.shape.indexOf(task));
    return pathOf(life.history, { readyMs, breaks, isHeld: this.#runs.isHeld(model.record) });
  }

  #read(runId: string, task: string): Watched | undefined {
    const history = this.#runs.historyFor(runId, task);
    if (history === undefined) return undefined;
    const life = new TaskLife(history.tasks.get(task) ?? blankTask(task));
    return {
      life,
      origin: history.origin,
      breaks: breaksOf(history),
      watchers: 0,
      path: null,
      stop: null,
    };
  }

  #actorOf(runId: string, task: string, model: RunModel): LiveActor['ref'] | undefined {
    const state = model.stateOf(model.shape.indexOf(task));
    if (state === 'blocked' || state === 'pending') return undefined;
    for (const actor of this.#engine.liveActors()) {
      if (actor.task === task && actor.runId === runId) return actor.ref;
    }
    return undefined;
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
