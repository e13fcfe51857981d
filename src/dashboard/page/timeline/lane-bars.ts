// Owns the bars of a timeline by lane, in the order of their starts: what is in view, what a pixel shows, what lies under
// the pointer, what comes next. Tens of thousands of bars are looked through in less than a frame: found by bisection, and
// bars narrower than a pixel drawn together, one piece a pixel column. Pure; times are milliseconds after the origin.

import { ATTEMPT_OUTCOMES, type AttemptOutcome, type TimelineBar, type TimelineDocument } from '../../wire.ts';
import { type TimeView, timeAt, xOf } from './time-view.ts';

/** A bar, taken apart. `end` of one that still runs is the `now` it is looked at. */
export interface Bar {
  readonly task: number;
  readonly attempt: number;
  readonly lane: number;
  readonly ready: number;
  readonly start: number;
  readonly end: number;
  readonly outcome: AttemptOutcome;
}

/** What is drawn at one place: a bar, or all bars that are narrower than a pixel and begin in its column. */
export interface Piece {
  readonly x: number;
  readonly width: number;
  /** Place of the (first) bar in its lane. */
  readonly place: number;
  readonly count: number;
  /** How much of the piece's width bars take, 0 … 1. */
  readonly cover: number;
  /** The most frequent one, and the one to look at first. */
  readonly outcome: AttemptOutcome;
  readonly worst: AttemptOutcome;
}

/** The worst first: the one of many in a pixel that must not be lost. */
const BY_GRAVITY: readonly AttemptOutcome[] = ['killed', 'failed', 'cancelled', 'interrupted', 'running', 'completed'];
/** Bars narrower than this are drawn together. */
const LEAST_PX = 1.5;

interface Lane {
  readonly bars: TimelineBar[];
  /** The latest end of all bars up to this one: bars of a lane may overlap where there are too many for lanes of their own. */
  readonly latest: Float64Array;
}

const BY_KIND = ['inline', 'thread', 'packed'];

/** The lanes of a document as they are shown: the main loop, then threads by their numbers, then those not known. */
export function shownOrder(lanes: TimelineDocument['lanes']): number[] {
  const kind = (lane: number) => BY_KIND.indexOf(lanes[lane]?.kind ?? '');
  const label = (lane: number) => lanes[lane]?.label ?? '';
  const byLabel = new Intl.Collator('en', { numeric: true });
  return lanes.map((_, lane) => lane).sort((a, b) => kind(a) - kind(b) || byLabel.compare(label(a), label(b)) || a - b);
}

/** Lanes are counted as they are shown, from the top. */
export class LaneBars {
  readonly laneCount: number;
  readonly labels: readonly string[];
  /** Until when a bar that still runs goes. */
  now: number;
  readonly #lanes: readonly Lane[];

  constructor(timeline: Pick<TimelineDocument, 'bars' | 'lanes'>, now: number) {
    this.laneCount = timeline.lanes.length;
    this.now = now;
    const order = shownOrder(timeline.lanes);
    this.labels = order.map((lane) => timeline.lanes[lane]?.label ?? '');
    const lanes: TimelineBar[][] = timeline.lanes.map(() => []);
    const shownAt = new Map(order.map((lane, shown) => [lane, shown]));
    for (const bar of timeline.bars) lanes[shownAt.get(bar[3]) ?? -1]?.push(bar);
    this.#lanes = lanes.map(laneOf);
  }

  size(lane: number): number {
    return this.#lanes[lane]?.bars.length ?? 0;
  }

  /** The bar at a place of a lane; undefined beyond its ends. */
  at(lane: number, place: number): Bar | undefined {
    const bar = this.#lanes[lane]?.bars[place];
    return bar === undefined ? undefined : this.#unpack(bar, lane);
  }

  /** What a lane shows, from left to right. */
  pieces(lane: number, view: TimeView, width: number): Piece[] {
    const bars = this.#lanes[lane]?.bars ?? [];
    const pieces: Piece[] = [];
    let column: PixelColumn | undefined;
    const [first, last] = this.#range(lane, view.from, view.to);
    for (let place = first; place < last; place++) {
      const bar = bars[place];
      if (bar === undefined) continue;
      const end = this.#endOf(bar);
      if (end < view.from) continue;
      const x = xOf(view, width, bar[5]);
      const wide = xOf(view, width, end) - x;
      const outcome = ATTEMPT_OUTCOMES[bar[7]] ?? 'running';
      if (wide >= LEAST_PX) {
        pieces.push({ x, width: wide, place, count: 1, cover: 1, outcome, worst: outcome });
        continue;
      }
      const left = Math.floor(x);
      if (column?.x !== left) {
        if (column !== undefined) pieces.push(column.piece());
        column = new PixelColumn(left, place);
      }
      column.add(outcome, wide);
    }
    if (column !== undefined) pieces.push(column.piece());
    return pieces;
  }

  /** The stretches of a lane in which tasks that it ran next were waiting, joined, in order. */
  waits(lane: number, view: TimeView): { from: number; to: number }[] {
    const bars = this.#lanes[lane]?.bars ?? [];
    const joined: { from: number; to: number }[] = [];
    // A wait ends where its bar begins: bars that begin before the view have none in it.
    const [first] = this.#range(lane, view.from, view.to);
    for (let place = first; place < bars.length; place++) {
      const bar = bars[place];
      if (bar === undefined || bar[4] >= bar[5] || bar[5] <= view.from || bar[4] >= view.to) continue;
      let from = bar[4];
      // Those after it start later, but may have been ready earlier: what it reaches back over becomes one with it.
      for (let before = joined.at(-1); before !== undefined && before.to >= from; before = joined.at(-1)) {
        from = Math.min(from, before.from);
        joined.pop();
      }
      joined.push({ from, to: bar[5] });
    }
    return joined;
  }

  /** The place of the bar of a lane under a pixel, or the nearest within reach; undefined = there is none. */
  hit(lane: number, view: TimeView, width: number, x: number, reachPx = 4): number | undefined {
    const [from, to] = [timeAt(view, width, x - reachPx), timeAt(view, width, x + reachPx)];
    const at = timeAt(view, width, x);
    const [first, last] = this.#range(lane, from, to);
    let best: number | undefined;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (let place = first; place < last; place++) {
      const bar = this.at(lane, place);
      if (bar === undefined || bar.end < from) continue;
      const distance = at < bar.start ? bar.start - at : Math.max(0, at - bar.end);
      // Where bars overlap the later one is drawn on top.
      if (distance > bestDistance) continue;
      best = place;
      bestDistance = distance;
    }
    return best;
  }

  /** The bar of a lane that is nearest to a moment; undefined = the lane is empty. */
  nearest(lane: number, at: number): number | undefined {
    const bars = this.#lanes[lane]?.bars ?? [];
    const after = bisect(bars.length, (place) => (bars[place]?.[5] ?? 0) > at);
    const before = this.at(lane, after - 1);
    const next = this.at(lane, after);
    if (before === undefined) return next === undefined ? undefined : after;
    if (next === undefined || at <= before.end) return after - 1;
    return at - before.end <= next.start - at ? after - 1 : after;
  }

  /** Where the bars of a task are: lane and place of each, in order. */
  ofTask(task: number): { lane: number; place: number }[] {
    return this.#lanes.flatMap(({ bars }, lane) =>
      bars.flatMap((bar, place) => (bar[1] === task ? [{ lane, place }] : [])),
    );
  }

  /** Where an attempt of a task is; undefined = it has no bar. */
  ofAttempt(task: number, attempt: number): { lane: number; place: number } | undefined {
    return this.ofTask(task).find(({ lane, place }) => this.at(lane, place)?.attempt === attempt);
  }

  // Places of bars that may touch a stretch of time.
  #range(lane: number, from: number, to: number): [first: number, last: number] {
    const { bars, latest } = this.#lanes[lane] ?? { bars: [], latest: new Float64Array() };
    const first = bisect(bars.length, (place) => (latest[place] ?? 0) >= from);
    return [first, bisect(bars.length, (place) => (bars[place]?.[5] ?? 0) > to)];
  }

  #unpack(bar: TimelineBar, lane: number): Bar {
    const [, task, attempt, , ready, start, , outcome] = bar;
    const end = this.#endOf(bar);
    return { task, attempt, lane, ready, start, end, outcome: ATTEMPT_OUTCOMES[outcome] ?? 'running' };
  }

  #endOf(bar: TimelineBar): number {
    return bar[6] < 0 ? Math.max(bar[5], this.now) : bar[6];
  }
}

function laneOf(bars: TimelineBar[]): Lane {
  const isSorted = bars.every((bar, place) => place === 0 || (bars[place - 1]?.[5] ?? 0) <= bar[5]);
  if (!isSorted) bars.sort((a, b) => a[5] - b[5] || a[0] - b[0]);
  const latest = new Float64Array(bars.length);
  let end = Number.NEGATIVE_INFINITY;
  bars.forEach((bar, place) => {
    end = Math.max(end, bar[6] < 0 ? Number.POSITIVE_INFINITY : bar[6]);
    latest[place] = end;
  });
  return { bars, latest };
}

/** The first of so many places at which something holds that holds for all after it too. */
function bisect(size: number, holds: (place: number) => boolean): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

class PixelColumn {
  readonly x: number;
  readonly #place: number;
  readonly #counts = new Map<AttemptOutcome, number>();
  #count = 0;
  #covered = 0;

  constructor(x: number, place: number) {
    this.x = x;
    this.#place = place;
  }

  add(outcome: AttemptOutcome, width: number): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    this.#count += 1;
    this.#covered += width;
  }

  piece(): Piece {
    const outcomes = BY_GRAVITY.filter((outcome) => this.#counts.has(outcome));
    const worst = outcomes[0] ?? 'completed';
    const most = (a: AttemptOutcome, b: AttemptOutcome) =>
      (this.#counts.get(b) ?? 0) > (this.#counts.get(a) ?? 0) ? b : a;
    return {
      x: this.x,
      width: 1,
      place: this.#place,
      count: this.#count,
      cover: Math.min(1, this.#covered),
      outcome: outcomes.reduce(most, worst),
      worst,
    };
  }
}
