// Owns what an attempt says (progress, log lines) until it is sent home: few messages however often a body speaks,
// in order, the last progress never lost, and bounded memory when the main thread is behind.

import { findUnrecordable, type JsonObject } from '../domain/json-value.ts';
import type { LogLevel } from '../domain/task-context.ts';
import type { HomeLine } from './home-line.ts';
import type { Utterance } from './thread-protocol.ts';

/** Least time between two messages of one attempt. */
const INTERVAL_MS = 50;
/** Lines that make a message before the interval is over. */
const LINES_PER_MESSAGE = 64;
/** Lines kept while the main thread is behind; further ones are dropped and their number logged. */
const MAX_KEPT = 1_000;
const MAX_MESSAGE_LENGTH = 16_384;
const LOG_LEVELS: ReadonlySet<string> = new Set<LogLevel>(['debug', 'info', 'warn', 'error']);

export class Utterances {
  readonly #home: HomeLine;
  readonly #attemptKey: number;
  #kept: Utterance[] = [];
  #dropped = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(home: HomeLine, attemptKey: number) {
    this.#home = home;
    this.#attemptKey = attemptKey;
  }

  progress(fraction: number, message: string | undefined): void {
    if (typeof fraction !== 'number' || Number.isNaN(fraction)) return;
    const utterance: Utterance = {
      kind: 'progress',
      fraction: Math.min(1, Math.max(0, fraction)),
      message: message === undefined ? null : clip(String(message)),
    };
    // Of several in a row only the last one matters.
    if (this.#kept.at(-1)?.kind === 'progress') this.#kept.pop();
    this.#kept.push(utterance);
    this.#sendWhenDue();
  }

  log(level: LogLevel, message: string, fields: JsonObject | undefined): void {
    if (this.#kept.length >= MAX_KEPT) {
      this.#dropped += 1;
    } else {
      this.#kept.push({
        kind: 'log',
        level: LOG_LEVELS.has(level) ? level : 'info',
        message: clip(String(message)),
        fields: recordableFields(fields),
      });
    }
    this.#sendWhenDue();
  }

  /** Sends what is left; nothing is kept or timed afterwards. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#send();
  }

  /** Sends what is kept at once: the thread is about to block. A main thread that is behind gets it later. */
  speakOut(): void {
    if (!this.#home.isBusy()) this.#send();
  }

  #sendWhenDue(): void {
    const dueInMs = this.#sentAtMs + INTERVAL_MS - performance.now();
    if (dueInMs <= 0 || this.#kept.length >= LINES_PER_MESSAGE) {
      if (!this.#home.isBusy()) this.#send();
      return;
    }
    // A body that waits now would otherwise not show what it said last.
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#send();
    }, dueInMs).unref();
  }

  #send(): void {
    if (this.#dropped > 0) {
      const message = `${this.#dropped} log lines were dropped: the task logs faster than they can be taken`;
      this.#kept.push({ kind: 'log', level: 'warn', message, fields: null });
      this.#dropped = 0;
    }
    if (this.#kept.length === 0) return;
    this.#sentAtMs = performance.now();
    this.#home.say(this.#attemptKey, this.#kept);
    this.#kept = [];
  }
}

/** The fields of a log line as far as they can be recorded; a line must never fail its task. */
export function recordableFields(fields: JsonObject | undefined): JsonObject | null {
  if (fields === undefined || fields === null) return null;
  try {
    const fault = findUnrecordable(fields);
    if (fault !== undefined) return { unrecordable: fault };
    const copy: unknown = JSON.parse(JSON.stringify(fields));
    return typeof copy === 'object' && copy !== null && !Array.isArray(copy)
      ? (copy as JsonObject)
      : { unrecordable: 'log fields must be an object' };
  } catch {
    return { unrecordable: 'the fields cannot be read' };
  }
}

function clip(text: string): string {
  return text.length <= MAX_MESSAGE_LENGTH ? text : `${text.slice(0, MAX_MESSAGE_LENGTH)}… (${text.length} characters)`;
}
