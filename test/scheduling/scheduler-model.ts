// Owns the simple reference of the scheduler: every rule of it as a look over all tasks, however slow.
// It decides nothing: it says whether what the scheduler did, or did not do, is right.

import { expect } from 'vitest';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import { Lane, type LaneGroup } from '../../src/scheduling/lane.ts';
import { compareReady, type Pool, type ReadyState, type ReadyTask } from '../../src/scheduling/ready-task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import { type AmountRequest, MemoryCapacity } from './memory-capacity.ts';

export class ModelTask implements ReadyTask<AmountRequest> {
  readonly number: number;
  readonly lane: Lane<AmountRequest>;
  readonly pool: Pool;
  readonly level: number;
  readonly order: number;
  readonly request: AmountRequest | null;
  state: ReadyState = 'idle';
  sequence = 0;
  parkedAt = 0;
  starts = 0;
  enqueues = 0;

  constructor(number: number, lane: Lane<AmountRequest>, facts: ModelTaskFacts) {
    this.number = number;
    this.lane = lane;
    this.pool = facts.pool ?? 0;
    this.level = facts.level ?? 2;
    this.order = facts.order ?? 0;
    this.request = facts.request ?? null;
  }
}

/** How things stood before a decision. */
interface Past {
  readonly startable: ReadonlySet<ModelTask>;
  readonly parkedBefore: ReadonlySet<ModelTask>;
  readonly free: readonly number[];
  /** Places in line. */
  readonly claims: ReadonlyMap<ModelTask, number>;
}

export interface ModelTaskFacts {
  readonly pool?: Pool;
  readonly level?: number;
  readonly order?: number;
  readonly request?: AmountRequest | null;
}

/** A scheduler with its capacity, its lanes and every task ever given to it. */
export class SchedulerModel {
  readonly capacity: MemoryCapacity;
  readonly scheduler: Scheduler<AmountRequest>;
  readonly lanes: Lane<AmountRequest>[] = [];
  readonly tasks: ModelTask[] = [];
  readonly running: ModelTask[] = [];

  constructor(capacities: readonly number[]) {
    this.capacity = new MemoryCapacity(capacities);
    this.scheduler = new Scheduler(this.capacity);
  }

  addLane(mode: ExecutionMode = 'parallel', limit = Number.POSITIVE_INFINITY, group?: LaneGroup): Lane<AmountRequest> {
    const lane = new Lane<AmountRequest>({
      mode,
      limit,
      group: group ?? { limit: Number.POSITIVE_INFINITY, inFlight: 0 },
    });
    this.lanes.push(lane);
    this.scheduler.addLane(lane);
    return lane;
  }

  enqueue(lane: Lane<AmountRequest>, facts: ModelTaskFacts = {}): ModelTask {
    const task = new ModelTask(this.tasks.length, lane, facts);
    this.tasks.push(task);
    this.requeue(task);
    return task;
  }

  requeue(task: ModelTask): void {
    task.enqueues++;
    this.scheduler.enqueue(task);
  }

  /** Asks for one task and checks the answer against the rules. */
  next(pool: Pool): ModelTask | undefined {
    const before = this.waiting().map((task) => ({ task, wasParked: task.state === 'parked' }));
    const startable = new Set(before.filter(({ task }) => this.mayStart(task)).map(({ task }) => task));
    const parkedBefore = new Set(before.filter(({ wasParked }) => wasParked).map(({ task }) => task));
    const free = [...this.capacity.free];
    const claims = new Map(before.map(({ task }) => [task, task.parkedAt]));
    const given = this.scheduler.next(pool);
    if (given === undefined) {
      this.#checkRefusal(pool);
      return undefined;
    }
    const task = this.tasks.find((known) => known === given);
    if (task === undefined) throw new Error('a task that was never enqueued');
    expect(task.pool).toBe(pool);
    expect(task.state).toBe('started');
    expect(startable.has(task), `task ${task.number} was not eligible`).toBe(true);
    task.starts++;
    this.running.push(task);
    this.#checkChoice(task, { startable, parkedBefore, free, claims });
    this.#checkLimits();
    return task;
  }

  /** Starts whatever may start, in both pools. */
  drain(): ModelTask[] {
    const started: ModelTask[] = [];
    for (let before = -1; before < started.length; ) {
      before = started.length;
      for (const pool of [0, 1] as const) {
        for (let task = this.next(pool); task !== undefined; task = this.next(pool)) started.push(task);
      }
    }
    return started;
  }

  finish(task: ModelTask): void {
    this.running.splice(this.running.indexOf(task), 1);
    this.scheduler.finished(task);
    this.#checkLimits();
  }

  waiting(): ModelTask[] {
    return this.tasks.filter(({ state }) => state !== 'idle' && state !== 'started');
  }

  /** Whether the lane's limits, pause and mode let the task start, capacity aside. */
  mayStart(task: ModelTask): boolean {
    const { lane } = task;
    const inLane = this.running.filter((other) => other.lane === lane).length;
    const inGroup = this.running.filter((other) => other.lane.group === lane.group).length;
    if (lane.paused || inLane >= lane.limit || inGroup >= lane.group.limit) return false;
    if (lane.mode !== 'sequential' || task.state === 'parked') return true;
    const rivals = this.waiting().filter((other) => other.lane === lane && other !== task);
    return rivals.every((other) => other.state !== 'parked' && compareReady(task, other) < 0);
  }

  /** Tasks that wait ahead of it for a resource that it wants too, and are entitled to. */
  #isBehindAnother(task: ModelTask): boolean {
    const parked = this.waiting().filter((other) => other.state === 'parked' && other !== task && this.mayStart(other));
    return parked.some((other) => {
      if (!share(task, other)) return false;
      return isAhead(other, task);
    });
  }

  /** Nothing was given: then everything that waits has a reason to. */
  #checkRefusal(pool: Pool): void {
    for (const task of this.waiting()) {
      if (task.pool !== pool || !this.mayStart(task) || !this.capacity.fits(task.request)) continue;
      expect(this.#isBehindAnother(task), `task ${task.number} waits for nothing`).toBe(true);
    }
  }

  /** Something was given: then nothing with a better claim was passed over. */
  #checkChoice(task: ModelTask, past: Past): void {
    const { startable, parkedBefore, free, claims } = past;
    const fitted = (other: ModelTask) =>
      other.request === null ||
      other.request.indices.every((r, i) => (free[r] ?? 0) >= (other.request?.amounts[i] ?? 0));
    for (const other of startable) {
      if (other === task || other.pool !== task.pool) continue;
      // Ahead of it in the line of a resource that it took.
      if (parkedBefore.has(other) && share(task, other)) {
        expect(isAhead(other, task, claims), `task ${task.number} overtook ${other.number} in its line`).toBe(false);
      }
      if (!fitted(other) || this.#wasBehindAnother(other, past)) continue;
      expect(other.level, `task ${other.number} has a better level than ${task.number}`).toBeGreaterThanOrEqual(
        task.level,
      );
      const sameTurn = other.lane === task.lane && other.level === task.level;
      if (!sameTurn || (parkedBefore.has(task) && (task.lane.mode === 'resource_aware' || !sameKind(task, other))))
        continue;
      expect(compareReady(other, task), `task ${other.number} comes before ${task.number}`).toBeGreaterThan(0);
    }
  }

  #wasBehindAnother(task: ModelTask, { startable, parkedBefore, claims }: Past): boolean {
    for (const other of startable) {
      if (other === task || !share(task, other)) continue;
      // Queued ones that come first and do not fit park ahead of it within the same call.
      const queuedAhead = parkedBefore.has(task) ? other.level < task.level : other.level <= task.level;
      if (parkedBefore.has(other) ? isAhead(other, task, claims) : queuedAhead) return true;
    }
    return false;
  }

  #checkLimits(): void {
    for (const lane of this.lanes) {
      const inLane = this.running.filter((task) => task.lane === lane);
      const inGroup = this.running.filter((task) => task.lane.group === lane.group);
      expect(lane.inFlight).toBe(inLane.length);
      expect(lane.group.inFlight).toBe(inGroup.length);
      expect(inLane.length).toBeLessThanOrEqual(lane.limit);
      expect(inGroup.length).toBeLessThanOrEqual(lane.group.limit);
    }
    const waiting = this.waiting();
    expect(this.scheduler.inFlight).toBe(this.running.length);
    expect(this.scheduler.parkedCount).toBe(waiting.filter(({ state }) => state !== 'queued').length);
    for (const [level, depth] of this.scheduler.queueDepth.entries()) {
      expect(depth).toBe(waiting.filter((task) => task.level === level).length);
    }
    const withRequest = this.running.filter(({ request }) => request !== null).length;
    const byTasks = this.running.reduce(
      (sum, { request }) => sum + (request === null ? 0 : this.capacity.heldBy(request)),
      0,
    );
    expect(byTasks).toBe(withRequest);
    expect(this.capacity.marked).toBe(waiting.filter(({ state }) => state === 'parked').length);
  }
}

/** Whether the first has the better claim on what both want; the second need not have a place in line yet. */
function isAhead(a: ModelTask, b: ModelTask, claims?: ReadonlyMap<ModelTask, number>): boolean {
  const at = (task: ModelTask) =>
    (claims === undefined ? task.parkedAt : (claims.get(task) ?? 0)) || Number.POSITIVE_INFINITY;
  return a.level < b.level || (a.level === b.level && at(a) < at(b));
}

function sameKind(a: ModelTask, b: ModelTask): boolean {
  return a.pool === b.pool && String(a.request?.indices) === String(b.request?.indices);
}

function share(a: ModelTask, b: ModelTask): boolean {
  return a.request?.indices.some((index) => b.request?.indices.includes(index)) === true;
}
