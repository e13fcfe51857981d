// Owns what the shell knows of the run it shows: a fold of the run's events, nothing else. It has no clock and does no I/O,
// so every view is a function of it. It is changed in place: an event costs the same however many tasks run, since this
// happens on the engine's own loop. Memory is bounded by the tasks that run or wait for a retry at once.

import type { RuntimeEvent } from '../domain/events.ts';
import { atMsOf, numberOf, textOf } from './event-data.ts';

/** A task that runs now. */
export interface RunningTaskView {
  readonly name: string;
  readonly attempt: number;
  readonly startedAtMs: number;
  /** 0…1; null until it reports. */
  fraction: number | null;
  message: string | null;
}

/** What has become of the user's wish to interrupt. */
export type InterruptStage = 'none' | 'draining' | 'stopping';

export interface RunViewState {
  readonly workflow: string;
  runId: string | null;
  readonly totalTasks: number;
  startedAtMs: number | null;
  endedAtMs: number | null;
  completed: number;
  failed: number;
  skipped: number;
  cancelled: number;
  /** Waiting for their next attempt. */
  readonly retrying: Set<string>;
  /** In the order of their starts. */
  readonly running: Map<string, RunningTaskView>;
  paused: boolean;
  interrupt: InterruptStage;
}

/** How tasks had ended before this view began. */
export interface EndedBefore {
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
}

const NONE_ENDED: EndedBefore = { completed: 0, failed: 0, skipped: 0, cancelled: 0 };

/** The state before the first event. */
export function createRunViewState(workflow: string, totalTasks: number, before = NONE_ENDED): RunViewState {
  return {
    workflow,
    runId: null,
    totalTasks,
    startedAtMs: null,
    endedAtMs: null,
    completed: before.completed,
    failed: before.failed,
    skipped: before.skipped,
    cancelled: before.cancelled,
    retrying: new Set(),
    running: new Map(),
    paused: false,
    interrupt: 'none',
  };
}

/** Takes an event of the run into the state, and gives the same state back. */
export function reduceRunView(state: RunViewState, event: RuntimeEvent): RunViewState {
  if (event.task === undefined) reduceRunEvent(state, event);
  else reduceTaskEvent(state, event, event.task);
  return state;
}

/** Tasks of the run that have ended, whatever their end. */
export function endedTasks(state: RunViewState): number {
  return state.completed + state.failed + state.skipped + state.cancelled;
}

function reduceRunEvent(state: RunViewState, event: RuntimeEvent): void {
  switch (event.type) {
    case 'workflow.started':
      state.runId = event.runId ?? state.runId;
      state.startedAtMs = atMsOf(event);
      break;
    case 'workflow.recovered':
      state.runId = event.runId ?? state.runId;
      // Of this life: how long it lay unfinished is nobody's waiting time here. One that was restarted after a crash of
      // its actor has begun, and what it ran is to begin again.
      state.startedAtMs ??= atMsOf(event);
      state.running.clear();
      state.retrying.clear();
      break;
    case 'workflow.paused':
      state.paused = true;
      break;
    case 'workflow.resumed':
      state.paused = false;
      break;
    case 'workflow.completed':
    case 'workflow.failed':
    case 'workflow.cancelled':
      state.endedAtMs = atMsOf(event);
      state.running.clear();
      state.retrying.clear();
      break;
    default:
  }
}

function reduceTaskEvent(state: RunViewState, event: RuntimeEvent, task: string): void {
  switch (event.type) {
    case 'task.started':
      state.retrying.delete(task);
      state.running.set(task, newlyRunning(event, task));
      break;
    case 'task.progress':
      progress(state.running.get(task), event);
      break;
    case 'task.retrying':
      state.running.delete(task);
      state.retrying.add(task);
      break;
    case 'task.completed':
    case 'task.adopted':
      forget(state, task);
      state.completed += 1;
      break;
    case 'task.failed':
      forget(state, task);
      state.failed += 1;
      break;
    case 'task.cancelled':
      forget(state, task);
      state.cancelled += 1;
      break;
    case 'task.skipped':
      forget(state, task);
      state.skipped += 1;
      break;
    default:
  }
}

function newlyRunning(event: RuntimeEvent, name: string): RunningTaskView {
  return { name, attempt: numberOf(event, 'attempt') ?? 1, startedAtMs: atMsOf(event), fraction: null, message: null };
}

function progress(task: RunningTaskView | undefined, event: RuntimeEvent): void {
  if (task === undefined) return;
  const fraction = numberOf(event, 'fraction');
  if (fraction !== undefined) task.fraction = Math.min(1, Math.max(0, fraction));
  task.message = textOf(event, 'message') ?? task.message;
}

function forget(state: RunViewState, task: string): void {
  state.running.delete(task);
  state.retrying.delete(task);
}
