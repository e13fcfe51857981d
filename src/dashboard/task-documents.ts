// Owns the document of one task: its record, its definition and what is known of it at the moment, as they cross. Values
// are cut: a task may well give megabytes.

import type { SerializedError } from '../domain/serialized-error.ts';
import { priorityName } from '../domain/statuses.ts';
import type { RunHistory, TaskHistory } from '../engine/run-archive.ts';
import { blankTask } from '../engine/run-archive.ts';
import { outcomeOf, type RunModel } from './run-model.ts';
import type { StatechartPath } from './statechart-path.ts';
import type { TaskProgress } from './task-life.ts';
import type { TaskDocument, WireError } from './wire.ts';

/** Characters of a value, and of what an error says beyond its message. */
const MOST_CHARACTERS = 100_000;
const MOST_MESSAGE = 10_000;
const MOST_ATTEMPTS = 200;
const MOST_NEIGHBOURS = 500;

/** What a task's document is made of. */
export interface TaskParts {
  readonly model: RunModel;
  /** What the run was started with; null = not on record. */
  readonly origin: RunHistory['origin'] | null;
  readonly name: string;
  readonly version: number;
  readonly history: TaskHistory | undefined;
  readonly progress: TaskProgress | null;
  readonly waiting: TaskDocument['waiting'];
  readonly logs: TaskDocument['logs'];
  readonly current: string | null;
  readonly path: StatechartPath;
}

/** No logs are kept. */
export const NO_LOGS: TaskDocument['logs'] = { lines: [], omitted: 0, since: null };

export function taskDocumentOf(parts: TaskParts): TaskDocument {
  const { model, name, version, progress, waiting, logs, current, path } = parts;
  const history = parts.history ?? blankTask(name);
  const index = model.shape.indexOf(name);
  const neighbours = (indexes: readonly number[]) =>
    indexes
      .slice(0, MOST_NEIGHBOURS)
      .map((each) => ({ name: model.shape.names[each] ?? '', state: model.stateOf(each) }));
  return {
    runId: model.record.runId,
    name,
    version,
    state: model.stateOf(index),
    ...definedBy(parts, index),
    dependencies: neighbours(model.shape.dependenciesOf(index)),
    dependents: neighbours(model.shape.dependentsOf(index)),
    attempts: history.attempts.slice(-MOST_ATTEMPTS).map((attempt) => ({
      attempt: attempt.attempt,
      startedAt: attempt.startedAtMs,
      endedAt: attempt.endedAtMs,
      outcome: outcomeOf(attempt, model.isHeld),
      threadId: attempt.threadId,
      error: attempt.error === null ? null : wireErrorOf(attempt.error),
    })),
    output: history.status === 'completed' ? wireValueOf(history.output) : null,
    error: history.error === null || history.status === 'completed' ? null : wireErrorOf(history.error),
    reason: history.reason ?? history.cancelRequested,
    adoptedFrom: history.adoptedFrom,
    progress,
    waiting,
    logs,
    statechart: { machine: 'task', current, path: [...path.steps], omitted: path.omitted },
  };
}

type Defined = Pick<
  TaskDocument,
  'module' | 'action' | 'priority' | 'resources' | 'maxAttempts' | 'timeoutMs' | 'input'
>;

function definedBy({ model, origin }: TaskParts, index: number): Defined {
  const step = model.shape.step(index) ?? (origin?.type === 'task.submitted' ? origin : undefined);
  if (step === undefined) {
    return {
      module: '',
      action: '',
      priority: 'normal',
      resources: {},
      maxAttempts: null,
      timeoutMs: null,
      input: null,
    };
  }
  const { maxAttempts } = step.retry;
  return {
    module: step.module,
    action: step.action,
    priority: priorityName(step.priority),
    resources: { ...step.resources },
    maxAttempts: maxAttempts === null || !Number.isFinite(maxAttempts) ? null : maxAttempts,
    timeoutMs: step.timeoutMs,
    input: Object.keys(step.parameters).length === 0 ? null : wireValueOf(step.parameters),
  };
}

/** An error as people see it. */
export function wireErrorOf(error: SerializedError): WireError {
  const { code, message, details, stack, cause } = error;
  const parts = [
    ...(details === undefined ? [] : [`details: ${jsonOf(details)}`]),
    ...(cause === undefined ? [] : [`caused by ${cause.code}: ${cause.message}`]),
    ...(stack === undefined ? [] : [stack]),
  ];
  const more = parts.join('\n\n');
  return { code, message: clip(message, MOST_MESSAGE), more: more === '' ? null : clip(more, MOST_CHARACTERS) };
}

/** A value as JSON text for people, cut where it is long. */
export function wireValueOf(value: unknown): NonNullable<TaskDocument['output']> {
  const text = jsonOf(value);
  return { text: text.slice(0, MOST_CHARACTERS), isCut: text.length > MOST_CHARACTERS, characters: text.length };
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? String(value);
}

function clip(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}… (${text.length} characters)`;
}
