// Owns virtual time for the scheduler's tests: slots, tasks with real durations that may differ from the expected ones,
// and what happens when one ends. It asks the scheduler as the dispatcher does and keeps a log of starts.

import { BinaryHeap } from '../../src/scheduling/binary-heap.ts';
import type { Lane } from '../../src/scheduling/lane.ts';
import { Scheduler, type SchedulerOptions } from '../../src/scheduling/scheduler.ts';
import { type AmountRequest, MemoryCapacity } from './memory-capacity.ts';
import { ModelTask, type ModelTaskFacts } from './scheduler-model.ts';

export interface TimedTask {
  readonly task: ModelTask;
  /** How long it really takes. */
  readonly durationMs: number;
  startedAtMs: number;
}

export class VirtualSlots {
  readonly capacity: MemoryCapacity;
  readonly scheduler: Scheduler<AmountRequest>;
  readonly started: TimedTask[] = [];
  readonly running = new Set<TimedTask>();
  readonly #slots: number;
  readonly #tasks: TimedTask[] = [];
  readonly #ends = new BinaryHeap<{ readonly atMs: number; readonly timed: TimedTask }>((a, b) => a.atMs - b.atMs);
  nowMs = 0;

  constructor(slots: number, capacities: readonly number[], options: SchedulerOptions<AmountRequest> = {}) {
    this.#slots = slots;
    this.capacity = new MemoryCapacity(capacities);
    this.scheduler = new Scheduler(this.capacity, options);
  }

  enqueue(lane: Lane<AmountRequest>, durationMs: number, facts: ModelTaskFacts = {}): TimedTask {
    const timed = { task: new ModelTask(this.#tasks.length, lane, facts), durationMs, startedAtMs: Number.NaN };
    this.#tasks.push(timed);
    this.scheduler.enqueue(timed.task, this.nowMs);
    return timed;
  }

  /** Tasks queued and not started, by whatever they wait for. */
  get waiting(): number {
    return this.scheduler.queueDepth.reduce((sum, depth) => sum + depth, 0);
  }

  /** Starts one task; undefined when there is no slot, or nothing to start. */
  startNext(): TimedTask | undefined {
    if (this.running.size >= this.#slots) return undefined;
    const task = this.scheduler.next(0, this.nowMs);
    const timed = task === undefined ? undefined : this.#tasks[task.index];
    if (timed === undefined) return undefined;
    timed.startedAtMs = this.nowMs;
    this.running.add(timed);
    this.started.push(timed);
    this.#ends.push({ atMs: this.nowMs + timed.durationMs, timed });
    return timed;
  }

  /** Goes to the time when something ends next, or a held task is let go, and ends all that end then. */
  advance(onEnd: (timed: TimedTask) => void = () => {}): boolean {
    const wakeAtMs = this.scheduler.wakeAtMs(this.nowMs) ?? Number.POSITIVE_INFINITY;
    const endAtMs = this.#ends.peek()?.atMs ?? Number.POSITIVE_INFINITY;
    const atMs = Math.min(wakeAtMs, endAtMs);
    if (atMs === Number.POSITIVE_INFINITY) return false;
    this.nowMs = Math.max(this.nowMs, atMs);
    for (let end = this.#ends.peek(); end !== undefined && end.atMs <= this.nowMs; end = this.#ends.peek()) {
      this.#ends.pop();
      this.running.delete(end.timed);
      this.scheduler.finished(end.timed.task, this.nowMs);
      onEnd(end.timed);
    }
    return true;
  }
}
