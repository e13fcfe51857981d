// Owns how long the tasks of one run are believed to take: what the workflow gives, else what earlier runs recorded, else
// one second, each corrected by what tasks of the same kind have shown since the run began. A correction is the ratio of
// the sums, so that the order of ends does not matter and one odd task among many does not either. Constant work per end.
// It must never disturb an estimate that is about right: small deviations are noise.

import { RuntimeError } from '../domain/runtime-error.ts';

/** What is known of a task before the run. */
export interface EstimateSource {
  /** What the workflow gives, in seconds. */
  readonly given: number | null;
  /** What earlier runs took, in seconds. */
  readonly recorded: number | undefined;
  /** Tasks of one kind learn from one another: module and action. */
  readonly kind: string;
}

/** For a task that nothing is known of. */
export const GUESS_SECONDS = 1;
/** What is longer counts as so long. */
const MAX_SECONDS = 1_000_000_000;
/** Within this factor, either way, an estimate is right. */
const RIGHT = 1.25;
/** So many ends tell of a kind; fewer do only when they are off by more than FAR. */
const ENOUGH = 3;
const FAR = 2;
/** A correction that has changed by more than this factor since the last settlement is a departure. */
const DEPARTED = 1.5;
/** A ratio seen on short tasks is believed of tasks up to so many times as long; beyond that only what it adds. */
const REACH = 10;
/** Added to both sides of a ratio, about a microsecond: tasks of no length have ratios too. */
const GRAIN = 2 ** -20;
/** Sums are of whole multiples of 2⁻³⁰ s, and so exact in any order up to three months in all. */
const UNITS = 2 ** 30;

const GIVEN = 0;
const RECORDED = 1;
const GUESSED = 2;
/** Each kind has a group of tasks for each source of estimates: a wrong file says nothing of good records. */
const SOURCES = 3;

export class RunEstimates {
  // By task. The estimate before the run, its group (kind × source), whether the task is out of the count.
  readonly #before: Float64Array;
  readonly #groups: Int32Array;
  readonly #isOver: Uint8Array;
  readonly #durations: Float64Array;
  // By group: ends, what they took, what was believed; tasks still to end; the correction now and when last settled, and
  // whether the two lie far apart.
  readonly #ends: Float64Array;
  readonly #actual: Float64Array;
  readonly #believed: Float64Array;
  readonly #open: Float64Array;
  readonly #correction: Float64Array;
  readonly #settled: Float64Array;
  readonly #isDeparted: Uint8Array;
  #departed = 0;
  #isStale = false;

  /** @throws RuntimeError ARGUMENT_INVALID for an estimate that is negative or no number. */
  constructor(sources: readonly EstimateSource[]) {
    const kinds = new Map<string, number>();
    this.#before = new Float64Array(sources.length);
    this.#groups = new Int32Array(sources.length);
    this.#isOver = new Uint8Array(sources.length);
    for (const [index, { given, recorded, kind }] of sources.entries()) {
      const number = kinds.get(kind) ?? kinds.size;
      kinds.set(kind, number);
      const source = given !== null ? GIVEN : recorded !== undefined ? RECORDED : GUESSED;
      this.#before[index] = bounded(given ?? recorded ?? GUESS_SECONDS, index);
      this.#groups[index] = number * SOURCES + source;
    }
    this.#durations = this.#before.slice();
    const groups = kinds.size * SOURCES;
    this.#ends = new Float64Array(groups);
    this.#actual = new Float64Array(groups);
    this.#believed = new Float64Array(groups);
    this.#open = new Float64Array(groups);
    this.#correction = new Float64Array(groups).fill(1);
    this.#settled = new Float64Array(groups).fill(1);
    this.#isDeparted = new Uint8Array(groups);
    for (const group of this.#groups) add(this.#open, group, 1);
  }

  /** How long a task is believed to take; once it has ended, how long it took. */
  seconds(index: number): number {
    if (this.#isOver[index] === 1) return this.#durations[index] ?? 0;
    return this.#corrected(index);
  }

  /** Whether there is more than a guess: an estimate, a record, or enough ends of the kind. */
  isKnown(index: number): boolean {
    const group = this.#groups[index] ?? 0;
    return !isGuess(group) || this.#isOver[index] === 1 || this.#endsBehind(group) >= ENOUGH;
  }

  /** What `seconds` says of every task. The array is the same each time, and is brought up to date by this call. */
  get durations(): Float64Array {
    if (!this.#isStale) return this.#durations;
    this.#isStale = false;
    for (let index = 0; index < this.#durations.length; index++) {
      if (this.#isOver[index] === 0) this.#durations[index] = this.#corrected(index);
    }
    return this.#durations;
  }

  /**
   * A task has ended after running so long. Counts once a task; less than zero, as after a clock was set back, is zero.
   * @throws RuntimeError ARGUMENT_INVALID when it is no finite number.
   */
  observe(index: number, seconds: number): void {
    if (!Number.isFinite(seconds)) throw notSeconds(seconds, index);
    const group = this.#leave(index);
    if (group === undefined) return;
    const took = Math.min(Math.max(seconds, 0), MAX_SECONDS);
    this.#durations[index] = took;
    add(this.#ends, group, 1);
    add(this.#actual, group, exact(took));
    add(this.#believed, group, exact(this.#before[index] ?? 0));
    this.#isStale = true;
    this.#learn(group);
    // The guesses of a kind follow all of its tasks.
    this.#learn(group - (group % SOURCES) + GUESSED);
  }

  /** A task will not tell how long it takes: it is skipped, cancelled, has failed, or ended before this life. */
  dismiss(index: number): void {
    const before = this.seconds(index);
    const group = this.#leave(index);
    if (group === undefined) return;
    this.#durations[index] = before;
    this.#mark(group);
  }

  /** Whether estimates of tasks still to end have changed so much since the last settlement that order should change. */
  hasDeparted(): boolean {
    return this.#departed > 0;
  }

  /** The estimates as they are now are in force: departures count from here. */
  settle(): void {
    this.#settled.set(this.#correction);
    this.#isDeparted.fill(0);
    this.#departed = 0;
  }

  /** Takes a task out of the count; its group when it was in. */
  #leave(index: number): number | undefined {
    const group = this.#groups[index];
    if (group === undefined || this.#isOver[index] === 1) return undefined;
    this.#isOver[index] = 1;
    add(this.#open, group, -1);
    return group;
  }

  #learn(group: number): void {
    const ends = this.#endsBehind(group);
    const ratio = (this.#actualBehind(group) + ends * GRAIN) / (this.#believedBehind(group) + ends * GRAIN);
    const off = Math.max(ratio, 1 / ratio);
    this.#correction[group] = off > (ends >= ENOUGH ? RIGHT : FAR) ? ratio : 1;
    this.#mark(group);
  }

  /** Counts a group as departed or not, as it is now. */
  #mark(group: number): void {
    const ratio = (this.#correction[group] ?? 1) / (this.#settled[group] ?? 1);
    const isDeparted = (this.#open[group] ?? 0) > 0 && Math.max(ratio, 1 / ratio) > DEPARTED ? 1 : 0;
    this.#departed += isDeparted - (this.#isDeparted[group] ?? 0);
    this.#isDeparted[group] = isDeparted;
  }

  #corrected(index: number): number {
    const before = this.#before[index] ?? 0;
    const group = this.#groups[index] ?? 0;
    const correction = this.#correction[group] ?? 1;
    if (correction === 1) return before;
    const seen = this.#believedBehind(group) / this.#endsBehind(group);
    const reached = Math.min(before + GRAIN, REACH * (seen + GRAIN));
    return Math.min(Math.max(before + reached * (correction - 1), 0), MAX_SECONDS);
  }

  // What a group learns from: its own ends, and a guess from all of its kind.

  #endsBehind(group: number): number {
    return isGuess(group) ? sumOfKind(this.#ends, group) : (this.#ends[group] ?? 0);
  }

  #actualBehind(group: number): number {
    return isGuess(group) ? sumOfKind(this.#actual, group) : (this.#actual[group] ?? 0);
  }

  #believedBehind(group: number): number {
    return isGuess(group) ? this.#endsBehind(group) * GUESS_SECONDS : (this.#believed[group] ?? 0);
  }
}

function isGuess(group: number): boolean {
  return group % SOURCES === GUESSED;
}

function sumOfKind(sums: Float64Array, guesses: number): number {
  return (sums[guesses - GUESSED + GIVEN] ?? 0) + (sums[guesses - GUESSED + RECORDED] ?? 0) + (sums[guesses] ?? 0);
}

function add(sums: Float64Array, group: number, amount: number): void {
  sums[group] = (sums[group] ?? 0) + amount;
}

function exact(seconds: number): number {
  return Math.round(seconds * UNITS) / UNITS;
}

function bounded(seconds: number, index: number): number {
  if (seconds >= 0 && Number.isFinite(seconds)) return Math.min(seconds, MAX_SECONDS);
  throw notSeconds(seconds, index);
}

function notSeconds(seconds: number, index: number): RuntimeError {
  return new RuntimeError(
    'ARGUMENT_INVALID',
    `${seconds} s is no duration: task number ${index} needs a finite number of seconds from 0`,
    { details: { index } },
  );
}
