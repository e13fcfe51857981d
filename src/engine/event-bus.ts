// Owns the delivery of public events: numbers them, stamps them, hands them to handlers and event streams.
// An event is built only when somebody wants its type, so silence costs one look-up.
// It never lets a handler's fault reach whoever emitted, never reports the failure of a report (no recursion), and
// holds no event after delivery: only a stream has a buffer, and that is bounded.

import type { Clock } from '../domain/clock.ts';
import type { EventSink, EventSubject, RuntimeEvent, RuntimeEventHandler, RuntimeEventType } from '../domain/events.ts';
import { EVENT_TYPES } from '../domain/events.ts';
import { IsoStamp } from '../domain/iso-stamp.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import { EventStream, type EventStreamOptions } from './event-stream.ts';

const NO_DATA: Readonly<Record<string, unknown>> = Object.freeze({});
const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES);

/** Events that handlers may have emitted while one event is being delivered; beyond it `emit` throws at the handler. */
const MAX_WAITING_EVENTS = 100_000;

interface Registration {
  readonly handler: RuntimeEventHandler;
  live: boolean;
}

interface Delivery {
  readonly event: RuntimeEvent;
  /** The handler whose failure the event reports: it does not hear of itself. */
  readonly failed: Registration | undefined;
}

/**
 * The engine's event sink. Handlers are called within `emit`: those of the type, then those of '*', each in order of
 * registration. What a handler emits is delivered after the event at hand, so everybody sees the order of `seq`.
 * A handler that throws is reported to the others as `handler.failed`; one that throws at that report is left alone.
 */
export class EventBus implements EventSink {
  readonly #clock: Pick<Clock, 'now'>;
  // Arrays are replaced, never changed, so that a delivery in progress is not disturbed.
  readonly #byType = new Map<RuntimeEventType, readonly Registration[]>();
  #all: readonly Registration[] = [];
  readonly #waiting: Delivery[] = [];
  #delivering = false;
  #sequence = 0;
  readonly #stamp = new IsoStamp();

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
    if (this.#waiting.length >= MAX_WAITING_EVENTS) {
      throw new RuntimeError('INTERNAL', `event handlers emit without end: ${MAX_WAITING_EVENTS} events wait`);
    }
    this.#waiting.push({ event: this.#build(type, subject, data), failed: undefined });
    if (!this.#delivering) this.#deliverWaiting();
  }

  /** The events from now on, for `for await`; see EventStream for its bound and its end. */
  events(options: EventStreamOptions = {}): EventStream {
    const unsubscribers: (() => void)[] = [];
    const stream = new EventStream(options, () => {
      for (const unsubscribe of unsubscribers) unsubscribe();
    });
    for (const type of new Set(options.types ?? (['*'] as const))) {
      unsubscribers.push(this.on(type, (event) => stream.push(event)));
    }
    return stream;
  }

  #build(type: RuntimeEventType, subject: EventSubject, data: Readonly<Record<string, unknown>>): RuntimeEvent {
    return { seq: ++this.#sequence, at: this.#stamp.of(this.#clock.now()), type, ...subject, data };
  }

  #deliverWaiting(): void {
    this.#delivering = true;
    // The array grows under the loop when handlers emit; no handler can throw out of it.
    for (const { event, failed } of this.#waiting) {
      const all = this.#all;
      for (const registration of this.#get(event.type)) this.#call(registration, event, failed);
      for (const registration of all) this.#call(registration, event, failed);
    }
    this.#waiting.length = 0;
    this.#delivering = false;
  }

  #call(registration: Registration, event: RuntimeEvent, failed: Registration | undefined): void {
    if (!registration.live || registration === failed) return;
    try {
      registration.handler(event);
    } catch (error) {
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
    const data = {
      handler: registration.handler.name,
      eventType: type,
      eventSeq: seq,
      error: serializeError(error, 'EVENT_HANDLER_FAILED'),
    };
    this.#waiting.push({ event: this.#build('handler.failed', subject, data), failed: registration });
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
