// Owns what earlier runs of one workflow tell of how long its steps take: the last few durations of each step, and their
// median. Derived data, kept for estimates alone: a store may lose it, and must never fail for it.
// Bounded: 20,000 steps of a workflow, 9 durations of a step.

/** Of each step the last so many durations are kept; odd, so that the median is mostly one that happened. */
export const KEPT_DURATIONS = 9;
/** Steps of one workflow; see `DurationHistory.take` for which. */
export const KEPT_STEPS = 20_000;
/** Steps of one run that are looked at, the first ones given: what a recording costs has a bound as well. */
const RECORDED_STEPS = 100_000;
/** As long as an estimate may be; what is longer is none. */
const MAX_DURATION_SECONDS = 1_000_000_000;

/** What one run adds: how long each of the steps took. Plain data, so that it can go to another thread. */
export interface DurationRecording {
  /** Numbers all recordings of a store, from 1: the later one has the higher number. */
  readonly number: number;
  readonly workflow: string;
  readonly steps: readonly string[];
  /** One for each of the steps. */
  readonly seconds: Float64Array;
}

/** A recording of what a run tells; durations that are none (negative, not finite) are left out. */
export function recordingOf(number: number, workflow: string, seconds: ReadonlyMap<string, number>): DurationRecording {
  const steps: string[] = [];
  const durations = new Float64Array(Math.min(seconds.size, RECORDED_STEPS));
  for (const [step, duration] of seconds) {
    if (steps.length >= durations.length) break;
    if (!isDuration(duration)) continue;
    durations[steps.length] = duration;
    steps.push(step);
  }
  return { number, workflow, steps, seconds: durations.subarray(0, steps.length) };
}

/** Whether a number can be a duration in seconds. */
export function isDuration(seconds: number): boolean {
  return seconds >= 0 && seconds <= MAX_DURATION_SECONDS;
}

export class DurationHistory {
  // Of each step the last durations, oldest first. The step recorded longest ago comes first.
  readonly #steps: Map<string, number[]>;

  /** Takes over the map and its lists; each list has 1 to KEPT_DURATIONS durations. */
  constructor(steps: Map<string, number[]> = new Map()) {
    this.#steps = steps;
  }

  /** How many steps it knows. */
  get size(): number {
    return this.#steps.size;
  }

  /** The last durations of each step, oldest first. */
  get steps(): ReadonlyMap<string, readonly number[]> {
    return this.#steps;
  }

  /**
   * Adds what a run tells. Where that makes too many steps, those that this run did not have go first, the one recorded
   * longest ago before the others; a known step that it had is never given up for a new one, and of the new ones the
   * longest stay.
   */
  take({ steps, seconds }: Pick<DurationRecording, 'steps' | 'seconds'>): void {
    const known: string[] = [];
    const fresh: number[] = [];
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index] ?? '';
      const last = this.#steps.get(step);
      if (last === undefined) {
        fresh.push(index);
        continue;
      }
      if (last.length >= KEPT_DURATIONS) last.shift();
      last.push(seconds[index] ?? 0);
      known.push(step);
    }
    // Where the run had them all, as most runs do, they stay in their order.
    if (known.length < this.#steps.size) this.#moveToEnd(known);
    for (const index of longest(fresh, seconds, KEPT_STEPS - known.length)) {
      const step = steps[index];
      if (step !== undefined) this.#steps.set(step, [seconds[index] ?? 0]);
    }
    for (const step of this.#steps.keys()) {
      if (this.#steps.size <= KEPT_STEPS) break;
      this.#steps.delete(step);
    }
  }

  #moveToEnd(steps: readonly string[]): void {
    for (const step of steps) {
      const last = this.#steps.get(step);
      if (last === undefined) continue;
      this.#steps.delete(step);
      this.#steps.set(step, last);
    }
  }

  /** Of each step the median of its last durations. */
  medians(): Map<string, number> {
    const medians = new Map<string, number>();
    for (const [step, last] of this.#steps) medians.set(step, medianOf(last));
    return medians;
  }
}

/** The `count` of the given places with the most seconds, in their order. */
function longest(places: readonly number[], seconds: Float64Array, count: number): readonly number[] {
  if (places.length <= count) return places;
  if (count <= 0) return [];
  const sorted = new Float64Array(places.length);
  for (let at = 0; at < sorted.length; at++) sorted[at] = seconds[places[at] ?? 0] ?? 0;
  sorted.sort();
  const bar = sorted[sorted.length - count] ?? 0;
  // Of those that are exactly at the bar only as many as there is room for.
  let atBar = 0;
  for (let place = sorted.length - count; sorted[place] === bar && place < sorted.length; place++) atBar += 1;
  return places.filter((place) => {
    const duration = seconds[place] ?? 0;
    return duration > bar || (duration === bar && atBar-- > 0);
  });
}

const scratch = new Float64Array(KEPT_DURATIONS);

// Insertion sort: there are nine at most, and a workflow has thousands of these.
function medianOf(durations: readonly number[]): number {
  let count = 0;
  for (const duration of durations) {
    let place = count++;
    for (; place > 0 && (scratch[place - 1] ?? 0) > duration; place--) scratch[place] = scratch[place - 1] ?? 0;
    scratch[place] = duration;
  }
  const upper = scratch[count >> 1] ?? 0;
  return count % 2 === 1 ? upper : ((scratch[(count >> 1) - 1] ?? 0) + upper) / 2;
}
