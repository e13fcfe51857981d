// Owns the dispatch loop: as long as an executor has a free slot and the gate is open, the scheduler's next task starts.
// The dispatcher actor's states open and close the gate; the loop itself is a plain call on the hot path.

import type { AnyActorRef } from 'xstate';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import type { TaskAssignment, TaskExecutor } from '../domain/task-executor.ts';
import { dispatcherMachine } from '../machines/dispatcher-machine.ts';
import { type CapacityRequest, POOL_COUNT, type Pool } from '../scheduling/ready-task.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import type { TaskRecord } from './task-record.ts';

export interface DispatcherOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** For tasks that a plan keeps back until some time. */
  readonly timers: TimerService;
  /** Asked before each start; false = not now, until `pump` or `pumpSoon` is called. Default: always. */
  readonly mayStart?: () => boolean;
}

export type DispatcherLogic = typeof dispatcherMachine;

export class Dispatcher {
  readonly #scheduler: Scheduler<CapacityRequest>;
  readonly #executors: (TaskExecutor | undefined)[] = [];
  readonly #mayStart: () => boolean;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #timers: TimerService;
  #alarm: TimerHandle | null = null;
  /** The dispatcher actor; after a restart it is another one. */
  #self: AnyActorRef | undefined;
  #open = false;
  #frozen = false;
  #pumping = false;
  #pumpQueued = false;
  readonly #idleWaiters: (() => void)[] = [];

  constructor(scheduler: Scheduler<CapacityRequest>, { clock, timers, mayStart = () => true }: DispatcherOptions) {
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#timers = timers;
    this.#mayStart = mayStart;
  }

  /** The logic of the dispatcher actor, bound to this loop. */
  createLogic(): DispatcherLogic {
    return dispatcherMachine.provide({
      actions: {
        openGate: ({ self }) => {
          this.#self = self;
          this.#open = true;
          this.pumpSoon();
        },
        closeGate: () => {
          this.#open = false;
        },
      },
    });
  }

  setExecutor(pool: Pool, executor: TaskExecutor | undefined): void {
    this.#executors[pool] = executor;
    this.pumpSoon();
  }

  execute(pool: Pool, assignment: TaskAssignment): void {
    this.#executors[pool]?.execute(assignment);
  }

  stop(pool: Pool, attemptKey: number, graceMs: number): void {
    this.#executors[pool]?.stop(attemptKey, graceMs);
  }

  /** Heartbeats of an attempt under way; undefined when it has not begun. */
  heartbeats(pool: Pool, attemptKey: number): number | undefined {
    return this.#executors[pool]?.heartbeats(attemptKey);
  }

  /** Starts nothing any more, whatever the gate. */
  freeze(): void {
    this.#frozen = true;
    if (this.#alarm !== null) this.#timers.cancel(this.#alarm);
    this.#alarm = null;
  }

  /** Starts what can start now. A call from inside the loop is covered by the loop itself. */
  pump(): void {
    if (this.#idleWaiters.length > 0 && this.#scheduler.inFlight === 0) {
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
    }
    if (!this.#open || this.#frozen || this.#pumping) return;
    this.#pumping = true;
    try {
      // A start in a later pool may be what a task of an earlier one waited behind.
      for (let again = true; again; ) {
        again = false;
        for (let pool = 0; pool < POOL_COUNT; pool++) {
          if (this.#fill(pool as Pool) && pool > 0) again = true;
        }
        // What a later pool tried for in vain may be meant for one that was asked before.
        for (let pool = 0; pool < POOL_COUNT; pool++) again ||= this.#mayGive(pool as Pool);
      }
      this.#scheduler.endRound();
      this.#setAlarm();
    } catch (error) {
      this.#crash(error);
    } finally {
      this.#pumping = false;
    }
  }

  /** The same at the end of the current turn, once for many calls: tasks that become ready together compete fairly. */
  pumpSoon(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    queueMicrotask(() => {
      this.#pumpQueued = false;
      this.pump();
    });
  }

  /** Resolves when no attempt is under way; with the gate closed that is soon. */
  idle(): Promise<void> {
    if (this.#scheduler.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Capacity came free, wherever it was held. */
  capacityFreed(): void {
    this.#scheduler.capacityFreed();
    this.pumpSoon();
  }

  /** Comes back when a task that a plan keeps back may start at the latest. */
  #setAlarm(): void {
    const atMs = this.#scheduler.wakeAtMs(this.#clock.now());
    // One whose time came while the loop ran is among the others now.
    for (let pool = 0; pool < POOL_COUNT; pool++) if (this.#mayGive(pool as Pool)) this.pumpSoon();
    if (atMs === (this.#alarm?.atMs ?? null)) return;
    if (this.#alarm !== null) this.#timers.cancel(this.#alarm);
    this.#alarm =
      atMs === null
        ? null
        : this.#timers.schedule(atMs, () => {
            this.#alarm = null;
            this.pump();
          });
  }

  /** The loop is called from timers, threads and microtasks: thrown there, a fault would end the process. */
  #crash(error: unknown): void {
    // The actor that takes its place opens it again.
    this.#open = false;
    this.#self?.send({ type: 'dispatch.crash', error });
  }

  // Looked at before each start: the last one may have shut it.
  #isOpen(): boolean {
    return this.#open && !this.#frozen && this.#mayStart();
  }

  #mayGive(pool: Pool): boolean {
    return this.#isOpen() && (this.#executors[pool]?.freeSlots() ?? 0) > 0 && this.#scheduler.mayGive(pool);
  }

  /** Whether anything started. */
  #fill(pool: Pool): boolean {
    const executor = this.#executors[pool];
    let started = false;
    while (executor !== undefined && this.#isOpen() && executor.freeSlots() > 0) {
      const task = this.#scheduler.next(pool, this.#clock.now());
      if (task === undefined) break;
      started = true;
      // The runner's records are the only tasks this scheduler is given.
      (task as TaskRecord).actor?.send({ type: 'task.start' });
    }
    return started;
  }
}
