// Owns what the engine keeps of a task while its actor lives: who owns it, how it is run, where its attempt stands.
// Mutable and private to the engine; people see task actors, events and results.

import type { Actor } from 'xstate';
import type { TimerHandle } from '../domain/clock.ts';
import type { AttemptPlace } from '../domain/facts.ts';
import { type RunId, type SessionId, type TaskId, taskIdOf } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import type { AttemptSpan, TraceCaller } from '../domain/run-tracing.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import type { MachineLogic } from '../machines/machine-compiler.ts';
import type { TaskEnding, taskMachine } from '../machines/task-machine.ts';
import type { Lane } from '../scheduling/lane.ts';
import { type CapacityRequest, ReadyTask, type ReadyTaskFacts } from '../scheduling/ready-task.ts';
import type { ActorRegistry } from './actor-registry.ts';
import type { RunGuidance } from './run-plan.ts';
import { limitsOf, type TaskLimits } from './task-limits.ts';

/** The task machine, interpreted or compiled. */
export type TaskLogic = MachineLogic<typeof taskMachine>;

/** How a task is run: fixed, shared by all its attempts. */
export interface TaskSpec extends ReadyTaskFacts {
  readonly name: string;
  readonly module: string;
  readonly action: string;
  /** Per attempt; null = no limit. */
  readonly timeoutMs: number | null;
  /** Whole task, from the start of its first attempt; null = no limit. */
  readonly totalTimeoutMs: number | null;
  /** Longest silence of an attempt; null = no limit. */
  readonly heartbeatTimeoutMs: number | null;
  readonly retry: RetryPolicy;
}

/** Whose a task is: a run, or the single tasks of the engine. */
export interface TaskOwner {
  readonly runId: RunId;
  readonly sessionId: SessionId;
  readonly lane: Lane<CapacityRequest>;
  readonly tasks: ActorRegistry<TaskLogic>;
  /** A run's plan: its guide knows the place of a task in the order, and how long it takes, better than the spec. */
  readonly plan?: { readonly guide?: RunGuidance };
  /** The attempt's parameters, references replaced. @throws RuntimeError, which fails the attempt */
  parametersOf(record: TaskRecord): JsonObject;
  /** The task has ended; its record is forgotten by the runner. */
  taskEnded(record: TaskRecord, ending: TaskEnding): void;
}

/** What an earlier life of the engine left of a task. */
export interface TaskRestoration {
  /** Attempts begun, interrupted ones among them. */
  readonly attempts: number;
  /** Attempts that ended with their process: not held against the task. */
  readonly interruptions: number;
  /** When its next attempt is due (epoch milliseconds); null = it was not waiting for one. */
  readonly dueMs: number | null;
  /** Why its last attempt failed, while it waits for the next. */
  readonly error: SerializedError | null;
  /** When the whole task expires (epoch milliseconds); null = never, or no attempt has begun. */
  readonly expiresAtMs: number | null;
}

/** How a task is started, beyond its spec. */
export interface TaskStartOptions {
  /** Default: the owner's run and the task's name. */
  readonly taskId?: TaskId;
  /** The run under which its facts are written; default: the owner's. */
  readonly factsRunId?: RunId;
  /** It is not new: it goes on where it was. */
  readonly restored?: TaskRestoration;
}

export class TaskRecord extends ReadyTask<CapacityRequest> {
  readonly key: number;
  readonly owner: TaskOwner;
  readonly spec: TaskSpec;
  readonly taskId: TaskId;
  /** The run under which its facts are written. */
  readonly factsRunId: RunId;
  /** Its time limits beyond the attempt's deadline; null = it has none. */
  readonly limits: TaskLimits | null;
  /** When its retry is due, from an earlier life; consumed by the first wait. */
  restoredDueMs: number | null;
  actor: Actor<TaskLogic> | undefined;
  // The attempt under way.
  attempt = 0;
  /** 0 = none under way. */
  attemptKey = 0;
  attemptStartedMs = 0;
  /** It was asked to end. */
  isStopping = false;
  /** Of the latest attempt; null = nobody traces. */
  span: AttemptSpan | null = null;
  /** Under whom its attempts are traced when its owner is not. */
  caller: TraceCaller | null = null;
  /** Of the latest attempt, -1 until it has ended. */
  threadId = -1;
  /** Whether the thread of the latest attempt was terminated under it. */
  killed = false;
  /** Deadline of the attempt, or when the next one is due. */
  timer: TimerHandle | undefined;

  constructor(key: number, owner: TaskOwner, index: number, spec: TaskSpec, options: TaskStartOptions) {
    const { taskId = taskIdOf(owner.runId, spec.name), factsRunId = owner.runId, restored } = options;
    super(owner.lane, index, spec);
    this.key = key;
    this.owner = owner;
    this.spec = spec;
    this.taskId = taskId;
    this.factsRunId = factsRunId;
    this.limits = limitsOf(spec, restored);
    this.restoredDueMs = restored?.dueMs ?? null;
    this.attempt = restored?.attempts ?? 0;
    // The guide of a run knows better than the spec, which is fixed.
    const guide = owner.plan?.guide;
    if (guide === undefined) return;
    this.order = guide.orderOf(index);
    this.expectedMs = guide.expectedMs(index);
  }
}

/** Where the latest attempt of a task ran, for the fact of its end. */
export function placeOf({ threadId, killed }: TaskRecord): AttemptPlace {
  return { ...(threadId < 0 ? {} : { threadId }), ...(killed ? { killed } : {}) };
}
