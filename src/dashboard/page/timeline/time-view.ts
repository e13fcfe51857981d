// Owns the stretch of time that a timeline shows: zoom, pan, its bounds, and the ticks of the axis. Times are milliseconds
// after the timeline's origin; `x` is in pixels from the left end of the bars. Pure.

export interface TimeView {
  readonly from: number;
  readonly to: number;
}

/** No closer than this: times on record are whole milliseconds. */
const LEAST_SPAN_MS = 5;
/** Free room behind the end, as a share of the whole: what happens now must not stick to the edge. */
const MARGIN_SHARE = 0.02;
/** A view that ends this close to the end goes along with it. */
const FOLLOW_SHARE = 0.03;
const TICK_PX = 90;

/** All of a timeline that ends at `end`. */
export function wholeView(end: number): TimeView {
  const span = Math.max(LEAST_SPAN_MS, end);
  return { from: 0, to: span * (1 + MARGIN_SHARE) };
}

export function xOf(view: TimeView, width: number, at: number): number {
  return ((at - view.from) / (view.to - view.from)) * width;
}

export function timeAt(view: TimeView, width: number, x: number): number {
  return view.from + (x / Math.max(1, width)) * (view.to - view.from);
}

/** The view `factor` times as wide; what is at `at` stays where it is, as far as the bounds allow. */
export function zoomed(view: TimeView, whole: TimeView, at: number, factor: number): TimeView {
  const span = (view.to - view.from) * factor;
  const share = (at - view.from) / (view.to - view.from);
  return held({ from: at - share * span, to: at + (1 - share) * span }, whole);
}

/** The view moved by so many milliseconds, as far as there is something. */
export function panned(view: TimeView, whole: TimeView, byMs: number): TimeView {
  return held({ from: view.from + byMs, to: view.to + byMs }, whole);
}

/** The view moved just so far that a stretch is in it; its middle, where it is longer than the view. */
export function revealing(view: TimeView, whole: TimeView, from: number, to: number): TimeView {
  const span = view.to - view.from;
  if (from >= view.from && to <= view.to) return view;
  const middle = (from + to) / 2;
  return held({ from: middle - span / 2, to: middle + span / 2 }, whole);
}

/** The view after the end moved on: one that showed the end goes along. */
export function followed(view: TimeView, before: TimeView, after: TimeView): TimeView {
  const isAtEnd = view.to >= before.to - (view.to - view.from) * FOLLOW_SHARE;
  return held(isAtEnd ? panned(view, after, after.to - view.to) : view, after);
}

function held({ from, to }: TimeView, whole: TimeView): TimeView {
  const most = whole.to - whole.from;
  const span = Math.min(most, Math.max(Math.min(LEAST_SPAN_MS, most), to - from));
  const middle = (from + to) / 2;
  const start = Math.min(whole.to - span, Math.max(whole.from, middle - span / 2));
  return { from: start, to: start + span };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS: readonly number[] = [
  ...[1, 10, 100].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
];

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Where the axis has lines: round times, about a hand's breadth apart. */
export function ticksOf(view: TimeView, width: number): Tick[] {
  const wanted = ((view.to - view.from) * TICK_PX) / Math.max(TICK_PX, width);
  const step = STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / DAY) * DAY;
  const ticks: Tick[] = [];
  const first = Math.ceil(Math.max(0, view.from) / step);
  for (let index = first; index * step <= view.to; index++)
    ticks.push({ at: index * step, label: tickText(index * step, step) });
  return ticks;
}

/** A time after the start, as exact as the step between ticks: `250 ms`, `1.5 s`, `2:05`, `1:02:05`, `2 d 3:00:00`. */
function tickText(at: number, step: number): string {
  if (at === 0) return '0';
  if (at < SECOND) return `${at} ms`;
  const decimals = step >= SECOND ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  if (at < MINUTE) return `${(at / SECOND).toFixed(decimals)} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = (at % MINUTE) / SECOND;
  const clockSeconds = decimals === 0 ? two(seconds) : seconds.toFixed(decimals).padStart(decimals + 3, '0');
  const minutes = Math.floor(at / MINUTE) % 60;
  if (at < HOUR) return `${minutes}:${clockSeconds}`;
  const hours = Math.floor(at / HOUR) % 24;
  const days = at < DAY ? '' : `${Math.floor(at / DAY)} d `;
  return `${days}${hours}:${two(minutes)}:${clockSeconds}`;
}
