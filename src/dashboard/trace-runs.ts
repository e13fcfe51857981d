// Owns the runs of a recorded trace: their pictures, tasks, logs and the ways of their actors, as far as the entries that
// were taken in tell. Bounded: of a trace with more runs or tasks the first are shown, and the others are counted.

import type { RuntimeEvent, RuntimeEventHandler } from '../domain/events.ts';
import { taskIdOf } from '../domain/ids.ts';
import { TaskPriority } from '../domain/statuses.ts';
import type { RunRecord } from '../engine/run-archive.ts';
import { BLANK_RECORD, blankTask } from '../engine/run-archive.ts';
import { LogBook } from '../inspect/log-book.ts';
import type { TraceEntry } from '../inspect/trace-entries.ts';
import { ActorPath } from './actor-path.ts';
import { EventTime } from './event-time.ts';
import { RunModel } from './run-model.ts';
import type { PictureVersions } from './run-reading.ts';
import { RunShape } from './run-shape.ts';
import { TaskLife } from './task-life.ts';

const MOST_TRACED_RUNS = 1_000;
const MOST_TRACED_TASKS = 100_000;

type RunEntry = Extract<TraceEntry, { kind: 'run' }>;
type ActorEntry = Extract<TraceEntry, { kind: 'actor' | 'snapshot' }>;

export interface TracedTask {
  readonly life: TaskLife;
  readonly path: ActorPath;
}

export interface TracedRun {
  readonly model: RunModel;
  readonly tasks: Map<string, TracedTask>;
}

export class TraceRuns {
  readonly #versions: PictureVersions;
  readonly #runs = new Map<string, TracedRun>();
  readonly #handlers = new Map<string, RuntimeEventHandler>();
  readonly #time = new EventTime();
  #book: LogBook | undefined;
  #startedAtMs = 0;
  #lastMs = 0;
  #taskCount = 0;
  /** Entries that the recorder could not keep, and runs or tasks that are too many to be shown. */
  missing = 0;
  /** Whether the process ended before the trace was closed. */
  isCut = false;

  constructor(versions: PictureVersions) {
    this.#versions = versions;
  }

  /** When the last entry that was taken in happened; epoch milliseconds. */
  get lastMs(): number {
    return this.#lastMs;
  }

  get(runId: string): TracedRun | undefined {
    return this.#runs.get(runId);
  }

  /** Newest first. */
  records(): RunRecord[] {
    return [...this.#runs.values()].map(({ model }) => model.record).reverse();
  }

  logs(runId: string) {
    return this.#book?.read(runId);
  }

  /** Takes in the next entry; the run and task that it was about, if any. */
  take(entry: TraceEntry): { readonly runId: string; readonly task: string | undefined } | undefined {
    if ('t' in entry) this.#lastMs = Math.max(this.#lastMs, this.#startedAtMs + entry.t);
    switch (entry.kind) {
      case 'trace':
        this.#begin(entry.startedAt);
        return undefined;
      case 'run':
        this.#addRun(entry);
        return { runId: entry.runId, task: undefined };
      case 'runtime':
        return this.#takeEvent(entry.event);
      case 'actor':
      case 'snapshot':
        return this.#takeActor(entry);
      case 'dropped':
        this.missing += entry.count;
        return undefined;
      case 'cut':
        this.isCut = true;
        return undefined;
      default:
        return undefined;
    }
  }

  /** The trace is at its end: what had not ended by then is in nobody's hands. */
  end(): void {
    for (const { model } of this.#runs.values()) model.letGo(this.#lastMs);
  }

  #begin(startedAt: string): void {
    this.#startedAtMs = Date.parse(startedAt);
    this.#lastMs = this.#startedAtMs;
    const registerEventHandler = (type: string, handler: RuntimeEventHandler) => {
      this.#handlers.set(type, handler);
      return () => this.#handlers.delete(type);
    };
    this.#book = new LogBook({ registerEventHandler }, startedAt);
  }

  #addRun({ runId, definition, parameters, createdAtMs }: RunEntry): void {
    if (this.#runs.has(runId)) return;
    const shape = definition === null ? RunShape.ofTasks([], false) : RunShape.ofWorkflow(definition);
    const workflow = definition?.name ?? runId;
    this.#add({ ...BLANK_RECORD, runId, kind: 'workflow', workflow, steps: shape.size, createdAtMs }, shape, {
      mode: definition?.mode ?? 'resource_aware',
      maxParallel: definition?.maxParallel ?? null,
      parameters,
    });
  }

  #takeEvent(event: RuntimeEvent): { readonly runId: string; readonly task: string | undefined } | undefined {
    this.#handlers.get(event.type)?.(event);
    const { runId, taskId, task } = event;
    if (runId === undefined) return undefined;
    this.#lastMs = Math.max(this.#lastMs, this.#time.of(event));
    const isSingle = task !== undefined && taskId !== undefined && taskId !== taskIdOf(runId, task);
    const id: string = isSingle ? taskId : runId;
    if (isSingle && !this.#runs.has(id)) this.#addSingle(id, task, event);
    const run = this.#runs.get(id);
    if (run === undefined) return undefined;
    run.model.apply(event);
    if (task !== undefined) this.#taskOf(run, task)?.life.apply(event);
    return { runId: id, task };
  }

  #addSingle(runId: string, task: string, event: RuntimeEvent): void {
    const createdAtMs = this.#time.of(event);
    const shape = RunShape.ofTasks([{ name: task, action: null, priority: TaskPriority.NORMAL }], true);
    const record: RunRecord = { ...BLANK_RECORD, runId, kind: 'task', workflow: task, steps: 1, createdAtMs };
    this.#add(record, shape, { mode: 'parallel', maxParallel: 1, parameters: {} });
  }

  #add(
    record: RunRecord,
    shape: RunShape,
    frame: { readonly mode: string; readonly maxParallel: number | null; readonly parameters: unknown },
  ): void {
    if (this.#runs.size >= MOST_TRACED_RUNS) {
      this.missing++;
      return;
    }
    const model = new RunModel(shape, { record, isHeld: true, ...frame }, this.#versions.next());
    this.#runs.set(record.runId, { model, tasks: new Map() });
  }

  #takeActor(entry: ActorEntry): { readonly runId: string; readonly task: string } | undefined {
    const { runId, task } = entry;
    if (runId === undefined || task === undefined) return undefined;
    const run = this.#runs.get(runId);
    const traced = run === undefined ? undefined : this.#taskOf(run, task);
    if (traced === undefined || !traced.path.take(entry, this.#startedAtMs + entry.t)) return undefined;
    return { runId, task };
  }

  #taskOf(run: TracedRun, name: string): TracedTask | undefined {
    const known = run.tasks.get(name);
    if (known !== undefined) return known;
    if (this.#taskCount >= MOST_TRACED_TASKS) {
      this.missing++;
      return undefined;
    }
    this.#taskCount++;
    const task: TracedTask = { life: new TaskLife(blankTask(name)), path: new ActorPath() };
    run.tasks.set(name, task);
    return task;
  }
}
