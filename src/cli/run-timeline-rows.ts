// Owns which tasks of a large run `show` tells of by itself: those that failed, were tried again, were stopped or are under
// way, and the slowest; the rest in one line. Nobody reads ten thousand rows. Pure.

import { durationText } from './duration-text.ts';
import type { TimelineTask } from './run-timeline.ts';

/** A run with no more tasks than this is shown whole. */
const MOST_ROWS = 100;
const SLOWEST_ROWS = 10;

export interface TimelineRows {
  /** In the order of the timeline. */
  readonly shown: readonly TimelineTask[];
  /** What the others are, for people; null when all are shown. */
  readonly rest: string | null;
}

/** The rows of a run; `all` leaves none out. */
export function timelineRows(tasks: readonly TimelineTask[], all: boolean): TimelineRows {
  if (all || tasks.length <= MOST_ROWS) return { shown: tasks, rest: null };
  const slowest = new Set(
    tasks
      .map((task) => ({ task, ms: durationMsOf(task) ?? -1 }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, SLOWEST_ROWS)
      .map(({ task }) => task),
  );
  const rankOf = (task: TimelineTask): number => (slowest.has(task) ? 1 : importanceOf(task));
  const ranked = tasks.map((task, place) => ({ place, rank: rankOf(task) })).filter(({ rank }) => rank < LEAST);
  const kept = ranked.sort((a, b) => a.rank - b.rank || a.place - b.place).slice(0, MOST_ROWS);
  const places = new Set(kept.map(({ place }) => place));
  const shown = tasks.filter((_, place) => places.has(place));
  return { shown, rest: restOf(tasks.filter((_, place) => !places.has(place))) };
}

/** Of a task that did what it should, or has not begun: those are counted. */
const LEAST = 4;

function importanceOf({ status, attempts }: TimelineTask): number {
  switch (status) {
    case 'failed':
      return 0;
    case 'running':
    case 'retrying':
    case 'interrupted':
      return 1;
    case 'cancelled':
      return attempts.length > 0 ? 2 : LEAST;
    default:
      return attempts.length > 1 ? 3 : LEAST;
  }
}

function restOf(tasks: readonly TimelineTask[]): string {
  const counts = new Map<string, number>();
  const times: number[] = [];
  for (const task of tasks) {
    counts.set(wordOf(task), (counts.get(wordOf(task)) ?? 0) + 1);
    const ms = task.status === 'completed' ? durationMsOf(task) : null;
    if (ms !== null) times.push(ms);
  }
  times.sort((a, b) => a - b);
  const [least, middle, most] = [times[0], times[Math.floor(times.length / 2)], times.at(-1)];
  const hasTimes = least !== undefined && middle !== undefined && most !== undefined;
  const took = hasTimes
    ? ` (each in ${durationText(least)} to ${durationText(most)}, half of them within ${durationText(middle)})`
    : '';
  const parts = Array.from(counts, ([word, count]) => {
    return `${count.toLocaleString('en')} ${word}${word === 'completed' ? took : ''}`;
  });
  return `and ${parts.join(', ')}; --all lists every task`;
}

function wordOf({ status }: TimelineTask): string {
  return status === 'pending' ? 'not started' : status;
}

/** From the first start to the end, waits between attempts included; null while it has not ended, or never began. */
export function durationMsOf({ history }: TimelineTask): number | null {
  const first = history?.attempts[0];
  if (history === null || first === undefined || history.endedAtMs === null) return null;
  return history.endedAtMs - first.startedAtMs;
}
