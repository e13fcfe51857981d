// Owns the simple reference of the scheduler: every rule of it as a look over all tasks, however slow.
// It decides nothing: it says whether what the scheduler did, or did not do, is right. Who holds a reservation it asks
// the scheduler; whether that is right, and what may pass it, it finds out by itself.

import { expect } from 'vitest';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import { Lane, type LaneGroup } from '../../src/scheduling/lane.ts';
import { type ConcurrencyClaim, compareReady, type Pool, ReadyTask } from '../../src/scheduling/ready-task.ts';
import { Scheduler, type SchedulerOptions } from '../../src/scheduling/scheduler.ts';
import { classKeyOf, type TaskClass } from '../../src/scheduling/task-class.ts';
import { type AmountRequest, MemoryCapacity } from './memory-capacity.ts';

export interface ModelTaskFacts {
  readonly pool?: Pool;
  readonly level?: number;
  readonly order?: number;
  readonly request?: AmountRequest | null;
  readonly concurrency?: ConcurrencyClaim | null;
  readonly expectedMs?: number;
}

export class ModelTask extends ReadyTask<AmountRequest> {
  starts = 0;
  enqueues = 0;

  constructor(index: number, lane: Lane<AmountRequest>, facts: ModelTaskFacts = {}) {
    super(lane, index, {
      pool: facts.pool ?? 0,
      level: facts.level ?? 2,
      order: facts.order ?? 0,
      request: facts.request ?? null,
      concurrency: facts.concurrency ?? null,
      expectedMs: facts.expectedMs ?? Number.POSITIVE_INFINITY,
    });
  }

  unitsOf(index: number): number {
    return this.request?.units[this.request.indices.indexOf(index)] ?? 0;
  }

  get isInLine(): boolean {
    return this.state === 'queued' && this.group !== null && this.group.line !== null;
  }
}

/** A reservation as the model sees it. */
interface Holder {
  readonly group: TaskClass<AmountRequest>;
  /** The first of its class. */
  readonly task: ModelTask;
  readonly counts: boolean;
}

/** How things stood before a decision. */
interface Past {
  readonly eligible: ReadonlySet<ModelTask>;
  readonly free: readonly number[];
  readonly holders: readonly (Holder | undefined)[];
  readonly queued: readonly ModelTask[];
  /** Places in lines; 0 = none. */
  readonly arrivals: ReadonlyMap<ModelTask, number>;
}

/** A scheduler with its capacity, its lanes and every task ever given to it. */
export class SchedulerModel {
  readonly capacity: MemoryCapacity;
  readonly scheduler: Scheduler<AmountRequest>;
  readonly lanes: Lane<AmountRequest>[] = [];
  readonly tasks: ModelTask[] = [];
  readonly running: ModelTask[] = [];
  readonly #isAgeing: boolean;
  /** The earliest and the latest start that could have been told of each holder since it reserved. */
  readonly #told = new Map<TaskClass<AmountRequest>, { earliestMs: number; latestMs: number }>();
  nowMs = 0;

  constructor(capacities: readonly number[], options: SchedulerOptions<AmountRequest> = {}) {
    this.capacity = new MemoryCapacity(capacities);
    this.scheduler = new Scheduler(this.capacity, options);
    this.#isAgeing = options.ageingMs !== undefined;
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
    this.scheduler.enqueue(task, this.nowMs);
  }

  /** Asks for one task and checks the answer against the rules. */
  next(pool: Pool): ModelTask | undefined {
    const queued = this.queued();
    const eligible = new Set(queued.filter((task) => this.mayStart(task)));
    this.#watchHolders(eligible);
    const past: Past = {
      queued,
      eligible,
      arrivals: new Map(queued.map((task) => [task, task.group?.arrival ?? 0])),
      free: this.capacity.total.map((_, index) => this.capacity.freeUnits(index)),
      holders: this.#holders(eligible),
    };
    const given = this.scheduler.next(pool, this.nowMs);
    if (given === undefined) {
      this.#watchHolders(eligible);
      this.#checkRefusal(pool, past);
      this.checkCounts();
      expect(this.capacity.marked, 'marks after a round').toBe(this.#markedClasses());
      return undefined;
    }
    const task = this.tasks[given.index];
    if (task !== given) throw new Error('a task that was never enqueued');
    expect(task.pool).toBe(pool);
    expect(task.state).toBe('started');
    expect(past.eligible.has(task), `task ${task.index} was not eligible`).toBe(true);
    task.starts++;
    this.running.push(task);
    this.#watchHolders(eligible);
    this.#checkReservations(task, past);
    this.#checkChoice(task, past);
    this.checkCounts();
    return task;
  }

  /** Starts whatever may start, in both pools. */
  drain(): ModelTask[] {
    const started: ModelTask[] = [];
    for (let before = -1; before < started.length || this.scheduler.mayGive(0); ) {
      before = started.length;
      for (const pool of [0, 1] as const) {
        for (let task = this.next(pool); task !== undefined; task = this.next(pool)) started.push(task);
      }
    }
    return started;
  }

  finish(task: ModelTask): void {
    this.running.splice(this.running.indexOf(task), 1);
    this.scheduler.finished(task, this.nowMs);
    this.checkCounts();
  }

  queued(): ModelTask[] {
    return this.tasks.filter(({ state }) => state === 'queued');
  }

  /** Tasks not started yet, those that a plan keeps back included. */
  waiting(): ModelTask[] {
    return this.tasks.filter(({ state }) => state === 'queued' || state === 'held');
  }

  /** Whether limits, pause, key and mode let the task start, capacity aside. */
  mayStart(task: ModelTask): boolean {
    const { lane, concurrency } = task;
    const inLane = this.running.filter((other) => other.lane === lane).length;
    const inGroup = this.running.filter((other) => other.lane.group === lane.group).length;
    if (lane.paused || inLane >= lane.limit || inGroup >= lane.group.limit) return false;
    if (concurrency !== null && this.#underKey(concurrency.key) >= concurrency.limit) return false;
    if (lane.mode !== 'sequential') return true;
    return this.queued().every((other) => other.lane !== lane || other === task || compareReady(task, other) < 0);
  }

  #underKey(key: string): number {
    return this.running.filter(({ concurrency }) => concurrency?.key === key).length;
  }

  /** Who holds what now; whether that counts depends on limits as they were before a task started. */
  #holders(eligible: ReadonlySet<ModelTask>): (Holder | undefined)[] {
    return this.capacity.total.map((_, index) => {
      const task = this.scheduler.reservedFor(index) as ModelTask | null;
      const group = task?.group ?? null;
      if (task === null || group === null) return undefined;
      return { group, task, counts: eligible.has(task) && this.#isServable(task) };
    });
  }

  #isServable({ request }: ModelTask): boolean {
    return request === null || this.capacity.isServable(request);
  }

  /** Whether the rules let a task take its units past those who reserved. */
  #passes(
    task: ModelTask,
    group: TaskClass<AmountRequest> | null,
    past: Past,
    holders: Past['holders'],
    isSure: boolean,
  ) {
    const { indices = [], units = [] } = task.request ?? {};
    return indices.every((index, place) => {
      const left = (past.free[index] ?? 0) - (units[place] ?? 0);
      if (left < 0) return false;
      const holder = holders[index];
      if (holder === undefined || holder.group === group || left >= holder.task.unitsOf(index)) return true;
      if (!holder.counts || this.#isBetter(task, holder.task)) return true;
      if (task.lane.mode !== 'resource_aware') return false;
      const told = this.#told.get(holder.group);
      const limitMs = isSure ? told?.earliestMs : told?.latestMs;
      return this.nowMs + task.expectedMs <= (limitMs ?? Number.NEGATIVE_INFINITY);
    });
  }

  /** Whether the first one's level is better; with ageing only the possibility is told. */
  #isBetter(a: ModelTask, b: ModelTask): boolean {
    return this.#isAgeing ? true : a.level < b.level;
  }

  /** What passed left the holders what they need, or was to be back in time; who lost a reservation lost it to a better one. */
  #checkReservations(task: ModelTask, past: Past): void {
    const holders = this.#holders(past.eligible);
    const classOf = classKeyOf(task);
    const own = past.holders.find((holder) => holder?.task.lane === task.lane && holder.group.key === classOf)?.group;
    const may = this.#passes(task, own ?? null, past, holders, false);
    expect(may, `task ${task.index} takes what is kept for another`).toBe(true);
    for (const holder of past.holders) {
      if (holder === undefined || !holder.counts || holder.task.state === 'started') continue;
      if (holders.some((other) => other?.group === holder.group)) continue;
      if (!this.mayStart(holder.task)) continue;
      const { indices = [] } = holder.task.request ?? {};
      const hasHeir = indices.some((index) => {
        const other = holders[index];
        if (other !== undefined && this.#isAhead(other.task, other.group.arrival, holder)) return true;
        // It had the reservation, and has started with it.
        return task.unitsOf(index) > 0 && this.#isAhead(task, past.arrivals.get(task) ?? 0, holder);
      });
      expect(hasHeir, `task ${holder.task.index} lost its reservation to nobody`).toBe(true);
    }
  }

  #isAhead(task: ModelTask, arrival: number, holder: Holder): boolean {
    return this.#isBetter(task, holder.task) || (arrival > 0 && arrival < holder.group.arrival);
  }

  /** Nothing was given: then everything that waits has a reason to. */
  #checkRefusal(pool: Pool, past: Past): void {
    const holders = this.#holders(past.eligible);
    for (const task of this.queued()) {
      if (task.pool !== pool || !this.mayStart(task)) continue;
      // Those behind the first of a class ask for the same; only by a shorter duration could one of them pass where it may not.
      if (this.#isHandedOver(task) || task.group?.head() !== task) continue;
      const isGrantable =
        this.#passes(task, task.group, past, holders, true) && !this.#mayBeBarred(task, past, holders);
      expect(isGrantable, `task ${task.index} waits for nothing`).toBe(false);
    }
  }

  /** With ageing the model does not know levels exactly: whoever may be barred is not asked about. */
  #mayBeBarred(task: ModelTask, past: Past, holders: Past['holders']): boolean {
    if (!this.#isAgeing) return false;
    return (task.request?.indices ?? []).some((index) => {
      const holder = holders[index];
      if (holder === undefined || holder.group === task.group) return false;
      return (past.free[index] ?? 0) - task.unitsOf(index) < holder.task.unitsOf(index);
    });
  }

  /** Whether units or a key that it wants were handed to a task of the other pool that is yet to be asked for. */
  #isHandedOver(task: ModelTask): boolean {
    return this.queued().some((other) => {
      if (other.pool === task.pool || other.group === null || other.group.line !== null) return false;
      const sharesKey = other.concurrency !== null && other.concurrency.key === task.concurrency?.key;
      return sharesKey || other.request?.indices.some((index) => task.unitsOf(index) > 0) === true;
    });
  }

  /** Something was given: then nothing with a better claim was passed over. */
  #checkChoice(task: ModelTask, past: Past): void {
    const holders = this.#holders(past.eligible);
    for (const other of past.queued) {
      if (other === task || other.pool !== task.pool) continue;
      if (other.lane === task.lane && classKeyOf(other) === classKeyOf(task)) {
        expect(compareReady(task, other), `task ${other.index} is before ${task.index} in its class`).toBeLessThan(0);
      }
      if (!past.eligible.has(other) || other.group?.head() !== other) continue;
      if (this.#isHandedOver(other) || isAheadInLine(task, other, past)) continue;
      if ([holders, past.holders].some((each) => this.#mayBeBarred(other, past, each))) continue;
      const passes = [holders, past.holders].every((each) => this.#passes(other, other.group, past, each, true));
      if (!passes) continue;
      if (!this.#isAgeing) {
        expect(task.level, `task ${other.index} has a better level than ${task.index}`).toBeLessThanOrEqual(
          other.level,
        );
      }
      if (other.lane !== task.lane) continue;
      expect(compareReady(task, other), `task ${other.index} is before ${task.index} in its lane`).toBeLessThan(0);
    }
  }

  /** Keeps what may have been told of the holders' earliest starts. */
  #watchHolders(eligible: ReadonlySet<ModelTask>): void {
    const holders = this.#holders(eligible);
    for (const group of this.#told.keys()) {
      if (!holders.some((holder) => holder?.group === group)) this.#told.delete(group);
    }
    for (const holder of holders) {
      if (holder === undefined) continue;
      const startMs = this.#earliestStart(holder.task);
      const { earliestMs = startMs, latestMs = startMs } = this.#told.get(holder.group) ?? {};
      this.#told.set(holder.group, {
        earliestMs: Math.min(earliestMs, startMs),
        latestMs: Math.max(latestMs, startMs),
      });
    }
  }

  /** When a task could start if everything that runs ends as expected and nothing else starts. */
  #earliestStart(task: ModelTask): number {
    const ends = [this.nowMs, ...this.running.map(({ expectedEndMs }) => Math.max(expectedEndMs, this.nowMs))];
    for (const endMs of ends.sort((a, b) => a - b)) {
      const fits = task.request?.indices.every((index) => {
        const back = this.running.filter((other) => other.expectedEndMs <= endMs);
        const units = back.reduce((sum, other) => sum + other.unitsOf(index), this.capacity.freeUnits(index));
        return units >= task.unitsOf(index);
      });
      if (fits !== false) return endMs === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : endMs;
    }
    return Number.NEGATIVE_INFINITY;
  }

  /** What the scheduler tells of itself adds up. */
  checkCounts(): void {
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
    expect(this.scheduler.parkedCount).toBe(waiting.filter(({ isInLine }) => isInLine).length);
    for (const [level, depth] of this.scheduler.queueDepth.entries()) {
      expect(depth).toBe(waiting.filter((task) => task.level === level).length);
    }
    let byTasks = 0;
    for (const request of new Set(this.running.map((task) => task.request))) {
      if (request !== null) byTasks += this.capacity.heldBy(request);
    }
    expect(byTasks).toBe(this.running.filter(({ request }) => request !== null).length);
    expect(this.capacity.marked).toBeGreaterThanOrEqual(this.#markedClasses());
  }

  /** Classes that wait for capacity. */
  #markedClasses(): number {
    const groups = new Set(this.queued().map(({ group }) => group));
    return [...groups].filter((group) => group?.line?.key === null).length;
  }
}

/** Whether the first came to wait before the second, for something that both want: it may have taken a reservation back. */
function isAheadInLine(a: ModelTask, b: ModelTask, { arrivals }: Past): boolean {
  const [first = 0, second = 0] = [arrivals.get(a), arrivals.get(b)];
  if (first === 0 || (second !== 0 && second < first)) return false;
  return a.level <= b.level && a.request?.indices.some((index) => b.unitsOf(index) > 0) === true;
}
