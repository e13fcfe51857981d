// Owns the time limits of a task beyond the deadline of an attempt: the end of the whole task's time, and how long an
// attempt may be silent. A task without them has no object and no timer here.
// It never decides what follows: it sends the task's actor an event.

import type { TimerHandle, TimerService } from '../domain/clock.ts';
import type { TaskRecord, TaskRestoration, TaskSpec } from './task-record.ts';

/**
 * An attempt is silent for its time-out when so many looks in a row, the time-out divided by their number apart, found
 * no new heartbeat. Looks are counted instead of time measured: a process that was stopped, or a main thread that was
 * busy, costs a body one look and not its life.
 */
const LOOKS = 4;

export interface TaskLimits {
  readonly totalTimeoutMs: number | null;
  readonly heartbeatTimeoutMs: number | null;
  /** When the whole task expires; null while no attempt has begun, or if it never does. */
  expiresAtMs: number | null;
  expiry: TimerHandle | undefined;
  /** Of the next look for heartbeats. */
  look: TimerHandle | undefined;
  /** As of the last look; undefined = the attempt had not begun. */
  beats: number | undefined;
  silentLooks: number;
}

/** The limits of a task; null when it has none. */
export function limitsOf(spec: TaskSpec, restored: TaskRestoration | undefined): TaskLimits | null {
  const { totalTimeoutMs, heartbeatTimeoutMs } = spec;
  if (totalTimeoutMs === null && heartbeatTimeoutMs === null) return null;
  return {
    totalTimeoutMs,
    heartbeatTimeoutMs,
    expiresAtMs: totalTimeoutMs === null ? null : (restored?.expiresAtMs ?? null),
    expiry: undefined,
    look: undefined,
    beats: undefined,
    silentLooks: 0,
  };
}

export interface LimitWatchParts {
  readonly timers: TimerService;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Of the attempt under way; undefined when it has not begun. */
  readonly heartbeats: (record: TaskRecord) => number | undefined;
}

export class LimitWatch {
  readonly #parts: LimitWatchParts;

  constructor(parts: LimitWatchParts) {
    this.#parts = parts;
  }

  /** Arms the expiry that an earlier life of the engine has set. */
  restored(record: TaskRecord): void {
    const { limits } = record;
    if (limits === null || limits.expiresAtMs === null) return;
    if (limits.expiresAtMs <= this.#parts.now()) expire(record);
    else this.#armExpiry(record, limits, limits.expiresAtMs);
  }

  /** An attempt is about to begin: the first one starts the time of the whole task. */
  attemptStarting(record: TaskRecord, nowMs: number): void {
    const { limits } = record;
    if (limits === null || limits.totalTimeoutMs === null || limits.expiresAtMs !== null) return;
    limits.expiresAtMs = nowMs + limits.totalTimeoutMs;
    this.#armExpiry(record, limits, limits.expiresAtMs);
  }

  /** The attempt was handed to its executor: its silence counts from the first look that finds it begun. */
  attemptStarted(record: TaskRecord): void {
    const { limits } = record;
    if (limits === null || limits.heartbeatTimeoutMs === null) return;
    limits.beats = this.#parts.heartbeats(record);
    limits.silentLooks = 0;
    this.#lookLater(record, limits, limits.heartbeatTimeoutMs);
  }

  /** The attempt is over, or is being ended. */
  attemptEnding(record: TaskRecord): void {
    const { limits } = record;
    if (limits?.look === undefined) return;
    this.#parts.timers.cancel(limits.look);
    limits.look = undefined;
  }

  /** The first attempt was given back before it had begun: the time of the whole task has not started. */
  firstReturned(record: TaskRecord): void {
    const { limits } = record;
    if (limits === null) return;
    this.#disarmExpiry(limits);
    limits.expiresAtMs = null;
  }

  /** The task has ended, or is left alone from now on. */
  ended(record: TaskRecord): void {
    if (record.limits === null) return;
    this.attemptEnding(record);
    this.#disarmExpiry(record.limits);
  }

  #armExpiry(record: TaskRecord, limits: TaskLimits, atMs: number): void {
    limits.expiry = this.#parts.timers.schedule(atMs, () => {
      limits.expiry = undefined;
      expire(record);
    });
  }

  #disarmExpiry(limits: TaskLimits): void {
    if (limits.expiry === undefined) return;
    this.#parts.timers.cancel(limits.expiry);
    limits.expiry = undefined;
  }

  #lookLater(record: TaskRecord, limits: TaskLimits, heartbeatTimeoutMs: number): void {
    const { timers, now } = this.#parts;
    limits.look = timers.schedule(now() + heartbeatTimeoutMs / LOOKS, () => {
      limits.look = undefined;
      const beats = this.#parts.heartbeats(record);
      limits.silentLooks = beats === undefined || beats !== limits.beats ? 0 : limits.silentLooks + 1;
      limits.beats = beats;
      if (limits.silentLooks < LOOKS) this.#lookLater(record, limits, heartbeatTimeoutMs);
      else record.actor?.send({ type: 'task.heartbeat-missed', heartbeatTimeoutMs });
    });
  }
}

/** The time of the whole task is up, or will be before its next attempt is due. */
export function expire(record: TaskRecord): void {
  record.actor?.send({ type: 'task.expire', totalTimeoutMs: record.limits?.totalTimeoutMs ?? 0 });
}
