// Owns the order of one run from its start to its end: what its tasks are believed to take, the order or plan that follows
// from it, and when the one has shown the other to be wrong.
// Planning again costs no more than a hundredth of the time since the run began.

import type { RunGuidance, RunStanding } from '../actors/run-plan.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { type CourseFacts, PlanCourse } from '../scheduling/plan-course.ts';
import type { RunEstimates } from '../scheduling/run-estimates.ts';
import { orderRun, type RunOrder, type RunOrderInput } from './run-ordering.ts';

/** What stays the same over all plans of a run. */
export interface RunGuideFacts extends Omit<RunOrderInput, 'seconds' | 'isKnown' | 'standing'> {
  /** Of all tasks alike, estimates change no order. */
  readonly hasSeveralKinds: boolean;
}

const PART_OF_RUN = 0.01;

export class RunGuide implements RunGuidance {
  readonly #facts: RunGuideFacts;
  readonly #estimates: RunEstimates;
  /** Seconds that tasks took in this life; NaN = not known. */
  readonly #took: Float64Array;
  readonly #startedMs: number;
  /** Made when somebody asks: a run that is taken up again asks only once it knows what is left. */
  #order: RunOrder | null = null;
  #spentMs = 0;

  constructor(facts: RunGuideFacts, estimates: RunEstimates) {
    this.#facts = facts;
    this.#estimates = estimates;
    this.#took = new Float64Array(facts.graph.size).fill(Number.NaN);
    this.#startedMs = facts.now();
  }

  orderOf(index: number): number {
    return this.#current.orders[index] ?? 0;
  }

  expectedMs(index: number): number {
    return this.#estimates.isKnown(index) ? this.#estimates.seconds(index) * 1_000 : Number.POSITIVE_INFINITY;
  }

  get course(): PlanCourse | null {
    const facts: CourseFacts | null = this.#current.course;
    return facts === null ? null : new PlanCourse(facts);
  }

  get summary(): JsonObject | null {
    const { plan } = this.#current;
    return plan === null ? null : { ...plan };
  }

  completed(index: number, seconds: number, standing: RunStanding): boolean {
    this.#took[index] = seconds;
    if (this.#facts.mode !== 'resource_aware') return false;
    this.#estimates.observe(index, seconds);
    if (!this.#facts.hasSeveralKinds || !this.#estimates.hasDeparted()) return false;
    const elapsedMs = this.#facts.now() - this.#startedMs;
    if (this.#spentMs > elapsedMs * PART_OF_RUN) return false;
    this.#order = this.#orderNow(standing);
    return true;
  }

  missed(index: number): void {
    if (this.#facts.mode === 'resource_aware') this.#estimates.dismiss(index);
  }

  resumed(standing: RunStanding): void {
    for (let index = 0; index < this.#took.length; index++) {
      if (standing.isEnded(index)) this.#estimates.dismiss(index);
    }
    this.#order = this.#orderNow(standing);
  }

  /** What the tasks that completed in this life took, in seconds, by task. */
  *recorded(): Generator<readonly [index: number, seconds: number]> {
    for (const [index, seconds] of this.#took.entries()) if (!Number.isNaN(seconds)) yield [index, seconds];
  }

  get #current(): RunOrder {
    this.#order ??= this.#orderNow(null);
    return this.#order;
  }

  #orderNow(standing: RunStanding | null): RunOrder {
    const beganMs = this.#facts.now();
    const estimates = this.#estimates;
    const isKnown = (index: number) => estimates.isKnown(index);
    const order = orderRun({ ...this.#facts, seconds: estimates.durations, isKnown, standing });
    estimates.settle();
    this.#spentMs += this.#facts.now() - beganMs;
    return order;
  }
}
