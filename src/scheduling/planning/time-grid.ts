// Owns the grid of time on which schedules are made: durations become whole numbers of ticks.
// Why: sums of decimal seconds differ by rounding noise (0.1 + 0.2 is not 0.3), and one such difference hides a gap that fits
// or overlaps two tasks. Whole numbers below 2^53 add and compare exactly; a common divisor makes bounds round up far.
// It must never round a duration down: what fits on the grid fits in seconds.

import { RuntimeError } from '../../domain/runtime-error.ts';

/** Sums stay below this, far from 2^53, so that an error of one unit in the last place of a sum is 0.02 ticks. */
const MOST_TICKS = 1e14;
/** Powers of ten beside a second: no finer than picoseconds. */
const FINEST = 12;
/** Farther than this from a whole tick is a real fraction, not noise. */
const NOISE_TICKS = 0.02;

export interface TimeGrid {
  /** Whole numbers; 0 only for a duration of exactly 0. */
  readonly ticks: Float64Array;
  /** A moment of `t` ticks lies at `t * numerator / denominator` seconds. */
  readonly numerator: number;
  readonly denominator: number;
  /** Durations that had to be rounded up. */
  readonly rounded: number;
}

/** @throws ARGUMENT_INVALID for a duration that is negative or not finite */
export function gridOf(durations: Float64Array): TimeGrid {
  const decimals = decimalsFor(totalOf(durations));
  // A power of ten above one is exact, one below it is not: divide by its inverse then.
  const scale = decimals >= 0 ? 10 ** decimals : 1;
  const coarse = decimals >= 0 ? 1 : 10 ** -decimals;
  const ticks = new Float64Array(durations.length);
  let rounded = 0;
  let divisor = 0;
  for (let task = 0; task < durations.length; task++) {
    const exact = ((durations[task] as number) * scale) / coarse;
    const nearest = Math.round(exact);
    const isWhole = Math.abs(exact - nearest) <= NOISE_TICKS && (nearest > 0 || exact === 0);
    const whole = isWhole ? nearest : Math.ceil(exact);
    if (!isWhole) rounded++;
    ticks[task] = whole;
    if (divisor !== 1) divisor = commonDivisor(divisor, whole);
  }
  if (divisor > 1) for (let task = 0; task < ticks.length; task++) ticks[task] = (ticks[task] as number) / divisor;
  return { ticks, numerator: Math.max(divisor, 1) * coarse, denominator: scale, rounded };
}

/** The second at which a tick lies. */
export function secondsAt(grid: TimeGrid, tick: number): number {
  return (tick * grid.numerator) / grid.denominator;
}

function totalOf(durations: Float64Array): number {
  let total = 0;
  for (let task = 0; task < durations.length; task++) {
    const duration = durations[task] as number;
    if (!(duration >= 0 && duration < Number.POSITIVE_INFINITY)) {
      throw new RuntimeError(
        'ARGUMENT_INVALID',
        `the duration of task ${task} is ${duration}; give a finite number of seconds that is not negative`,
      );
    }
    total += duration;
  }
  return total;
}

function decimalsFor(totalSeconds: number): number {
  if (totalSeconds === 0) return 0;
  return Math.min(FINEST, Math.floor(Math.log10(MOST_TICKS / totalSeconds)));
}

function commonDivisor(left: number, right: number): number {
  let [larger, smaller] = [left, right];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
