// Owns the delivery of public events: numbers them, stamps them, hands them to handlers and event streams.
// An event is built only when somebody wants its type, so silence costs one look-up.
// It never lets a handler's fault reach whoever emitted, never reports the failure of a report (no recursion), and
// holds no event itself: only a stream has a buffer, and that is bounded.

import type { Clock } from '../domain/clock.ts';
import type { EventSink, EventSubject, RuntimeEvent, RuntimeEventHandler, RuntimeEventType } from '../domain/events.ts';
import { EVENT_TYPES } from '../domain/events.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import { EventStream, type EventStreamOptions } from './event-stream.ts';

const NO_DATA: Readonly<Record<string, unknown>> = Object.freeze({});
const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES);

interface Registration {
  readonly handler: RuntimeEventHandler;
  live: boolean;
}

/**
 * The engine's event sink. Handlers are called at once, in order of registration ('*' among them); one registered or
 * taken away during a delivery counts from the next event on, except that nothing is delivered to one taken away.
 */
export class EventBus implements EventSink {
  readonly #clock: Pick<Clock, 'now'>;
  // Arrays are replaced, never changed, so that a delivery in progress is not disturbed.
  readonly #byType = new Map<RuntimeEventType, readonly Registration[]>();
  #all: readonly Registration[] = [];
  #sequence = 0;
  #stampedMs = Number.NaN;
  #stamp = '';

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /**
   * Calls the handler for every event of the type, or of all types for '*', until the returned function is called.
   * @throws RuntimeError ARGUMENT_INVALID for a name that is no event type.
   */
  on(type: RuntimeEventType | '*', handler: RuntimeEventHandler): () => void {
    if (type !== '*' && !KNOWN_TYPES.has(type)) {
      throw new RuntimeError(
        'ARGUMENT_INVALID',
        `no event is named '${type}'; use '*' or one of: ${EVENT_TYPES.join(', ')}`,
        { details: { type } },
      );
    }
    if (typeof handler !== 'function') {
      throw new RuntimeError('ARGUMENT_INVALID', `the handler of '${type}' is a ${typeof handler}, not a function`);
    }
    const registration: Registration = { handler, live: true };
    this.#set(type, [...this.#get(type), registration]);
    return () => {
      if (!registration.live) return;
      registration.live = false;
      this.#set(
        type,
        this.#get(type).filter((other) => other !== registration),
      );
    };
  }

  wants(type: RuntimeEventType): boolean {
    return this.#all.length > 0 || this.#byType.has(type);
  }

  emit(type: RuntimeEventType, subject: EventSubject, data: Readonly<Record<string, unknown>> = NO_DATA): void {
    if (!this.wants(type)) return;
    this.#deliver(this.#build(type, subject, data), undefined);
  }

  /** The events from now on, for `for await`; ends when its signal aborts, `end` says so, or the reader leaves. */
  events(options: EventStreamOptions = {}): EventStream {
    const stream = new EventStream(options, () => unsubscribe());
    const unsubscribe = this.on('*', (event) => stream.push(event));
    return stream;
  }

  #build(type: RuntimeEventType, subject: EventSubject, data: Readonly<Record<string, unknown>>): RuntimeEvent {
    const nowMs = this.#clock.now();
    if (nowMs !== this.#stampedMs) {
      this.#stampedMs = nowMs;
      this.#stamp = new Date(nowMs).toISOString();
    }
    return { seq: ++this.#sequence, at: this.#stamp, type, ...subject, data };
  }

  // `failed` is the handler whose failure is being reported: it does not hear of itself.
  #deliver(event: RuntimeEvent, failed: Registration | undefined): void {
    const specific = this.#byType.get(event.type);
    const all = this.#all;
    if (specific !== undefined) for (const registration of specific) this.#call(registration, event, failed);
    for (const registration of all) this.#call(registration, event, failed);
  }

  #call(registration: Registration, event: RuntimeEvent, failed: Registration | undefined): void {
    if (!registration.live || registration === failed) return;
    try {
      registration.handler(event);
    } catch (error) {
      // A handler that fails on the report of a failure has nobody left who would hear of it.
      if (event.type !== 'handler.failed') this.#report(registration, event, error);
    }
  }

  #report(registration: Registration, event: RuntimeEvent, error: unknown): void {
    if (!this.wants('handler.failed')) return;
    const { seq, type, sessionId, runId } = event;
    const subject: EventSubject = {
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(runId === undefined ? {} : { runId }),
    };
    const data = { handler: registration.handler.name, eventType: type, eventSeq: seq, error: serializeError(error) };
    this.#deliver(this.#build('handler.failed', subject, data), registration);
  }

  #get(type: RuntimeEventType | '*'): readonly Registration[] {
    return type === '*' ? this.#all : (this.#byType.get(type) ?? []);
  }

  #set(type: RuntimeEventType | '*', registrations: readonly Registration[]): void {
    if (type === '*') this.#all = registrations;
    else if (registrations.length === 0) this.#byType.delete(type);
    else this.#byType.set(type, registrations);
  }
}
