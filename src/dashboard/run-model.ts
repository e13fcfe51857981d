// Owns the picture of one run: the fold of its history, of its events, or of both, one after the other. What an event says
// that is known already changes nothing, so the two may overlap. O(1) for an event about a task; documents and frames are
// built when they are asked for. It asks nothing of an engine and knows no clock.

import type { RuntimeEvent } from '../domain/events.ts';
import type { AttemptHistory, RunHistory, RunRecord, TaskHistory } from '../engine/run-archive.ts';
import { VersionCounter } from './change-list.ts';
import { EventTime } from './event-time.ts';
import { RunBars } from './run-bars.ts';
import { type RunFrameOfLife, RunLife } from './run-life.ts';
import type { RunShape } from './run-shape.ts';
import { standingOf, summaryOf } from './run-summaries.ts';
import { isEnd, RunTasks, STATE } from './run-tasks.ts';
import type {
  AttemptOutcome,
  RunDocument,
  RunFrame,
  RunStanding,
  RunSummary,
  TaskState,
  TimelineDocument,
} from './wire.ts';

/** How a run is read off a record: whether a live engine has it in its hands. */
export interface Holding {
  readonly isHeld: boolean;
  readonly heldBecause: string | null;
}

export class RunModel {
  readonly shape: RunShape;
  readonly #version: VersionCounter;
  readonly #tasks: RunTasks;
  readonly #bars: RunBars;
  readonly #life: RunLife;
  readonly #time = new EventTime();

  /** `life`: what it was started with, and its record so far. `firstVersion`: beyond those of pictures before this one. */
  constructor(shape: RunShape, life: RunFrameOfLife, firstVersion = 0) {
    this.shape = shape;
    this.#version = new VersionCounter(firstVersion);
    this.#tasks = new RunTasks(shape, this.#version);
    this.#bars = new RunBars(this.#version);
    this.#life = new RunLife(life);
  }

  get version(): number {
    return this.#version.value;
  }

  get record(): RunRecord {
    return this.#life.record;
  }

  /** Whether somebody has it in hand. */
  get isHeld(): boolean {
    return this.#life.isHeld && this.record.endedAtMs === null;
  }

  get mode(): string {
    return this.#life.mode;
  }

  get maxParallel(): number | null {
    return this.#life.frame.maxParallel;
  }

  get parameters(): unknown {
    return this.#life.frame.parameters;
  }

  get standing(): RunStanding {
    return standingOf(this.#life.record, this.#life.isHeld);
  }

  /** Tasks whose attempts are under way, or between two of them: what becomes of these no event may tell. */
  unsettled(): number[] {
    return [...this.#tasks.underWay, ...this.#tasks.retrying];
  }

  stateOf(task: number): TaskState {
    return this.#tasks.stateOf(task);
  }

  /** The version in which a task changed last; 0 = it never did. */
  versionOf(task: number): number {
    return this.#tasks.versionOf(task);
  }

  /** When a task became ready for its next attempt; null = it has not, or that is not known. */
  readyAt(task: number): number | null {
    const atMs = this.#tasks.readyAt(task, Number.POSITIVE_INFINITY);
    return atMs === Number.POSITIVE_INFINITY ? null : atMs;
  }

  // --- from the record

  /** Takes over all that is on record: for a new picture, or one whose run was changed by somebody else. */
  takeHistory(history: RunHistory, holding: Holding): void {
    if (this.#life.take(history, holding)) this.#version.next();
    const { record } = history;
    if (record.startedAtMs !== null) this.#tasks.begin(record.startedAtMs);
    const lostAtMs = this.#life.lostAt(history);
    for (const task of history.tasks.values()) {
      const index = this.#tasks.indexOf(task.task);
      if (index >= 0) this.#takeTask(index, task, lostAtMs);
    }
  }

  #takeTask(index: number, task: TaskHistory, lostAtMs: (attempt: AttemptHistory) => number): void {
    const { isHeld } = this.#life;
    let readyMs = this.#tasks.readyAt(index, task.attempts[0]?.startedAtMs ?? 0);
    for (const attempt of task.attempts) {
      this.#bars.start(index, attempt.attempt, Math.min(readyMs, attempt.startedAtMs), attempt.startedAtMs);
      readyMs = attempt.endedAtMs ?? attempt.startedAtMs;
      const outcome = outcomeOf(attempt, isHeld);
      if (outcome === 'running') continue;
      const atMs = outcome === 'interrupted' ? lostAtMs(attempt) : (attempt.endedAtMs ?? attempt.startedAtMs);
      this.#bars.end(index, attempt.attempt, { atMs, outcome, threadId: attempt.threadId });
    }
    this.#tasks.setAttempts(index, task.attempts.at(-1)?.attempt ?? 0);
    const state = stateOf(task, isHeld);
    if (state === null) this.#tasks.unfinished(index, readyMs);
    else this.#tasks.move(index, state, task.endedAtMs ?? readyMs);
  }

  // --- from events

  /** Takes in one event of the run, in the order of `seq`. */
  apply(event: RuntimeEvent): void {
    const { task } = event;
    if (task === undefined) this.#applyToRun(event);
    else {
      const index = this.#tasks.indexOf(task);
      if (index >= 0) this.#applyToTask(index, event, this.#time.of(event));
    }
  }

  /** A running attempt is on that thread. */
  place(task: number, threadId: number): void {
    this.#bars.place(task, this.#tasks.attempts[task] ?? 0, threadId);
  }

  /** The engine's word on an unsettled task: being cancelled, or back in the queue. */
  settle(task: number, state: TaskState, nowMs: number): void {
    const isUnderWay = this.#tasks.underWay.has(task);
    if (isUnderWay && (state === 'running' || state === 'cancelling')) this.#tasks.move(task, STATE[state], nowMs);
    if (state !== 'ready') return;
    // Its thread was taken from it, or it was handed back before it began.
    if (isUnderWay) this.#endBar(task, nowMs, 'interrupted', null);
    if (isUnderWay) this.#tasks.ready(task, nowMs);
    else if (this.#tasks.retrying.has(task)) this.#tasks.move(task, STATE.ready, nowMs);
  }

  /** Whether an attempt that runs has not been seen on a thread yet. */
  get hasUnplaced(): boolean {
    return this.#bars.hasUnplaced;
  }

  /** Nothing more is known of it from then on: whoever had it in hand is gone. */
  letGo(atMs: number): void {
    if (!this.#life.letGo()) return;
    this.#version.next();
    this.#interruptAll(atMs);
  }

  #applyToRun(event: RuntimeEvent): void {
    const atMs = this.#time.of(event);
    if (!this.#life.apply(event, atMs)) return;
    this.#version.next();
    if (event.type === 'workflow.started') this.#tasks.begin(atMs);
    if (event.type === 'workflow.recovered') {
      this.#interruptAll(atMs);
      this.#tasks.begin(atMs);
    }
    if (event.type === 'workflow.suspended') this.#interruptAll(atMs);
  }

  #interruptAll(atMs: number): void {
    for (const task of [...this.#tasks.underWay]) {
      this.#endBar(task, atMs, 'interrupted', null);
      this.#tasks.ready(task, atMs);
    }
  }

  #applyToTask(task: number, event: RuntimeEvent, atMs: number): void {
    const tasks = this.#tasks;
    const { type, data } = event;
    if (type === 'task.progress') tasks.setProgress(task, numberOf(data.fraction, -1));
    if (isEnd(tasks.states[task] ?? 0)) return;
    switch (type) {
      case 'task.ready':
        this.#ready(task, numberOf(data.attempt, 1), atMs);
        break;
      case 'task.started':
        this.#started(task, numberOf(data.attempt, 1), atMs);
        break;
      case 'task.retrying':
        if (tasks.states[task] === STATE.retrying) break;
        this.#endBar(task, atMs, data.killed === true ? 'killed' : 'failed', threadOf(data.threadId));
        tasks.due(task, atMs + numberOf(data.delayMs, 0));
        tasks.move(task, STATE.retrying, atMs);
        break;
      case 'task.completed':
      case 'task.failed':
      case 'task.cancelled': {
        const how = type.slice('task.'.length) as 'completed' | 'failed' | 'cancelled';
        this.#endBar(task, atMs, data.killed === true ? 'killed' : how, threadOf(data.threadId));
        this.#end(task, STATE[how], atMs);
        break;
      }
      case 'task.adopted':
        this.#end(task, STATE.completed, atMs);
        break;
      case 'task.skipped':
        this.#end(task, STATE.skipped, atMs);
        break;
      default:
        break;
    }
  }

  #ready(task: number, attempt: number, atMs: number): void {
    const begun = this.#tasks.attempts[task] ?? 0;
    if (attempt < begun) return;
    if (this.#tasks.underWay.has(task)) {
      // Its thread was taken from it, or it was handed back before it began.
      this.#endBar(task, atMs, 'interrupted', null);
      if (attempt === begun) this.#tasks.setAttempts(task, attempt - 1);
    }
    this.#tasks.ready(task, atMs);
  }

  #started(task: number, attempt: number, atMs: number): void {
    const begun = this.#tasks.attempts[task] ?? 0;
    const isUnderWay = this.#tasks.underWay.has(task);
    if (attempt < begun || (attempt === begun && isUnderWay && !this.#bars.isOlder(task, attempt, atMs))) return;
    if (this.#life.started(atMs)) {
      this.#version.next();
      this.#tasks.begin(atMs);
    }
    // No end was told of the one before: its thread was taken from it, or it was handed back before it began.
    if (isUnderWay) this.#endBar(task, atMs, 'interrupted', null);
    this.#bars.start(task, attempt, this.#tasks.readyAt(task, atMs), atMs);
    this.#tasks.started(task, attempt, atMs);
  }

  #end(task: number, state: number, atMs: number): void {
    this.#tasks.move(task, state, atMs);
    if (this.#life.taskEnded(this.#tasks.stateOf(task), atMs)) this.#version.next();
  }

  #endBar(task: number, atMs: number, outcome: AttemptOutcome, threadId: number | null): void {
    this.#bars.end(task, this.#tasks.attempts[task] ?? 0, { atMs, outcome, threadId });
  }

  // --- what it tells

  summary(): RunSummary {
    const { counts } = this.#tasks;
    const of = (state: TaskState): number => counts[STATE[state]] ?? 0;
    const ends = {
      completed: of('completed'),
      failed: of('failed'),
      skipped: of('skipped'),
      cancelled: of('cancelled'),
    };
    return summaryOf(this.record, this.standing, ends);
  }

  document(): RunDocument {
    const { shape } = this;
    const took = this.record.endedAtMs === null ? null : this.#bars.tookMs();
    return {
      summary: this.summary(),
      version: this.version,
      ...this.#life.document(shape.definition?.description ?? null),
      hasDefinition: shape.hasDefinition,
      tasks: {
        ...shape.columns(),
        states: [...this.#tasks.states],
        attempts: [...this.#tasks.attempts],
        progress: [...this.#tasks.progress],
        criticalPath: shape.criticalPath((task) => (took === null ? undefined : (took.get(task) ?? 0))),
      },
    };
  }

  /** What changed after a version, each task and bar once, as it is now. */
  frame(since: number, withTimeline: boolean, nowMs: number): RunFrame {
    // First: it may put bars on lanes, which is a change.
    const bars = withTimeline ? this.#bars.changedSince(since, this.record.createdAtMs, nowMs) : [];
    return {
      runId: this.record.runId,
      from: since,
      to: this.version,
      summary: this.summary(),
      cancelRequested: this.#life.cancelReason,
      tasks: this.#tasks.changedSince(since),
      bars,
      lanes: withTimeline ? [...this.#bars.lanes] : [],
    };
  }

  /** `nowMs`: what the end of a run under way is. */
  timeline(nowMs: number): TimelineDocument {
    const { createdAtMs, endedAtMs } = this.record;
    const bars = this.#bars.rows(createdAtMs, nowMs);
    const isLive = endedAtMs === null && this.#life.isHeld;
    const last = bars.reduce((latest, [, , , , , start, end]) => Math.max(latest, start, end), 0);
    const end = isLive ? nowMs - createdAtMs : Math.max(last, (endedAtMs ?? createdAtMs) - createdAtMs);
    return {
      version: this.version,
      origin: createdAtMs,
      end: Math.max(end, last),
      isLive,
      lanes: [...this.#bars.lanes],
      bars,
      gaps: this.#life.gaps.map(({ fromMs, toMs }) => ({ from: fromMs - createdAtMs, to: toMs - createdAtMs })),
    };
  }
}

/** Null: it waits for whatever it waits for. */
function stateOf(task: TaskHistory, isHeld: boolean): number | null {
  switch (task.status) {
    case 'pending':
    case 'ready':
      return null;
    case 'running':
      if (!isHeld) return null;
      return task.cancelRequested === null ? STATE.running : STATE.cancelling;
    default:
      return STATE[task.status];
  }
}

/** How an attempt on record ended, as far as is known now: what no live engine has in its hands is lost. */
export function outcomeOf({ outcome, killed }: AttemptHistory, isHeld: boolean): AttemptOutcome {
  if (outcome === 'running') return isHeld ? 'running' : 'interrupted';
  return killed ? 'killed' : outcome;
}

function numberOf(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

function threadOf(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}
