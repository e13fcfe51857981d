// Owns the history of one task as it goes on: what is on record of it, and what events have told since. Events repeat what
// the record says; what is known already changes nothing. It is kept only while somebody looks at the task.

import type { RuntimeEvent } from '../domain/events.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { endOfTask, type TaskHistory } from '../engine/run-archive.ts';
import { EventTime } from './event-time.ts';

/** A fact and its event are stamped one after the other. */
const SAME_MS = 5;

export interface TaskProgress {
  readonly fraction: number;
  readonly message: string | null;
}

export class TaskLife {
  readonly history: TaskHistory;
  progress: TaskProgress | null = null;
  /** When it became ready for its next attempt, as far as events told. */
  readyMs: number | null = null;
  readonly #time = new EventTime();

  constructor(history: TaskHistory) {
    this.history = { ...history, attempts: history.attempts.map((attempt) => ({ ...attempt })) };
  }

  apply(event: RuntimeEvent): void {
    const { type, data } = event;
    const { history } = this;
    if (endOfTask(history) !== null) return;
    const atMs = this.#time.of(event);
    switch (type) {
      case 'task.ready':
        this.#ready(Number(data.attempt), atMs);
        break;
      case 'task.started':
        this.#started(Number(data.attempt), atMs);
        break;
      case 'task.progress':
        this.progress = { fraction: Number(data.fraction), message: textOf(data.message) };
        break;
      case 'task.retrying':
        if (history.status === 'retrying') break;
        this.#endAttempt(event, 'failed', atMs);
        history.status = 'retrying';
        history.error = errorOf(data.error);
        history.dueMs = atMs + Number(data.delayMs ?? 0);
        break;
      default:
        this.#end(event, atMs);
    }
  }

  #ready(attempt: number, atMs: number): void {
    const { history } = this;
    const last = history.attempts.at(-1);
    if (attempt < (last?.attempt ?? 0)) return;
    if (last?.outcome === 'running') this.#lost(attempt, atMs);
    this.readyMs = atMs;
    history.status = history.attempts.length === 0 ? 'pending' : 'ready';
    history.dueMs = null;
  }

  /** The attempt under way is none any more, though no end of it was told: its thread was taken, or it never began. */
  #lost(next: number, atMs: number): void {
    const { history } = this;
    const last = history.attempts.at(-1);
    if (last === undefined) return;
    if (next === last.attempt) history.attempts.pop();
    else {
      last.outcome = 'interrupted';
      last.endedAtMs = atMs;
      history.interruptions++;
    }
  }

  #started(attempt: number, atMs: number): void {
    const { history } = this;
    const last = history.attempts.at(-1);
    const isUnderWay = last?.outcome === 'running';
    const begun = last?.attempt ?? 0;
    // Told of already, unless that one was handed back before it began.
    if (attempt < begun || (attempt === begun && (!isUnderWay || atMs - last.startedAtMs <= SAME_MS))) return;
    if (isUnderWay) this.#lost(attempt, atMs);
    this.progress = null;
    history.status = 'running';
    history.dueMs = null;
    history.attempts.push({
      attempt,
      startedAtMs: atMs,
      endedAtMs: null,
      outcome: 'running',
      error: null,
      threadId: null,
      killed: false,
    });
  }

  #end(event: RuntimeEvent, atMs: number): void {
    const { type, data } = event;
    const { history } = this;
    switch (type) {
      case 'task.completed':
        this.#endAttempt(event, 'completed', atMs);
        history.status = 'completed';
        history.output = JSON.parse(JSON.stringify(data.output ?? null));
        break;
      case 'task.failed':
        this.#endAttempt(event, 'failed', atMs);
        history.status = 'failed';
        history.error = errorOf(data.error);
        break;
      case 'task.cancelled':
        this.#endAttempt(event, 'cancelled', atMs);
        history.status = 'cancelled';
        history.reason = textOf(data.reason);
        break;
      case 'task.skipped':
        history.status = 'skipped';
        history.reason = textOf(data.reason);
        history.skipCode = textOf(data.code);
        break;
      case 'task.adopted':
        history.status = 'completed';
        history.adoptedFrom = textOf(data.fromRunId);
        history.output = JSON.parse(JSON.stringify(data.output ?? null));
        break;
      default:
        return;
    }
    history.endedAtMs = atMs;
    history.dueMs = null;
    history.cancelRequested = null;
    this.progress = null;
  }

  #endAttempt({ data }: RuntimeEvent, outcome: 'completed' | 'failed' | 'cancelled', atMs: number): void {
    const last = this.history.attempts.at(-1);
    if (last === undefined || last.outcome !== 'running') return;
    last.outcome = outcome;
    last.endedAtMs = atMs;
    last.error = outcome === 'failed' ? errorOf(data.error) : null;
    last.threadId = typeof data.threadId === 'number' && data.threadId >= 0 ? data.threadId : null;
    last.killed = data.killed === true;
  }
}

function textOf(value: unknown): string | null {
  return value === undefined || value === null ? null : String(value);
}

// Events carry errors in their serialized form.
function errorOf(value: unknown): SerializedError | null {
  if (typeof value !== 'object' || value === null) return null;
  const { name, message, code, retryable, details, stack, cause } = value as Partial<SerializedError>;
  return {
    name: String(name ?? 'Error'),
    message: String(message ?? ''),
    code: String(code ?? ''),
    retryable: retryable === true,
    ...(details === undefined ? {} : { details }),
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause }),
  };
}
