// Owns how what the stream says is put on what was fetched: a frame makes a new document that shares everything the
// frame did not touch, so that identity tells what changed. Above all `tasks.names` stays the same array while the graph
// is the same: that is what layouts go by. Documents handed in are never written to.

import type { RunDocument, RunFrame, TimelineBar, TimelineDocument } from '../wire.ts';

/** What came of a frame: a newer document; nothing new; or something in between was missed, and it has to be fetched. */
export type Applied<T> =
  | { readonly kind: 'applied'; readonly document: T }
  | { readonly kind: 'stale' }
  | { readonly kind: 'gap' };

/** Numbers a task takes in a frame: its index, state, attempts and progress. */
const FRAME_WIDTH = 4;

/** The run after a frame. */
export function applyRunFrame(run: RunDocument, frame: RunFrame): Applied<RunDocument> {
  const order = orderOf(run.version, frame);
  if (order !== 'next') return { kind: order };
  const tasks = applyTasks(run.tasks, frame.tasks);
  if (tasks === undefined) return { kind: 'gap' };
  const document = {
    ...run,
    version: frame.to,
    summary: frame.summary,
    cancelRequested: frame.cancelRequested,
    tasks,
  };
  return { kind: 'applied', document };
}

/** The timeline after a frame; `now` is the server's clock. */
export function applyTimelineFrame(
  timeline: TimelineDocument,
  frame: RunFrame,
  now: number,
): Applied<TimelineDocument> {
  const order = orderOf(timeline.version, frame);
  if (order !== 'next') return { kind: order };
  const isLive = frame.summary.endedAt === null && (timeline.isLive || frame.summary.standing === 'running');
  const end = (frame.summary.endedAt ?? now) - timeline.origin;
  const document = {
    ...timeline,
    version: frame.to,
    isLive,
    end: isLive || timeline.isLive ? Math.max(timeline.end, end) : timeline.end,
    lanes: frame.lanes.length === 0 ? timeline.lanes : frame.lanes,
    bars: mergeBars(timeline.bars, frame.bars),
  };
  return { kind: 'applied', document };
}

/** Bars after newer ones: those of a number that is there already replace it, the others come at the end. */
export function mergeBars(bars: readonly TimelineBar[], newer: readonly TimelineBar[]): TimelineBar[] {
  const merged = bars.slice();
  if (newer.length === 0) return merged;
  // Numbers are given in order, so that a bar mostly lies at its own number; a map is made only when one does not.
  let places: Map<number, number> | undefined;
  for (const bar of newer) {
    if (merged[bar[0]]?.[0] === bar[0]) {
      merged[bar[0]] = bar;
      continue;
    }
    places ??= new Map(merged.map(([number], place) => [number, place]));
    const place = places.get(bar[0]);
    if (place === undefined) places.set(bar[0], merged.push(bar) - 1);
    else merged[place] = bar;
  }
  return merged;
}

function orderOf(version: number, frame: RunFrame): 'stale' | 'next' | 'gap' {
  if (frame.to <= version) return 'stale';
  return frame.from <= version ? 'next' : 'gap';
}

// Undefined: it speaks of tasks that the document does not have.
function applyTasks(tasks: RunDocument['tasks'], changes: readonly number[]): RunDocument['tasks'] | undefined {
  if (changes.length === 0) return tasks;
  if (changes.length % FRAME_WIDTH !== 0) return undefined;
  const states = new Column(tasks.states);
  const attempts = new Column(tasks.attempts);
  const progress = new Column(tasks.progress);
  for (let at = 0; at < changes.length; at += FRAME_WIDTH) {
    const task = changes[at] ?? -1;
    if (tasks.names[task] === undefined) return undefined;
    states.set(task, changes[at + 1] ?? 0);
    attempts.set(task, changes[at + 2] ?? 0);
    progress.set(task, changes[at + 3] ?? -1);
  }
  return { ...tasks, states: states.values, attempts: attempts.values, progress: progress.values };
}

// A column that is copied at its first real change.
class Column {
  values: number[];
  #isCopy = false;

  constructor(values: number[]) {
    this.values = values;
  }

  set(index: number, value: number): void {
    if (this.values[index] === value) return;
    if (!this.#isCopy) this.values = this.values.slice();
    this.#isCopy = true;
    this.values[index] = value;
  }
}
