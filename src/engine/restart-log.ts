// Owns the memory of restarts: how many there were, and what crashed last in each part of the engine, for health figures.
// It stands between those who restart and the event bus, so that it knows of them when nobody listens.

import type { Clock } from '../domain/clock.ts';
import type { EventSink, EventSubject, RuntimeEventType } from '../domain/events.ts';

interface Restart {
  readonly atMs: number;
  readonly message: string;
}

/** The part of the engine, as health names it, by the name of what crashed where that is another. */
const PARTS: Readonly<Record<string, string>> = {
  'journal-writer': 'journal',
  'single-tasks': 'sessions',
  session: 'sessions',
  workflow: 'sessions',
};

export class RestartLog implements EventSink {
  readonly #events: EventSink;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #last = new Map<string, Restart>();
  #count = 0;
  #end: string | undefined;

  constructor(events: EventSink, clock: Pick<Clock, 'now'>) {
    this.#events = events;
    this.#clock = clock;
  }

  /** Restarts of actors and of the journal's writer since the engine started. */
  get count(): number {
    return this.#count;
  }

  /** What crashed once too often; undefined while nothing did. */
  get end(): string | undefined {
    return this.#end;
  }

  last(part: string): Restart | undefined {
    return this.#last.get(part);
  }

  wants(_type: RuntimeEventType): boolean {
    return true;
  }

  emit(type: RuntimeEventType, subject: EventSubject, data: Readonly<Record<string, unknown>> = {}): void {
    const child = String(data.child);
    const message = messageIn(data.error);
    if (type === 'supervisor.gave-up' && subject.sessionId === undefined) {
      this.#end = `'${child}' crashed once more than ${data.intensity} times within ${data.periodMs} ms: ${message}`;
    }
    if (type === 'supervisor.restarted') {
      this.#count++;
      this.#last.set(PARTS[child] ?? child, { atMs: this.#clock.now(), message });
    }
    this.#events.emit(type, subject, data);
  }
}

function messageIn(error: unknown): string {
  return typeof error === 'object' && error !== null ? String(Reflect.get(error, 'message')) : 'it ended';
}
