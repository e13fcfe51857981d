// Owns the simulated plan as bars on the lanes of a timeline: the plan's threads in order of their numbers on the lanes of
// threads in order, and lanes of its own for threads that the run has not used. Pure.

import type { PlanDocument, RunDocument, TimelineDocument } from '../../wire.ts';

import { shownOrder } from './lane-bars.ts';
import { type TimeView, xOf } from './time-view.ts';

export interface PlanBar {
  readonly task: number;
  readonly start: number;
  readonly end: number;
}

export interface PlanLanes {
  /** By lane as it is shown, those of the timeline first. */
  readonly bars: readonly (readonly PlanBar[])[];
  /** What lanes beyond those of the timeline are called. */
  readonly extra: readonly string[];
  /** When the last of it ends. */
  readonly end: number;
}

export const NO_PLAN: PlanLanes = { bars: [], extra: [], end: 0 };

/** Where a plan stands on a timeline. */
export function planLanesOf(
  plan: PlanDocument,
  timeline: Pick<TimelineDocument, 'lanes' | 'origin'>,
  run: { readonly summary: Pick<RunDocument['summary'], 'startedAt' | 'createdAt'> },
): PlanLanes {
  const shift = (run.summary.startedAt ?? run.summary.createdAt) - timeline.origin;
  const isFor = (isInline: boolean) =>
    shownOrder(timeline.lanes).flatMap((lane, shown) =>
      (timeline.lanes[lane]?.kind === 'inline') === isInline ? [shown] : [],
    );
  // What takes no time is not run at all: it was skipped, or done before.
  const rows = plan.rows.filter(([, , startMs, endMs]) => endMs > startMs);
  const threads = [...new Set(rows.map(([, thread]) => thread))].sort((a, b) => a - b);
  const [threadLanes, inlineLanes] = [isFor(false), isFor(true)];
  const lanes = new Map<number, number>();
  const extra: string[] = [];
  for (const thread of threads) {
    const known = thread < 0 ? inlineLanes.shift() : threadLanes.shift();
    lanes.set(
      thread,
      known ?? timeline.lanes.length + extra.push(thread < 0 ? 'plan, main loop' : `plan, thread ${thread}`) - 1,
    );
  }
  const bars: PlanBar[][] = Array.from({ length: timeline.lanes.length + extra.length }, () => []);
  let end = 0;
  for (const [task, thread, startMs, endMs] of rows) {
    bars[lanes.get(thread) ?? 0]?.push({ task, start: startMs + shift, end: endMs + shift });
    end = Math.max(end, endMs + shift);
  }
  for (const lane of bars) lane.sort((a, b) => a.start - b.start);
  return { bars, extra, end };
}

/** Bars narrower than this are joined with their neighbours: outlines side by side would be a grey mass. */
const LEAST_PX = 8;
const JOINED_PX = 3;

export interface PlanPiece {
  readonly x: number;
  readonly width: number;
  readonly count: number;
}

/** What a lane of the plan shows, from left to right: bars, and stretches of narrow ones. */
export function planPieces(bars: readonly PlanBar[], view: TimeView, width: number): PlanPiece[] {
  const pieces: { x: number; width: number; count: number }[] = [];
  let isOpen = false;
  for (const { start, end } of bars) {
    if (end < view.from || start > view.to) continue;
    const x = xOf(view, width, start);
    const right = xOf(view, width, end);
    const isNarrow = right - x < LEAST_PX;
    const last = pieces.at(-1);
    if (isNarrow && isOpen && last !== undefined && x - (last.x + last.width) < JOINED_PX) {
      last.width = Math.max(last.width, right - last.x);
      last.count += 1;
    } else pieces.push({ x, width: right - x, count: 1 });
    isOpen = isNarrow;
  }
  return pieces;
}
