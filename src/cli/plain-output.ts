// Owns the view for pipes and logs: one plain line a start, end, retry, log and (now and then) progress of a task.

import type { RuntimeEvent } from '../domain/events.ts';
import { durationText } from './duration-text.ts';
import { atMsOf, numberOf, textOf } from './event-data.ts';
import { toPrintableLine } from './printable-text.ts';
import { eventLine } from './run-event-lines.ts';
import { type RunOutput, SHOWN_EVENTS } from './run-output.ts';
import type { RunViewState } from './run-view-state.ts';
import type { ShellStream } from './shell-stream.ts';

/** A log does not need every step of a progress bar. */
const PROGRESS_EVERY_MS = 5_000;
const WORD_COLUMNS = 10;

export interface PlainOutputOptions {
  /** Asked for what the shell itself says; events bring their time along. Default: the system's clock. */
  readonly now?: () => number;
  /** Put before every line, where several runs share the stream: the run's id. */
  readonly prefix?: string | undefined;
}

/** Plain lines: `   1.2 s  completed   name in 0.40 s`. */
export class PlainOutput implements RunOutput {
  readonly wanted = SHOWN_EVENTS;
  readonly #stdout: ShellStream;
  /** When a running task's progress was last told; an entry lives as long as the task runs. */
  readonly #toldMs = new Map<string, number>();
  readonly #now: () => number;
  readonly #prefix: string | undefined;
  #startedAtMs: number | null = null;
  #elapsed = durationText(0);

  constructor(stdout: ShellStream, { now = Date.now, prefix }: PlainOutputOptions = {}) {
    this.#stdout = stdout;
    this.#now = now;
    this.#prefix = prefix;
  }

  onEvent(event: RuntimeEvent, before: RunViewState): void {
    this.#startedAtMs = before.startedAtMs;
    if (before.startedAtMs !== null) this.#elapsed = durationText(atMsOf(event) - before.startedAtMs);
    const { task } = event;
    if (task === undefined) this.#runLine(event, before);
    if (event.type === 'task.started' && task !== undefined) {
      this.#toldMs.set(task, atMsOf(event));
      const attempt = numberOf(event, 'attempt') ?? 1;
      this.#tell('started', toPrintableLine(task) + (attempt > 1 ? ` (attempt ${attempt})` : ''));
    } else if (event.type === 'task.progress' && task !== undefined) {
      this.#progress(event, task);
    } else {
      const line = eventLine(event, before);
      if (line !== undefined) this.#tell(line.word, line.text);
      if (task !== undefined && event.type !== 'task.log') this.#toldMs.delete(task);
    }
  }

  notice(text: string): void {
    // No event may have come for a long time.
    if (this.#startedAtMs !== null) this.#elapsed = durationText(this.#now() - this.#startedAtMs);
    this.#tell('notice', text);
  }

  close(): void {
    this.#toldMs.clear();
  }

  #runLine(event: RuntimeEvent, before: RunViewState): void {
    const name = `${toPrintableLine(before.workflow)} ${event.runId ?? ''}`;
    const tasks = `${before.totalTasks} task${before.totalTasks === 1 ? '' : 's'}`;
    switch (event.type) {
      case 'workflow.started':
        this.#tell('run', `${name} started, ${tasks}`);
        break;
      case 'workflow.recovered':
        this.#elapsed = durationText(0);
        this.#tell('run', `${name} taken up again, ${tasks}`);
        break;
      case 'workflow.completed':
      case 'workflow.failed':
      case 'workflow.cancelled':
        // A run that has the stream for itself is followed by its summary at once.
        if (this.#prefix !== undefined) this.#tell('run', `${name} ${event.type.slice('workflow.'.length)}`);
        break;
      default:
    }
  }

  #progress(event: RuntimeEvent, task: string): void {
    const nowMs = atMsOf(event);
    if (nowMs - (this.#toldMs.get(task) ?? 0) < PROGRESS_EVERY_MS) return;
    this.#toldMs.set(task, nowMs);
    const fraction = numberOf(event, 'fraction');
    const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)}%`;
    this.#tell('progress', `${toPrintableLine(task)}${percent} ${toPrintableLine(textOf(event, 'message') ?? '')}`);
  }

  #tell(word: string, text: string): void {
    const prefix = this.#prefix === undefined ? '' : `${toPrintableLine(this.#prefix)} `;
    this.#stdout.line(`${prefix}${this.#elapsed.padStart(9)}  ${word.padEnd(WORD_COLUMNS)} ${text}`.trimEnd());
  }
}
