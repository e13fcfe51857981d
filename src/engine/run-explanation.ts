// Owns why tasks wait, read from the engine's parts at the moment of the question: the run's own state, the frontier, the
// scheduler's standing of the task, the guard's figures. Nothing is kept, so nothing can be out of date; it changes
// nothing and costs nothing while nobody asks. Bounded: a run is explained up to a limit of tasks and of time.

import { TaskRecord } from '../actors/task-record.ts';
import type { WorkflowRun } from '../actors/workflow-run.ts';
import type { Clock } from '../domain/clock.ts';
import { taskIdOf } from '../domain/ids.ts';
import { assertNever } from '../domain/runtime-error.ts';
import { ResourceStatus, TaskStatus, WorkflowStatus } from '../domain/statuses.ts';
import type { WaitExplanation, WaitReason } from '../domain/wait-reason.ts';
import type { CapacityGuard } from '../resources/capacity-guard.ts';
import type { QueueStanding } from '../scheduling/queue-standing.ts';
import type { CapacityRequest, ReadyTask } from '../scheduling/ready-task.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import { waitSentence } from './wait-sentence.ts';

/** Tasks of one explanation when nothing else is said. */
export const DEFAULT_EXPLAINED = 200;
/** The place of a task among a hundred thousand ready ones is counted: whoever asks of all must not hold up the engine. */
const DEFAULT_WITHIN_MS = 100;
/** Names in a reason; the others are counted. */
const MOST_DEPENDENCIES = 20;

/** What of the engine an explanation is read from. */
export interface ExplanationParts {
  readonly scheduler: Pick<Scheduler<CapacityRequest>, 'standing'>;
  readonly guard: Pick<CapacityGuard, 'resourceAt' | 'refillAtMs'>;
  readonly clock: Clock;
  /** Whether the engine starts tasks at all. */
  readonly isDispatching: () => boolean;
}

/** Where an explanation of a run ends, besides its tasks. */
export interface ExplanationBounds {
  /** Tasks; default 200. */
  readonly limit?: number;
  /** After so long no further task is explained; default 100. */
  readonly withinMs?: number;
}

/** What of a run is explained. */
export type ExplainableRun = Pick<
  WorkflowRun,
  'runId' | 'plan' | 'size' | 'status' | 'statusOf' | 'liveTasks' | 'pendingDependencies'
>;

/**
 * Every task of a run that has neither ended nor begun, and why: ready ones and those between attempts first, then those
 * that miss dependencies, each in file order.
 */
export function explainRun(
  run: ExplainableRun,
  parts: ExplanationParts,
  { limit = DEFAULT_EXPLAINED, withinMs = DEFAULT_WITHIN_MS }: ExplanationBounds = {},
): WaitExplanation[] {
  const hold = holdOf(run, parts);
  const untilMs = parts.clock.monotonicMs() + withinMs;
  const explanations: WaitExplanation[] = [];
  const isFull = () => explanations.length >= limit || parts.clock.monotonicMs() > untilMs;
  const waiting = [...run.liveTasks()].filter(isWaiting).sort((a, b) => a.index - b.index);
  for (const record of waiting) {
    if (isFull()) return explanations;
    const explanation = explainHeldBy(record, hold, parts);
    if (explanation !== null) explanations.push(explanation);
  }
  for (let index = 0; index < run.size; index++) {
    if (run.statusOf(index) !== TaskStatus.PENDING) continue;
    if (isFull()) return explanations;
    explanations.push(explainPending(run, index, hold, parts));
  }
  return explanations;
}

/** Why one task of a run waits, by its number; null when it runs or has ended. */
export function explainTask(run: ExplainableRun, index: number, parts: ExplanationParts): WaitExplanation | null {
  const hold = holdOf(run, parts);
  if (run.statusOf(index) === TaskStatus.PENDING) return explainPending(run, index, hold, parts);
  for (const record of run.liveTasks()) {
    if (record.index === index) return isWaiting(record) ? explainHeldBy(record, hold, parts) : null;
  }
  return null;
}

/** Why a task whose dependencies have all completed waits; null when it runs. */
export function explainRecord(record: TaskRecord, parts: ExplanationParts): WaitExplanation | null {
  if (!isWaiting(record)) return null;
  return explainHeldBy(record, parts.isDispatching() ? null : { kind: 'dispatch-stopped' }, parts);
}

function explainHeldBy(record: TaskRecord, hold: WaitReason | null, parts: ExplanationParts): WaitExplanation | null {
  const reason = hold ?? reasonOf(record, parts);
  return reason === null ? null : explainLive(record, reason, parts);
}

/** The reason of dependencies that have not completed. */
export function dependencyReason(names: readonly string[]): WaitReason {
  const more = Math.max(0, names.length - MOST_DEPENDENCIES);
  return { kind: 'dependency', tasks: names.slice(0, MOST_DEPENDENCIES), more };
}

/** What holds all tasks of the run, whatever else they wait for. */
function holdOf({ status }: ExplainableRun, { isDispatching }: ExplanationParts): WaitReason | null {
  if (status === WorkflowStatus.PENDING) return { kind: 'run-pending' };
  if (status === WorkflowStatus.PAUSED) return { kind: 'run-paused' };
  return isDispatching() ? null : { kind: 'dispatch-stopped' };
}

function isWaiting({ attemptKey, state }: TaskRecord): boolean {
  return attemptKey === 0 && state !== 'started';
}

function explainLive(record: TaskRecord, reason: WaitReason, { clock }: ExplanationParts): WaitExplanation {
  const { factsRunId: runId, spec, taskId, state, readyAtMs } = record;
  const message = waitSentence(reason, clock.now());
  // Between attempts it is not ready.
  const sinceMs = state === 'idle' || readyAtMs <= 0 ? null : readyAtMs;
  return { runId, task: spec.name, taskId, sinceMs, reason, message };
}

function explainPending(
  run: ExplainableRun,
  index: number,
  hold: WaitReason | null,
  { clock }: ExplanationParts,
): WaitExplanation {
  const { runId, plan } = run;
  const task = plan.tasks[index]?.name ?? '';
  const nameOf = (dependency: number): string => plan.tasks[dependency]?.name ?? '';
  const reason = hold ?? dependencyReason(run.pendingDependencies(index).map(nameOf));
  const message = waitSentence(reason, clock.now());
  return { runId, task, taskId: taskIdOf(runId, task), sinceMs: null, reason, message };
}

/** Null in the moment between two states. */
function reasonOf(record: TaskRecord, parts: ExplanationParts): WaitReason | null {
  const { state, timer, attempt, level } = record;
  // An idle task with a timer and no attempt is between two attempts.
  if (state === 'idle' && timer !== undefined) return { kind: 'retry', dueMs: timer.atMs, attempt: attempt + 1 };
  const standing = parts.scheduler.standing(record, parts.clock.now());
  return standing === null ? null : reasonOfStanding(standing, level, parts);
}

function reasonOfStanding(
  standing: QueueStanding<CapacityRequest>,
  level: number,
  { guard }: ExplanationParts,
): WaitReason {
  switch (standing.kind) {
    case 'held':
      return { kind: 'plan', untilMs: standing.untilMs };
    case 'paused':
      return { kind: 'run-paused' };
    case 'sequential':
      return { kind: 'sequential', behind: nameOf(standing.behind) };
    case 'lane-limit':
      return { kind: 'run-limit', limit: standing.limit, running: standing.running };
    case 'group-limit':
      return { kind: 'session-limit', limit: standing.limit, running: standing.running };
    case 'concurrency':
      return standing;
    case 'capacity':
      return reasonOfCapacity(standing, guard);
    case 'slot':
      return { kind: 'slot', level, ahead: standing.ahead };
    default:
      return assertNever(standing);
  }
}

function reasonOfCapacity(
  { index, needs, free, reservedFor }: Extract<QueueStanding<CapacityRequest>, { readonly kind: 'capacity' }>,
  guard: ExplanationParts['guard'],
): WaitReason {
  const { resource, amountOf } = guard.resourceAt(index);
  const { resourceId, capacity, status, refillPeriodMs } = resource;
  const figures = { resourceId, needs: amountOf(needs), available: amountOf(Math.max(0, free)), capacity };
  const inService = status !== ResourceStatus.MAINTENANCE && status !== ResourceStatus.OFFLINE;
  if (inService && refillPeriodMs !== null && needs > free && figures.needs <= capacity) {
    return { kind: 'quota', ...figures, refillAtMs: guard.refillAtMs(index, needs) };
  }
  const tooSmall = figures.needs > capacity ? 'too-small' : 'available';
  const state = inService ? tooSmall : status;
  return { kind: 'resource', ...figures, state, reservedFor: nameOf(reservedFor) };
}

function nameOf(task: ReadyTask<CapacityRequest> | null): string | null {
  return task instanceof TaskRecord ? task.spec.name : null;
}
