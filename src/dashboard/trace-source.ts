// Owns what a dashboard shows of a recorded trace: its runs as they stood at its end, or as they went, at the pace of the
// recording or many times as fast. Nothing can be done in it: what it shows is past.

import type { Clock, TimerService } from '../domain/clock.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { blankTask } from '../engine/run-archive.ts';
import { readTrace } from '../inspect/trace-reader.ts';
import { absentSystem, absentTree } from './absent-documents.ts';
import type { DashboardSource, Interest, RunsQuery, SourceListener } from './dashboard-source.ts';
import { Frames } from './frames.ts';
import { planOf } from './run-planning.ts';
import { PictureVersions } from './run-reading.ts';
import { RunRoster } from './run-roster.ts';
import { NO_LOGS, taskDocumentOf } from './task-documents.ts';
import { TraceRuns } from './trace-runs.ts';
import type {
  ActionAnswer,
  PlanDocument,
  RunDocument,
  RunsPage,
  SystemDocument,
  TaskDocument,
  TimelineDocument,
  TreeDocument,
  Welcome,
} from './wire.ts';

const MOST_LINES = 300;
const ABSENT =
  'A trace holds runs, tasks and actors, and no figures of the engine. `yardmaster run … --dashboard` shows them live.';

export interface TraceSourceOptions {
  readonly timers: TimerService & Clock;
  /** Of the package. */
  readonly version?: string;
  /** So many times as fast as it happened; left out: its end at once. */
  readonly speed?: number;
}

/** The dashboard's view of a trace file. */
export class TraceSource implements DashboardSource {
  readonly #file: string;
  readonly #options: TraceSourceOptions;
  readonly #runs = new TraceRuns(new PictureVersions());
  readonly #roster: RunRoster;
  readonly #frames: Frames;
  readonly #stop = new AbortController();
  #replay: Promise<void> = Promise.resolve();
  #taskVersion = 0;

  private constructor(file: string, options: TraceSourceOptions) {
    const { timers } = options;
    const runs = this.#runs;
    this.#file = file;
    this.#options = options;
    this.#roster = new RunRoster({
      list: () => runs.records(),
      records: (runIds) => runIds.flatMap((runId) => runs.get(runId)?.model.record ?? []),
      isHeld: ({ runId }) => runs.get(runId)?.model.isHeld === true,
      liveEnds: ({ runId }) => runs.get(runId)?.model.summary().ends ?? null,
      countEnds: () => null,
      monotonicMs: () => timers.monotonicMs(),
    });
    this.#frames = new Frames({
      timers,
      runs: { listen: () => {}, rest: () => {}, refresh: () => {}, model: (runId) => runs.get(runId)?.model },
      tasks: { watch: () => () => {}, document: (runId, task) => this.#document(runId, task) },
      roster: this.#roster,
      system: { subscribe: () => () => {} },
      tree: { document: () => absentTree(ABSENT) },
    });
  }

  /**
   * Reads a trace: whole, or with a `speed` as it goes.
   * @throws RuntimeError FILE_NOT_FOUND, FILE_UNREADABLE, TRACE_INVALID, ARGUMENT_INVALID for a speed that is none
   */
  static async open(file: string, options: TraceSourceOptions): Promise<TraceSource> {
    const { speed = Number.POSITIVE_INFINITY } = options;
    if (!(speed > 0)) {
      throw new RuntimeError('ARGUMENT_INVALID', `the speed of a replay must be a number above 0, not ${speed}`);
    }
    const source = new TraceSource(file, options);
    const replay = source.#play(speed);
    if (speed === Number.POSITIVE_INFINITY) await replay;
    // A fault in the middle ends the replay there; what came before it can still be seen.
    else source.#replay = replay.catch(() => source.#runs.end());
    return source;
  }

  welcome(): Welcome {
    const { version = '', timers } = this.#options;
    const notes = [
      ...(this.#runs.isCut ? ['its process was ended'] : []),
      ...(this.#runs.missing > 0 ? [`${this.#runs.missing} entries missing`] : []),
    ];
    const place = notes.length === 0 ? this.#file : `${this.#file} (${notes.join(', ')})`;
    return { version, source: 'trace', place, actions: [], now: timers.now(), enginePid: null };
  }

  async runs(query: RunsQuery): Promise<RunsPage> {
    this.#roster.forget();
    return this.#roster.page(query);
  }

  async run(runId: string): Promise<RunDocument | undefined> {
    return this.#runs.get(runId)?.model.document();
  }

  async timeline(runId: string): Promise<TimelineDocument | undefined> {
    return this.#runs.get(runId)?.model.timeline(this.#runs.lastMs);
  }

  async plan(runId: string): Promise<PlanDocument | undefined> {
    const run = this.#runs.get(runId);
    if (run === undefined) return undefined;
    const { model, tasks } = run;
    return planOf({
      record: model.record,
      tasks: new Map([...tasks].map(([name, { life }]) => [name, life.history])),
      definition: model.shape.definition ?? undefined,
      mode: model.mode,
      maxParallel: model.maxParallel,
      parameters: model.parameters,
      durations: new Map(),
    });
  }

  async task(runId: string, task: string): Promise<TaskDocument | undefined> {
    return this.#document(runId, task);
  }

  async system(): Promise<SystemDocument> {
    return absentSystem(ABSENT);
  }

  async tree(): Promise<TreeDocument> {
    return absentTree(ABSENT);
  }

  async act(): Promise<ActionAnswer> {
    throw new RuntimeError('DASHBOARD_REFUSED', 'this is the recording of what is past: nothing can be done in it');
  }

  listen(interest: Interest, listener: SourceListener): () => void {
    return this.#frames.listen(interest, listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#frames.close();
    await this.#replay;
  }

  async #play(speed: number): Promise<void> {
    const { timers } = this.#options;
    const startMs = timers.now();
    for await (const entry of readTrace(this.#file)) {
      if (this.#stop.signal.aborted) return;
      const dueMs = 't' in entry ? startMs + entry.t / speed : 0;
      if (dueMs > timers.now()) await this.#pause(dueMs);
      const about = this.#runs.take(entry);
      if (about !== undefined) this.#frames.runChanged(about.runId, about.task, 'record');
    }
    const known = this.#runs.records().filter(({ endedAtMs }) => endedAtMs === null);
    this.#runs.end();
    for (const { runId } of known) this.#frames.runChanged(runId, undefined, 'record');
  }

  #pause(untilMs: number): Promise<void> {
    const { timers } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = timers.schedule(untilMs, resolve);
    const end = (): void => {
      timers.cancel(timer);
      resolve();
    };
    this.#stop.signal.addEventListener('abort', end, { once: true });
    return promise.finally(() => this.#stop.signal.removeEventListener('abort', end));
  }

  #document(runId: string, name: string): TaskDocument | undefined {
    const run = this.#runs.get(runId);
    if (run === undefined || !run.model.shape.has(name)) return undefined;
    const task = run.tasks.get(name);
    const log = this.#runs.logs(runId);
    const lines = log?.lines.filter((line) => line.task === name) ?? [];
    const shown = lines.slice(-MOST_LINES);
    return taskDocumentOf({
      model: run.model,
      origin: null,
      name,
      version: ++this.#taskVersion,
      history: task?.life.history ?? blankTask(name),
      progress: task?.life.progress ?? null,
      waiting: null,
      logs:
        log === undefined
          ? NO_LOGS
          : {
              lines: shown.map(({ at, kind, message, fields }) => ({ at, kind, message, fields })),
              omitted: log.omitted + lines.length - shown.length,
              since: log.since,
            },
      current: task?.path.current ?? null,
      path: task?.path ?? { steps: [], omitted: 0 },
    });
  }
}
