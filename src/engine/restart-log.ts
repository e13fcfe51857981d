// Owns the memory of restarts: how many there were, and what crashed last in each part of the engine, for health figures.
// It stands between those who restart and the event bus, so that it knows of them when nobody listens.

import type { Clock } from '../domain/clock.ts';
import type { EventSink, EventSubject, RuntimeEventType } from '../domain/events.ts';

/** Parts of the engine that health is told of. */
export type RestartedPart = 'journal' | 'resource-manager' | 'worker-pool' | 'dispatcher' | 'sessions';

export interface Restart {
  readonly part: RestartedPart;
  readonly atMs: number;
  readonly message: string;
}

/** In which part something is, by the name of what crashed. */
const PARTS: Readonly<Record<string, RestartedPart>> = {
  journal: 'journal',
  'journal-writer': 'journal',
  'resource-manager': 'resource-manager',
  'worker-pool': 'worker-pool',
  dispatcher: 'dispatcher',
  sessions: 'sessions',
  'single-tasks': 'sessions',
  session: 'sessions',
  workflow: 'sessions',
};

export class RestartLog implements EventSink {
  readonly #events: EventSink;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #last = new Map<RestartedPart, Restart>();
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
    return this.#last.get(part as RestartedPart);
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
    const part = PARTS[child];
    if (type === 'supervisor.restarted') this.#count++;
    if (type === 'supervisor.restarted' && part !== undefined)
      this.#last.set(part, { part, atMs: this.#clock.now(), message });
    this.#events.emit(type, subject, data);
  }
}

function messageIn(error: unknown): string {
  return typeof error === 'object' && error !== null ? String(Reflect.get(error, 'message')) : 'it ended';
}
