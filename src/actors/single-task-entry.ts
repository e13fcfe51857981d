// Owns what the engine keeps of a single task from the time it takes it in until its result is forgotten: what it is, how it
// stands, who waits for it. Mutable and private to SingleTasks; others see it as a SingleTask.

import type { TaskId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import type { SingleTask } from './single-task.ts';
import type { TaskRecord, TaskRestoration, TaskSpec } from './task-record.ts';

export interface Waiter {
  resolve(task: SingleTask): void;
  reject(error: unknown): void;
}

/** Those who wait for a task that is not in this engine (yet): held back, parked, or not taken up again so far. */
export interface Absence {
  readonly dependents: SingleTaskEntry[];
  readonly waiters: Waiter[];
}

export class SingleTaskEntry implements SingleTask {
  /** In the order in which this engine took them in, from 1. */
  readonly number: number;
  readonly taskId: TaskId;
  readonly spec: TaskSpec;
  readonly parameters: JsonObject;
  readonly submittedAtMs: number;
  readonly dependents: SingleTaskEntry[];
  readonly waiters: Waiter[];
  status: TaskStatus = TaskStatus.PENDING;
  startedAtMs: number | null = null;
  endedAtMs: number | null = null;
  attempts = 0;
  output: unknown = null;
  error: SerializedError | null = null;
  reason: string | null = null;
  isReported = false;
  /** While its actor lives. */
  record: TaskRecord | undefined;
  /** Dependencies that have not completed. */
  missing = 0;
  /** Where earlier lives left it; used by its start. */
  restored: TaskRestoration | undefined;
  /** Its cancellation is on record and its body may still be ending. */
  isCancelling = false;
  /** Its actor is being started: handlers of its first event run before there is a record. */
  isStarting = false;
  /** Why such a handler cancelled it. */
  cancelledEarly: string | null = null;

  constructor(
    number: number,
    taskId: TaskId,
    spec: TaskSpec,
    given: { readonly parameters: JsonObject; readonly atMs: number },
    absence: Absence | undefined,
  ) {
    this.number = number;
    this.taskId = taskId;
    this.spec = spec;
    this.parameters = given.parameters;
    this.submittedAtMs = given.atMs;
    this.dependents = absence?.dependents ?? [];
    this.waiters = absence?.waiters ?? [];
  }

  get name(): string {
    return this.spec.name;
  }
}
