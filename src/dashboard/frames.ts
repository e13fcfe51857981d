// Owns who listens to a live engine, to what, and when each of them is told: marks come with events, frames at their own
// pace, the same frame for all who look at the same thing. Nothing is queued: a frame is built from how things stand when
// its time has come. While nobody listens nothing is heard, and nothing is built.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import type { Interest, SourceListener } from './dashboard-source.ts';
import { FramePace, withoutFault } from './frame-pace.ts';
import type { RunModel } from './run-model.ts';
import type { RunRoster } from './run-roster.ts';
import type { ActionRequest, SystemFrame, TaskDocument, TreeDocument } from './wire.ts';

const RUNS_EVERY_MS = 200;
const RUN_EVERY_MS = 100;
const TASK_EVERY_MS = 200;
/** What no event tells is looked for so often: the tree, attempts that are being cancelled, reasons for waiting. */
const LOOK_EVERY_MS = 1_000;

/** The parts of a live source that frames are made of. */
export interface FrameParts {
  readonly timers: TimerService & Clock;
  readonly runs: {
    listen(): void;
    rest(): void;
    model(runId: string): RunModel | undefined;
    refresh(runId: string): void;
    /** Puts running attempts on the lanes of their threads, where these are known. */
    place?(model: RunModel): void;
  };
  readonly tasks: {
    document(runId: string, task: string): TaskDocument | undefined;
    watch(runId: string, task: string): () => void;
  };
  readonly roster: Pick<RunRoster, 'forget' | 'update' | 'frame'>;
  readonly system: { subscribe(listener: (frame: SystemFrame) => void): () => void };
  readonly tree: { document(): TreeDocument };
}

interface Listener {
  readonly interest: Interest;
  readonly listener: SourceListener;
}

/** Those who look at one run, or one task. */
interface Watch {
  readonly pace: FramePace;
  readonly listeners: Set<Listener>;
  /** What they have been told. */
  version: number;
  /** The task as they have been told; empty for a run. */
  text: string;
  /** What it went through as a whole has changed: the record has more to say. */
  isStale: boolean;
  stop(): void;
}

/** What of a run has changed: a task; its record; or more than events tell, so that it has to be read again. */
export type RunChange = 'task' | 'record' | 'more';

export class Frames {
  readonly #parts: FrameParts;
  readonly #listeners = new Set<Listener>();
  readonly #runs = new Map<string, Watch>();
  readonly #tasks = new Map<string, Watch>();
  /** Runs whose row has changed, and those of them whose record has. */
  readonly #changedRows = new Set<string>();
  readonly #changedRecords = new Set<string>();
  readonly #rowsPace: FramePace;
  #rowListeners = 0;
  #look: TimerHandle | undefined;
  #tree = '';

  constructor(parts: FrameParts) {
    this.#parts = parts;
    this.#rowsPace = new FramePace(parts.timers, RUNS_EVERY_MS, () => this.#tellRows());
  }

  /** `isMoved`: it has listened to another source until now, and what it was told there is old. */
  listen(interest: Interest, listener: SourceListener, isMoved = false): () => void {
    const entry: Listener = { interest, listener };
    const stops: (() => void)[] = [];
    if (this.#listeners.size === 0) this.#begin();
    this.#listeners.add(entry);
    if (interest.runs) {
      this.#rowListeners++;
      stops.push(() => this.#rowListeners--);
    }
    if (interest.system) stops.push(this.#parts.system.subscribe((frame) => listener.system(frame)));
    if (interest.run !== null) stops.push(...this.#watchRun(entry, interest.run));
    if (isMoved) this.#tellAnew(interest);
    let isLive = true;
    return () => {
      if (!isLive) return;
      isLive = false;
      for (const stop of stops) stop();
      this.#listeners.delete(entry);
      if (this.#listeners.size === 0) this.#end();
    };
  }

  /** Something happened in a run, to one of its tasks if named; called for every event, so it does next to nothing. */
  runChanged(runId: string, task: string | undefined, what: RunChange): void {
    const watch = this.#runs.get(runId);
    if (watch !== undefined) {
      if (what === 'more') watch.isStale = true;
      watch.pace.mark();
      if (task !== undefined && this.#tasks.size > 0) this.#tasks.get(keyOf(runId, task))?.pace.mark();
    }
    if (this.#rowListeners === 0) return;
    this.#changedRows.add(runId);
    if (what !== 'task') this.#changedRecords.add(runId);
    this.#rowsPace.mark();
  }

  /** Somebody did something by hand: what no event tells is looked for soon. */
  acted(action: ActionRequest): void {
    if (!('runId' in action)) return;
    const watch = this.#runs.get(action.runId);
    if (watch !== undefined) watch.isStale = true;
    this.#markWatches();
  }

  /** Tells nothing any more. Harmless when repeated. */
  close(): void {
    this.#listeners.clear();
    this.#rowListeners = 0;
    this.#rowsPace.close();
    for (const watch of [...this.#runs.values(), ...this.#tasks.values()]) watch.stop();
    this.#end();
  }

  #begin(): void {
    this.#parts.roster.forget();
    this.#parts.runs.listen();
    this.#lookLater();
  }

  #end(): void {
    if (this.#look !== undefined) this.#parts.timers.cancel(this.#look);
    this.#look = undefined;
    this.#changedRows.clear();
    this.#changedRecords.clear();
    this.#parts.roster.forget();
    this.#parts.runs.rest();
  }

  #watchRun(entry: Listener, { runId, task }: NonNullable<Interest['run']>): (() => void)[] {
    const version = this.#runs.has(runId) ? 0 : (this.#parts.runs.model(runId)?.version ?? 0);
    const tellRun = () => this.#tellRun(runId);
    const stops = [this.#watch(this.#runs, runId, entry, version, RUN_EVERY_MS, tellRun)];
    if (task === null) return stops;
    stops.push(this.#parts.tasks.watch(runId, task));
    const tellTask = () => this.#tellTask(runId, task);
    stops.push(this.#watch(this.#tasks, keyOf(runId, task), entry, 0, TASK_EVERY_MS, tellTask));
    return stops;
  }

  #watch(
    watches: Map<string, Watch>,
    key: string,
    entry: Listener,
    version: number,
    everyMs: number,
    tell: () => void,
  ): () => void {
    const known = watches.get(key);
    const pace = known?.pace ?? new FramePace(this.#parts.timers, everyMs, tell);
    const stop = (): void => {
      pace.close();
      watches.delete(key);
    };
    const watch = known ?? { pace, listeners: new Set<Listener>(), version, text: '', isStale: false, stop };
    watches.set(key, watch);
    watch.listeners.add(entry);
    return () => {
      watch.listeners.delete(entry);
      if (watch.listeners.size === 0) watch.stop();
    };
  }

  /** Frames that do not go on from what was told: whoever gets them asks for the whole. */
  #tellAnew({ run, runs }: Interest): void {
    this.#tree = '';
    if (runs) this.#rowsPace.mark();
    const watch = run === null ? undefined : this.#runs.get(run.runId);
    if (watch !== undefined) watch.version = Math.max(0, watch.version - 1);
    for (const task of this.#tasks.values()) task.text = '';
    this.#markWatches();
  }

  // --- telling

  #tellRows(): void {
    const changed = [...this.#changedRows];
    this.#changedRows.clear();
    this.#parts.roster.update(this.#changedRecords);
    this.#changedRecords.clear();
    const frame = this.#parts.roster.frame(changed);
    for (const { interest, listener } of [...this.#listeners]) if (interest.runs) listener.runs(frame);
  }

  #tellRun(runId: string): void {
    const watch = this.#runs.get(runId);
    if (watch === undefined) return;
    if (watch.isStale) this.#parts.runs.refresh(runId);
    watch.isStale = false;
    const model = this.#parts.runs.model(runId);
    const withBars = [...watch.listeners].some(({ interest }) => interest.run?.timeline === true);
    if (model !== undefined && withBars) this.#parts.runs.place?.(model);
    if (model === undefined || model.version <= watch.version) return;
    const since = watch.version;
    const whole = model.frame(since, withBars, this.#parts.timers.now());
    const short = withBars ? { ...whole, bars: [], lanes: [] } : whole;
    watch.version = whole.to;
    for (const { interest, listener } of [...watch.listeners]) {
      listener.run(interest.run?.timeline === true ? whole : short);
    }
  }

  #tellTask(runId: string, task: string): void {
    const watch = this.#tasks.get(keyOf(runId, task));
    const document = watch === undefined ? undefined : this.#parts.tasks.document(runId, task);
    if (watch === undefined || document === undefined) return;
    // What is asked for once a second, since no event tells of it, is mostly as it was.
    const text = JSON.stringify({ ...document, version: 0 });
    if (text === watch.text) return;
    watch.text = text;
    for (const { listener } of [...watch.listeners]) listener.task(document);
  }

  #tellTree(): void {
    const listeners = [...this.#listeners].filter(({ interest }) => interest.tree);
    if (listeners.length === 0) return;
    const document = this.#parts.tree.document();
    const text = JSON.stringify(document);
    if (text === this.#tree) return;
    this.#tree = text;
    for (const { listener } of listeners) listener.tree(document);
  }

  #lookLater(): void {
    const { timers } = this.#parts;
    this.#look = timers.schedule(timers.now() + LOOK_EVERY_MS, () => {
      this.#lookLater();
      withoutFault(() => this.#tellTree());
      this.#markWatches();
    });
  }

  #markWatches(): void {
    for (const { pace } of this.#runs.values()) pace.mark();
    for (const { pace } of this.#tasks.values()) pace.mark();
  }
}

function keyOf(runId: string, task: string): string {
  return `${runId}\n${task}`;
}
