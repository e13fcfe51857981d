// Owns what tasks said of late: log lines, progress, retries and ends of each run, for agents to read afterwards. Logs are
// no facts, so nothing of this is on record: it covers the life of this process, from when the book was opened, and says so.
// Bounded in runs, lines and text; what is beyond is counted, never kept.

import type { RuntimeEvent, RuntimeEventType } from '../domain/events.ts';
import { taskIdOf } from '../domain/ids.ts';
import { isRuntimeError } from '../domain/runtime-error.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { SystemTimers } from '../engine/system-timers.ts';

/** What a log book keeps. */
export const LOG_LIMITS = Object.freeze({
  /** The run that was heard of longest ago goes first. */
  runs: 200,
  /** Of a run; the oldest go first. */
  lines: 1_000,
  /** Of a line's message, and of its fields as JSON. */
  characters: 2_000,
  /** Of all lines of a run. */
  runCharacters: 100_000,
});

/** One thing that a task, or the run, said or went through. */
export interface LogLine {
  /** ISO 8601. */
  readonly at: string;
  /** The step; null for the run itself. */
  readonly task: string | null;
  /** What tasks log has a level; the rest is the name of the event. */
  readonly kind: 'debug' | 'info' | 'warn' | 'error' | 'progress' | 'retrying' | 'ended' | 'run';
  readonly message: string;
  /** As JSON, cut where it is long; null = none. */
  readonly fields: string | null;
}

/** What is known of a run's log. */
export interface RunLog {
  readonly lines: readonly LogLine[];
  /** Older lines that are not here: let go, or more than asked for. */
  readonly omitted: number;
  /** ISO 8601: what happened before is not in the book. */
  readonly since: string;
}

interface Entry {
  readonly lines: LogLine[];
  dropped: number;
  characters: number;
}

const HEARD = [
  'task.log',
  'task.progress',
  'task.retrying',
  'task.completed',
  'task.failed',
  'task.cancelled',
  'task.skipped',
  'workflow.started',
  'workflow.recovered',
  'workflow.paused',
  'workflow.resumed',
  'workflow.completed',
  'workflow.failed',
  'workflow.cancelled',
] as const satisfies readonly RuntimeEventType[];

/** The log of one engine's runs; runs of single tasks have the task's id. */
export class LogBook {
  readonly #entries = new Map<string, Entry>();
  readonly #unsubscribe: readonly (() => void)[];
  readonly #since: string;
  /** Most lines are of the run that the line before was of. */
  #last: { readonly runId: string; readonly entry: Entry } | undefined;

  /** Use `logBookOf`: an engine has one book. `since`: ISO 8601, now. */
  constructor(engine: Pick<OrchestrationEngine, 'registerEventHandler'>, since: string) {
    this.#since = since;
    this.#unsubscribe = HEARD.map((type) => engine.registerEventHandler(type, (event) => this.#take(event)));
  }

  /** Lines of a run, oldest first; the last `limit` of them. */
  read(runId: string, limit: number = LOG_LIMITS.lines): RunLog {
    const { lines, dropped } = this.#entries.get(runId) ?? { lines: [], dropped: 0 };
    const shown = limit <= 0 ? [] : lines.slice(-limit);
    return { lines: shown, omitted: dropped + lines.length - shown.length, since: this.#since };
  }

  /** Runs of which there are lines, the one heard of last at the end. */
  runs(): string[] {
    return [...this.#entries.keys()];
  }

  /** Hears nothing more; what was heard can still be read. */
  close(): void {
    for (const stop of this.#unsubscribe) stop();
  }

  #take(event: RuntimeEvent): void {
    const runId = runOf(event);
    if (runId === undefined) return;
    const entry = this.#entryOf(runId);
    const line = lineOf(event);
    const last = entry.lines.at(-1);
    // Of progress the newest is worth keeping: a busy loop that tells it must not push the log out.
    if (line.kind === 'progress' && last?.kind === 'progress' && last.task === line.task) {
      entry.lines.pop();
      entry.characters -= lengthOf(last);
    }
    entry.lines.push(line);
    entry.characters += lengthOf(line);
    if (entry.lines.length <= LOG_LIMITS.lines && entry.characters <= LOG_LIMITS.runCharacters) return;
    // A tenth in one go: to move a thousand lines for each new one would be felt.
    const gone = entry.lines.splice(0, Math.ceil(entry.lines.length / 10));
    entry.dropped += gone.length;
    for (const old of gone) entry.characters -= lengthOf(old);
  }

  #entryOf(runId: string): Entry {
    if (this.#last?.runId === runId) return this.#last.entry;
    const entry = this.#entries.get(runId) ?? { lines: [], dropped: 0, characters: 0 };
    this.#entries.delete(runId);
    this.#entries.set(runId, entry);
    this.#last = { runId, entry };
    if (this.#entries.size > LOG_LIMITS.runs) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return entry;
  }
}

const books = new WeakMap<OrchestrationEngine, LogBook>();
const clock = new SystemTimers({ unref: true });

/** The one log book of an engine, opened at the first call. */
export function logBookOf(engine: OrchestrationEngine): LogBook {
  const known = books.get(engine);
  if (known !== undefined) return known;
  const book = new LogBook(engine, new Date(clock.now()).toISOString());
  books.set(engine, book);
  return book;
}

/** A workflow's run by its own id, a single task by the task's: all of these share one run in events. */
function runOf({ runId, taskId, task }: RuntimeEvent): string | undefined {
  if (runId === undefined || task === undefined || taskId === undefined) return runId;
  return taskId === taskIdOf(runId, task) ? runId : taskId;
}

function lineOf(event: RuntimeEvent): LogLine {
  const { at, type, data } = event;
  const task = event.task ?? null;
  const line = (kind: LogLine['kind'], message: string, fields: unknown = null): LogLine => ({
    at,
    task,
    kind,
    message: clip(message),
    fields: fieldsText(fields),
  });
  switch (type) {
    case 'task.log':
      return line(levelOf(data.level), String(data.message), data.fields);
    case 'task.progress':
      return line('progress', `${Math.round(Number(data.fraction) * 100)} %${data.message ? `: ${data.message}` : ''}`);
    case 'task.retrying':
      return line('retrying', `attempt ${data.attempt} failed: ${errorText(data.error)}`);
    case 'task.completed':
      return line('ended', `completed in ${Math.round(Number(data.durationMs))} ms (attempt ${data.attempt})`);
    case 'task.failed':
      return line('ended', `failed: ${errorText(data.error)}`);
    case 'task.cancelled':
    case 'task.skipped':
      return line('ended', `${type.slice('task.'.length)}: ${data.reason}`);
    default:
      return line('run', type.slice('workflow.'.length));
  }
}

function lengthOf({ message, fields }: LogLine): number {
  return message.length + (fields?.length ?? 0);
}

function levelOf(level: unknown): 'debug' | 'info' | 'warn' | 'error' {
  return level === 'debug' || level === 'warn' || level === 'error' ? level : 'info';
}

function errorText(error: unknown): string {
  if (isRuntimeError(error)) return `${error.code}: ${error.message}`;
  const { code, message } = typeof error === 'object' && error !== null ? { code: '', message: '', ...error } : {};
  return code === undefined ? String(error) : `${code}: ${message}`;
}

function fieldsText(fields: unknown): string | null {
  if (fields === null || fields === undefined) return null;
  const text = JSON.stringify(fields) ?? '';
  return text === '' || text === '{}' ? null : clip(text);
}

function clip(text: string): string {
  return text.length <= LOG_LIMITS.characters ? text : `${text.slice(0, LOG_LIMITS.characters)}… (cut)`;
}
