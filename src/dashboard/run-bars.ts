// Owns the attempts of a run as bars on lanes: one lane a thread, as many as it takes for the main loop (which runs several
// at once), and lanes packed without overlaps for attempts of which no thread is on record. Bounded: of more attempts than
// MOST_BARS the oldest give way, their numbers going to the new ones.

import { ChangeList, type VersionCounter } from './change-list.ts';
import { ATTEMPT_OUTCOMES, type AttemptOutcome, type TimelineBar, type TimelineDocument } from './wire.ts';

const MOST_BARS = 100_000;
/** Of each kind; bars beyond share the lane that was free first. */
const MOST_LANES = 256;
const NO_SLOT = -1;
/** So long a running bar waits for a word on which thread it is. */
const PATIENCE_MS = 500;
/** A fact and its event are stamped one after the other. */
const SAME_MS = 5;
const NO_LANE = -1;
const RUNNING = ATTEMPT_OUTCOMES.indexOf('running');
const INTERRUPTED = ATTEMPT_OUTCOMES.indexOf('interrupted');

type Lane = TimelineDocument['lanes'][number];

interface Bar {
  readonly task: number;
  readonly attempt: number;
  /** Slot of the attempt of its task before this one, which may have been given to another since. */
  readonly before: number;
  lane: number;
  readonly readyMs: number;
  readonly startMs: number;
  /** -1 = it still runs. */
  endMs: number;
  outcome: number;
}

/** How an attempt ended. */
export interface AttemptEnd {
  readonly atMs: number;
  readonly outcome: AttemptOutcome;
  /** 0 = on the main loop; null = not known. */
  readonly threadId: number | null;
}

export class RunBars {
  readonly lanes: Lane[] = [];
  readonly #bars: Bar[] = [];
  /** Slot of each task's latest attempt. */
  readonly #latest: number[] = [];
  readonly #changes = new ChangeList();
  readonly #version: VersionCounter;
  /** Bars that run, or ended without a thread, and have no lane yet. */
  readonly #laneless = new Set<number>();
  /** Bars that run and have not been seen on a thread. */
  readonly #unplaced = new Set<number>();
  readonly #threadLanes = new Map<number, number>();
  /** Until when each lane is taken; Infinity while a bar on it runs. */
  readonly #takenUntilMs: number[] = [];
  #oldest = 0;

  constructor(version: VersionCounter) {
    this.#version = version;
  }

  /** Begins the bar of an attempt. One that was handed back before it began goes on under its number. */
  start(task: number, attempt: number, readyMs: number, startMs: number): void {
    const known = this.#slotOf(task, attempt);
    const before = known === undefined ? undefined : this.#bars[known];
    if (before !== undefined && (before.outcome !== INTERRUPTED || startMs < before.endMs)) return;
    const slot = known ?? this.#freeSlot();
    const previous = before === undefined ? (this.#latest[task] ?? NO_SLOT) : before.before;
    this.#bars[slot] = {
      task,
      attempt,
      before: previous,
      lane: NO_LANE,
      readyMs,
      startMs,
      endMs: -1,
      outcome: RUNNING,
    };
    while (this.#latest.length < task) this.#latest.push(NO_SLOT);
    this.#latest[task] = slot;
    this.#laneless.add(slot);
    this.#unplaced.add(slot);
    this.#touch(slot);
  }

  /** Whether an attempt began before that time, beyond what clocks may differ by from call to call. */
  isOlder(task: number, attempt: number, atMs: number): boolean {
    const slot = this.#slotOf(task, attempt);
    const bar = slot === undefined ? undefined : this.#bars[slot];
    return bar === undefined || bar.startMs + SAME_MS < atMs;
  }

  /** Ends the bar of an attempt; one that has ended stays as it is. */
  end(task: number, attempt: number, { atMs, outcome, threadId }: AttemptEnd): void {
    const slot = this.#slotOf(task, attempt);
    const bar = slot === undefined ? undefined : this.#bars[slot];
    if (slot === undefined || bar === undefined || bar.outcome !== RUNNING) return;
    this.#leave(bar, atMs);
    bar.endMs = Math.max(atMs, bar.startMs);
    bar.outcome = ATTEMPT_OUTCOMES.indexOf(outcome);
    this.#laneless.delete(slot);
    this.#unplaced.delete(slot);
    if (threadId === null) {
      if (bar.lane === NO_LANE) this.#laneless.add(slot);
    } else bar.lane = threadId === 0 ? this.#pack(bar, 'inline') : this.#threadLane(threadId, bar);
    this.#touch(slot);
  }

  /** Whether a bar runs that no thread is known of. */
  get hasUnplaced(): boolean {
    return this.#unplaced.size > 0;
  }

  /** Puts a running bar on the lane of the thread that it is seen on. */
  place(task: number, attempt: number, threadId: number): void {
    const slot = this.#slotOf(task, attempt);
    const bar = slot === undefined ? undefined : this.#bars[slot];
    if (slot === undefined || bar === undefined || bar.outcome !== RUNNING || threadId === 0) return;
    this.#unplaced.delete(slot);
    const lane = this.#threadLane(threadId, bar);
    if (bar.lane === lane) return;
    this.#leave(bar, bar.startMs);
    bar.lane = lane;
    this.#laneless.delete(slot);
    this.#touch(slot);
  }

  /** How long the finished attempts of each task took, by task. */
  tookMs(): ReadonlyMap<number, number> {
    const took = new Map<number, number>();
    for (const { task, startMs, endMs } of this.#bars) {
      if (endMs >= 0) took.set(task, (took.get(task) ?? 0) + endMs - startMs);
    }
    return took;
  }

  /** All bars; times are milliseconds after the origin. `nowMs` as for `changedSince`. */
  rows(originMs: number, nowMs: number): TimelineBar[] {
    this.#settle(nowMs);
    return this.#bars.flatMap((bar, slot) => (bar.lane === NO_LANE ? [] : [rowOf(slot, bar, originMs)]));
  }

  /** Bars whose thread is not known yet are told a moment later, when it is or nobody found out. */
  changedSince(version: number, originMs: number, nowMs: number): TimelineBar[] {
    this.#settle(nowMs);
    const rows: TimelineBar[] = [];
    for (const slot of this.#changes.since(version)) {
      const bar = this.#bars[slot];
      if (bar !== undefined && bar.lane !== NO_LANE) rows.push(rowOf(slot, bar, originMs));
    }
    return rows;
  }

  /** Gives lanes to bars of which nobody has said on which thread they are. */
  #settle(nowMs: number): void {
    if (this.#laneless.size === 0) return;
    const waiting: [slot: number, bar: Bar][] = [];
    for (const slot of this.#laneless) {
      const bar = this.#bars[slot];
      if (bar !== undefined && (bar.outcome !== RUNNING || bar.startMs + PATIENCE_MS <= nowMs))
        waiting.push([slot, bar]);
    }
    for (const [slot, bar] of waiting.sort(([, a], [, b]) => a.startMs - b.startMs)) {
      this.#laneless.delete(slot);
      bar.lane = this.#pack(bar, 'packed');
      this.#touch(slot);
    }
  }

  #slotOf(task: number, attempt: number): number | undefined {
    let slot = this.#latest[task] ?? NO_SLOT;
    let newer = Number.POSITIVE_INFINITY;
    while (slot !== NO_SLOT) {
      const bar = this.#bars[slot];
      // A slot that was given away ends the chain: what lay before it is gone as well.
      if (bar === undefined || bar.task !== task || bar.attempt < attempt || bar.attempt >= newer) return undefined;
      if (bar.attempt === attempt) return slot;
      newer = bar.attempt;
      slot = bar.before;
    }
    return undefined;
  }

  #freeSlot(): number {
    if (this.#bars.length < MOST_BARS) return this.#bars.length;
    const slot = this.#oldest;
    this.#oldest = (slot + 1) % MOST_BARS;
    const bar = this.#bars[slot];
    if (bar !== undefined && this.#latest[bar.task] === slot) this.#latest[bar.task] = NO_SLOT;
    this.#laneless.delete(slot);
    this.#unplaced.delete(slot);
    return slot;
  }

  #threadLane(threadId: number, bar: Bar): number {
    const known = this.#threadLanes.get(threadId);
    if (known !== undefined) return known;
    // Each killed thread leaves one behind.
    if (this.#threadLanes.size >= MOST_LANES) return this.#pack(bar, 'packed');
    const lane = this.#addLane({ label: `thread ${threadId}`, kind: 'thread' });
    this.#threadLanes.set(threadId, lane);
    return lane;
  }

  /** The first lane of the kind that is free by then. */
  #pack(bar: Bar, kind: 'inline' | 'packed'): number {
    let lane = NO_LANE;
    let count = 0;
    for (const [index, each] of this.lanes.entries()) {
      if (each.kind !== kind) continue;
      count++;
      const until = this.#takenUntilMs[index] ?? 0;
      if (until <= bar.startMs) {
        lane = index;
        break;
      }
      if (count >= MOST_LANES && lane === NO_LANE) lane = index;
    }
    if (lane === NO_LANE) lane = this.#addLane({ label: labelOf(kind, count + 1), kind });
    this.#takenUntilMs[lane] = bar.endMs === -1 ? Number.POSITIVE_INFINITY : bar.endMs;
    return lane;
  }

  #leave({ lane }: Bar, atMs: number): void {
    if (this.#takenUntilMs[lane] === Number.POSITIVE_INFINITY) this.#takenUntilMs[lane] = atMs;
  }

  #addLane(lane: Lane): number {
    this.#takenUntilMs.push(0);
    return this.lanes.push(lane) - 1;
  }

  #touch(slot: number): void {
    this.#changes.touch(slot, this.#version.next());
  }
}

function rowOf(slot: number, { task, attempt, lane, readyMs, startMs, endMs, outcome }: Bar, originMs: number) {
  const end = endMs === -1 ? -1 : endMs - originMs;
  return [slot, task, attempt, lane, readyMs - originMs, startMs - originMs, end, outcome] satisfies TimelineBar;
}

function labelOf(kind: 'inline' | 'packed', number: number): string {
  const label = kind === 'inline' ? 'main loop' : 'thread not known';
  return number === 1 ? label : `${label} ${number}`;
}
