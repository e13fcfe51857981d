// Owns how a run follows its plan: which tasks keep back although they could start, because the plan gives what they would
// take to tasks that come first. A task is held until all that the plan starts before it have started, at the latest until
// its planned start; once reality departs from the plan nothing is held any more.
// Pure: told of starts and ends, asked with the time. It knows tasks by their number and never touches a queue.

/** What a plan says, by task; seconds from its beginning. */
export interface CourseFacts {
  /** Tasks by planned start. */
  readonly order: Int32Array;
  readonly starts: Float64Array;
  readonly durations: Float64Array;
  /** 1 = kept back. */
  readonly isHeld: Uint8Array;
}

/** How late or early a task may end, in parts of the makespan, before the plan counts as left. */
const TOLERANCE = 0.005;
/** And at least so much: what starting a task and hearing of its end may take. */
const LEAST_TOLERANCE_MS = 20;

export class PlanCourse {
  readonly #facts: CourseFacts;
  readonly #places: Int32Array;
  readonly #hasStarted: Uint8Array;
  readonly #toleranceMs: number;
  #originMs: number | null = null;
  /** Place in the order before which all have started. */
  #reached = 0;
  #hasDeparted = false;

  constructor(facts: CourseFacts) {
    this.#facts = facts;
    this.#places = new Int32Array(facts.starts.length).fill(-1);
    for (const [place, task] of facts.order.entries()) this.#places[task] = place;
    this.#hasStarted = new Uint8Array(facts.starts.length);
    let makespan = 0;
    for (let task = 0; task < facts.starts.length; task++) makespan = Math.max(makespan, this.#plannedEnd(task));
    this.#toleranceMs = Math.max(LEAST_TOLERANCE_MS, makespan * 1_000 * TOLERANCE);
  }

  /** Whether reality has left the plan: nothing is held any more. */
  get hasDeparted(): boolean {
    return this.#hasDeparted;
  }

  /** When a held task may start at the latest, in epoch milliseconds. */
  untilMs(task: number, nowMs: number): number {
    this.#originMs ??= nowMs;
    return this.#originMs + (this.#facts.starts[task] ?? 0) * 1_000 + this.#toleranceMs;
  }

  isHeld(task: number, nowMs: number): boolean {
    if (this.#hasDeparted || this.#facts.isHeld[task] !== 1) return false;
    return this.#reached < (this.#places[task] ?? 0) && nowMs < this.untilMs(task, nowMs);
  }

  /** A task started; true when that may let others go. */
  started(task: number, nowMs: number): boolean {
    this.#originMs ??= nowMs;
    this.#hasStarted[task] = 1;
    const before = this.#reached;
    const { order } = this.#facts;
    while (this.#reached < order.length && this.#hasStarted[order[this.#reached] ?? 0] === 1) this.#reached++;
    return this.#reached > before;
  }

  /** An attempt ended; true when reality has departed from the plan with that. */
  ended(task: number, nowMs: number): boolean {
    if (this.#hasDeparted || this.#originMs === null) return false;
    const offMs = nowMs - this.#originMs - this.#plannedEnd(task) * 1_000;
    return Math.abs(offMs) > this.#toleranceMs && this.depart();
  }

  /** Lets everything go; true when it was under way until now. */
  depart(): boolean {
    const wasFollowed = !this.#hasDeparted;
    this.#hasDeparted = true;
    return wasFollowed;
  }

  #plannedEnd(task: number): number {
    return (this.#facts.starts[task] ?? 0) + (this.#facts.durations[task] ?? 0);
  }
}
