// Owns what `show` knows of a run: its tasks in the order of their first attempt, why those that have not ended have not,
// and the axis of time their bars are drawn on. Pure: a function of the recorded history, the graph, the time, and of what
// a live engine said of tasks that wait.

import { quoteName } from '../domain/near-name.ts';
import {
  type AttemptHistory,
  countEnds,
  endOfTask,
  type HeardWait,
  type RunHistory,
  signsOfLife,
  type TaskHistory,
} from '../engine/run-archive.ts';
import type { CompiledWorkflow } from '../engine/workflow-compiler.ts';
import { durationText } from './duration-text.ts';
import type { RunStanding } from './run-standing.ts';
import type { EndedBefore } from './run-view-state.ts';
import { localTimeText } from './time-text.ts';

const MOST_AWAITED_NAMES = 4;
/** Reasons that the record tells in the same words, a retry also with the time that is left. */
const TOLD_BY_RECORD: ReadonlySet<string> = new Set(['run-pending', 'dependency', 'retry']);
/** A shorter wait is not told in figures. */
const LEAST_TOLD_MS = 1_000;

/** One task of a run, with facts or without. */
export interface TimelineTask {
  readonly name: string;
  readonly status: TaskHistory['status'] | 'interrupted';
  readonly history: TaskHistory | null;
  /** As far as is known now: one whose process is gone is interrupted, though nobody has written that down yet. */
  readonly attempts: readonly AttemptHistory[];
  /** Why it has not ended; null when it has. */
  readonly waiting: string | null;
  /** Dependencies that have not completed, of a task that has not begun. */
  readonly awaits: readonly string[];
  /** When its last dependency had ended, or the run began; null when that is not known, or not yet. */
  readonly readyAtMs: number | null;
  /** What the live engine said of it; null when none was asked, or it does not wait. */
  readonly wait: HeardWait | null;
}

/** Of a task that has begun; when it was ready is filled in for all alike. */
const BEGUN = { awaits: [], readyAtMs: null } as const;

/** What a live engine said, by task. */
export type HeardWaits = ReadonlyMap<string, HeardWait>;

export interface RunTimeline {
  readonly history: RunHistory;
  readonly standing: RunStanding;
  readonly tasks: readonly TimelineTask[];
  readonly counts: EndedBefore & { readonly total: number };
  /** Where the bars begin and end; time in which no engine held the run takes no room between them. */
  readonly axis: TimeAxis;
}

/** The timeline of a run; `workflow` is null for a single task. */
export function timelineOf(
  history: RunHistory,
  workflow: CompiledWorkflow | null,
  standing: RunStanding,
  nowMs: number,
  heard: HeardWaits = new Map(),
): RunTimeline {
  const tasks: TimelineTask[] = [];
  const add = (task: TimelineTask): void => {
    const readyAtMs = readyTimeOf(history, workflow, task.name);
    tasks.push(withHeard({ ...task, readyAtMs }, heard.get(task.name), nowMs));
  };
  for (const task of history.tasks.values()) {
    if (task.attempts.length > 0 || task.adoptedFrom !== null) add(timelineTask(task, standing, nowMs));
  }
  const shown = new Set(tasks.map(({ name }) => name));
  const graph = workflow?.graph;
  const names = graph?.names ?? [...history.tasks.keys()];
  for (const name of names) {
    if (shown.has(name)) continue;
    const task = history.tasks.get(name);
    if (task !== undefined && endOfTask(task) !== null) add(timelineTask(task, standing, nowMs));
    else add(notStarted(name, task ?? null, standing, awaitedBy(history, workflow, name)));
  }
  return {
    history,
    standing,
    tasks,
    counts: { total: Math.max(names.length, tasks.length), ...countEnds(history) },
    axis: timeAxisOf(history, standing, nowMs),
  };
}

// The engine's word is newer than the record where the record does not know of a start or an end since.
function withHeard(task: TimelineTask, wait: HeardWait | undefined, nowMs: number): TimelineTask {
  const isWaiting = task.status === 'pending' || task.status === 'retrying';
  if (wait === undefined || !isWaiting || task.history?.cancelRequested) return task;
  if (TOLD_BY_RECORD.has(wait.reason.kind)) return { ...task, wait };
  const waitedMs = wait.sinceMs === null ? 0 : nowMs - wait.sinceMs;
  const lasting = waitedMs < LEAST_TOLD_MS ? '' : ` (for ${durationText(waitedMs)})`;
  return { ...task, wait, waiting: `waiting: ${wait.message}${lasting}` };
}

function timelineTask(task: TaskHistory, standing: RunStanding, nowMs: number): TimelineTask {
  const { task: name, status, attempts } = task;
  if (endOfTask(task) !== null) return { name, status, history: task, attempts, waiting: null, wait: null, ...BEGUN };
  // A fact of its end is missing: whoever ran it is gone.
  const isLost = (status === 'running' && !isHeldIn(standing)) || status === 'ready';
  const waiting = task.cancelRequested === null ? waitingReason(task, standing, nowMs) : 'is being cancelled';
  if (!isLost) return { name, status, history: task, attempts, waiting, wait: null, ...BEGUN };
  const lost = attempts.map(
    (one): AttemptHistory => (one.outcome === 'running' ? { ...one, outcome: 'interrupted' } : one),
  );
  return { name, status: 'interrupted', history: task, attempts: lost, waiting, wait: null, ...BEGUN };
}

function isHeldIn(standing: RunStanding): boolean {
  return standing === 'running' || standing === 'paused' || standing === 'pending';
}

function waitingReason(task: TaskHistory, standing: RunStanding, nowMs: number): string {
  const attempt = task.attempts.at(-1)?.attempt ?? 1;
  if (task.status === 'running' && isHeldIn(standing)) return `runs, attempt ${attempt}`;
  const after = standingReason(standing);
  if (task.status === 'retrying' && task.dueMs !== null) {
    const due = task.dueMs > nowMs ? `in ${durationText(task.dueMs - nowMs)}` : 'now';
    return `retry due at ${localTimeText(task.dueMs)} (${due})${after}`;
  }
  // That it is tried again goes without saying, unless something else is in the way.
  return `attempt ${attempt} was interrupted${standing === 'interrupted' ? '' : after}`;
}

/** What holds up everything that could go on. */
function standingReason(standing: RunStanding): string {
  if (isHeldIn(standing) && standing !== 'paused') return '';
  return standing === 'interrupted' || standing === 'paused' || standing === 'parked' ? `; the run is ${standing}` : '';
}

function notStarted(
  name: string,
  history: TaskHistory | null,
  standing: RunStanding,
  awaited: readonly string[],
): TimelineTask {
  const base = {
    name,
    status: 'pending',
    history,
    attempts: [],
    awaits: awaited,
    readyAtMs: null,
    wait: null,
  } as const;
  if (awaited.length > 0) {
    const names = awaited.slice(0, MOST_AWAITED_NAMES).map(quoteName).join(', ');
    const more = awaited.length > MOST_AWAITED_NAMES ? ` and ${awaited.length - MOST_AWAITED_NAMES} more` : '';
    return { ...base, waiting: `waits for ${names}${more}` };
  }
  if (standing === 'running') return { ...base, waiting: 'ready: waits for capacity or a thread' };
  if (standing === 'pending') return { ...base, waiting: 'the run waits for its place' };
  const reason = standingReason(standing);
  return { ...base, waiting: `not started${reason}` };
}

/** The direct dependencies that have not completed. */
function awaitedBy(history: RunHistory, workflow: CompiledWorkflow | null, name: string): string[] {
  return dependenciesOf(workflow, name).filter((dependency) => history.tasks.get(dependency)?.status !== 'completed');
}

// A task whose output was taken over from another run holds nobody up.
function readyTimeOf(history: RunHistory, workflow: CompiledWorkflow | null, name: string): number | null {
  let readyAtMs = history.record.startedAtMs;
  if (workflow === null || readyAtMs === null) return readyAtMs;
  for (const dependency of dependenciesOf(workflow, name)) {
    const task = history.tasks.get(dependency);
    if (task === undefined || task.endedAtMs === null) return null;
    readyAtMs = Math.max(readyAtMs, task.endedAtMs);
  }
  return readyAtMs;
}

function dependenciesOf(workflow: CompiledWorkflow | null, name: string): string[] {
  if (workflow === null) return [];
  const { graph } = workflow;
  const index = graph.indexOf(name);
  if (index < 0) return [];
  const from = graph.dependencyOffsets[index] ?? 0;
  const to = graph.dependencyOffsets[index + 1] ?? from;
  return Array.from(graph.dependencies.subarray(from, to), (dependency) => graph.names[dependency] ?? '');
}

/** From recorded times to shares of the time in which the run was in someone's hands. */
export class TimeAxis {
  readonly startMs: number;
  readonly endMs: number;
  /** Stretches without an engine, in order, none overlapping. */
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number }[];

  constructor(startMs: number, endMs: number, gaps: TimeAxis['gaps'] = []) {
    this.startMs = startMs;
    this.endMs = Math.max(startMs, endMs);
    this.gaps = gaps;
  }

  /** How long someone had the run in hand, milliseconds. */
  get heldMs(): number {
    return this.#heldUntil(this.endMs);
  }

  /** 0 at the start, 1 at the end. */
  shareOf(atMs: number): number {
    const whole = this.heldMs;
    return whole <= 0 ? 0 : Math.min(1, Math.max(0, this.#heldUntil(atMs) / whole));
  }

  #heldUntil(atMs: number): number {
    let heldMs = atMs - this.startMs;
    for (const { fromMs, toMs } of this.gaps) {
      if (fromMs < atMs) heldMs -= Math.min(atMs, toMs) - fromMs;
    }
    return heldMs;
  }
}

function timeAxisOf(history: RunHistory, standing: RunStanding, nowMs: number): TimeAxis {
  const { record, moments } = history;
  const startMs = record.startedAtMs ?? record.createdAtMs;
  const known = signsOfLife(history);
  const gaps = moments
    .filter(({ type }) => type === 'recovered')
    .map(({ atMs }) => ({ fromMs: lastBefore(known, atMs) ?? atMs, toMs: atMs }));
  const lastKnownMs = known.at(-1) ?? startMs;
  const endMs = record.endedAtMs ?? (standing === 'running' ? nowMs : lastKnownMs);
  return new TimeAxis(startMs, endMs, gaps);
}

function lastBefore(sorted: readonly number[], limit: number): number | undefined {
  return sorted.findLast((time) => time < limit);
}
