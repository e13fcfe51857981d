// Owns the frames that a client has not taken yet: at most one of each kind, so that who reads slowly costs no memory and
// sees the newest when it reads on. What can be put together is put together; a run's frame that does not continue the
// one that waits takes its place, and the gap in the versions makes the page ask for the run again.

import type { RunFrame, RunsFrame, SystemFrame, TaskDocument, TimelineBar, TreeDocument } from './wire.ts';

/** A frame by the name of its event. */
export type Frame =
  | { readonly kind: 'runs'; readonly data: RunsFrame }
  | { readonly kind: 'run'; readonly data: RunFrame }
  | { readonly kind: 'task'; readonly data: TaskDocument }
  | { readonly kind: 'system'; readonly data: SystemFrame }
  | { readonly kind: 'tree'; readonly data: TreeDocument };

/** Changed rows of the list of runs that wait at most. */
export const MOST_WAITING_RUNS = 1_000;
/** Tasks, and bars, of a run's frame that wait at most. */
export const MOST_WAITING_TASKS = 50_000;
/** Numbers a task in `RunFrame.tasks`. */
const TASK_COLUMNS = 4;

export class PendingFrames {
  readonly #frames = new Map<Frame['kind'], Frame>();

  get size(): number {
    return this.#frames.size;
  }

  /** Keeps a frame. False: there is more than can be kept, and the client must start anew. */
  put(frame: Frame): boolean {
    const kept = mergedFrame(this.#frames.get(frame.kind), frame);
    this.#frames.delete(frame.kind);
    if (kept === undefined) return false;
    this.#frames.set(kept.kind, kept);
    return true;
  }

  /** The frame that has waited for longest; it waits no more. */
  take(): Frame | undefined {
    const [first] = this.#frames.values();
    if (first !== undefined) this.#frames.delete(first.kind);
    return first;
  }

  clear(): void {
    this.#frames.clear();
  }
}

function mergedFrame(before: Frame | undefined, frame: Frame): Frame | undefined {
  if (frame.kind === 'runs') {
    const data = before?.kind === 'runs' ? mergedRuns(before.data, frame.data) : frame.data;
    return data.changed.length > MOST_WAITING_RUNS ? undefined : { kind: 'runs', data };
  }
  if (frame.kind === 'run' && before?.kind === 'run') return { kind: 'run', data: mergedRun(before.data, frame.data) };
  return frame;
}

function mergedRuns(before: RunsFrame, after: RunsFrame): RunsFrame {
  const rows = new Map(before.changed.map((row) => [row.runId, row]));
  for (const row of after.changed) rows.set(row.runId, row);
  return { ...after, changed: [...rows.values()] };
}

function mergedRun(before: RunFrame, after: RunFrame): RunFrame {
  if (before.runId !== after.runId || before.to !== after.from) return after;
  const tasks = mergedTasks(before.tasks, after.tasks);
  const bars = mergedBars(before.bars, after.bars);
  if (tasks.length > MOST_WAITING_TASKS * TASK_COLUMNS || bars.length > MOST_WAITING_TASKS) return after;
  // Lanes are told as a whole wherever they are told.
  return { ...after, from: before.from, tasks, bars, lanes: after.lanes.length > 0 ? after.lanes : before.lanes };
}

function mergedTasks(before: readonly number[], after: readonly number[]): number[] {
  const rows = new Map<number | undefined, readonly number[]>();
  for (const tasks of [before, after]) {
    for (let at = 0; at < tasks.length; at += TASK_COLUMNS) rows.set(tasks[at], tasks.slice(at, at + TASK_COLUMNS));
  }
  return [...rows.values()].flat();
}

function mergedBars(before: readonly TimelineBar[], after: readonly TimelineBar[]): TimelineBar[] {
  const bars = new Map(before.map((bar) => [bar[0], bar]));
  for (const bar of after) bars.set(bar[0], bar);
  return [...bars.values()];
}
