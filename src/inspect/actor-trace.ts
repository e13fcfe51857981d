// Owns the one consumer of XState's inspection stream: puts it in causal order, names each actor's machine, run and task,
// and tells entries to whoever subscribes. It looks at the engine only while somebody does.
//
// What XState sends is not in causal order: an actor is announced before it has a state, and one that ends tells its
// parent first and shows its last snapshot after everything that follows from it. Hence
//  - an actor is told with its first event, when it still is in its initial state, its parents before it;
//  - the last snapshot of an actor, and its end, are told before the event by which its parent hears of it.
//
// It must never throw into the engine, never keep an actor that has ended, and never copy more of a value than
// bounded-copy.ts allows. Copies are made once for all who listen, and only for what somebody wants.

import type { AnyActorRef, EventObject, InspectionEvent } from 'xstate';
import type { Clock } from '../domain/clock.ts';
import type { JsonValue } from '../domain/json-value.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { SystemTimers } from '../engine/system-timers.ts';
import { boundedCopy, boundedRecord } from './bounded-copy.ts';
import {
  fieldOf,
  KnownActor,
  snapshotNow,
  statusOf,
  type TraceSubject,
  traceSnapshot,
  typeOf,
} from './known-actors.ts';
import type { ActorTraceEntry, ActorTraceKind } from './trace-entries.ts';
import { type EntryBody, type TraceFilter, TraceSubscription } from './trace-subscription.ts';

/** What a trace needs of an engine. */
export type TracedEngine = Pick<OrchestrationEngine, 'inspect' | 'liveActors' | 'taskOfKey'>;

/** Entries that wait while one is delivered; a listener that makes the engine go on beyond it is let go of. */
const MAX_WAITING_ENTRIES = 100_000;

interface Delivery {
  readonly subscription: TraceSubscription;
  readonly body: EntryBody;
  readonly t: number;
}

/** The actors of an engine, told as they go. */
export class ActorTrace {
  readonly #engine: TracedEngine;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #originMs: number;
  /** Epoch milliseconds at which `t` was 0. */
  readonly startedAtMs: number;
  #detach: (() => void) | undefined;
  /** Actors that live, parents first, by XState's id. */
  readonly #known = new Map<string, KnownActor>();
  /** Made since this began to look: they are told in their initial state. */
  #born = new WeakSet<object>();
  /** Told as ended; what XState still sends of them is nothing new. */
  #ended = new WeakSet<object>();
  // Replaced, never changed: one that is being gone through stays as it is.
  #subscriptions: readonly TraceSubscription[] = [];
  readonly #waiting: Delivery[] = [];
  #isDelivering = false;

  constructor(engine: TracedEngine, clock: Pick<Clock, 'now' | 'monotonicMs'> = new SystemTimers({ unref: true })) {
    this.#engine = engine;
    this.#clock = clock;
    this.startedAtMs = clock.now();
    this.#originMs = clock.monotonicMs();
  }

  /** Actors that it knows: those that live, while somebody subscribes. */
  get size(): number {
    return this.#known.size;
  }

  /** Milliseconds since it was made: `t` of what happens now. */
  elapsedMs(): number {
    return Math.round((this.#clock.monotonicMs() - this.#originMs) * 1_000) / 1_000;
  }

  /**
   * Tells a listener of the actors that live now, as `late`, and of everything from then on, until the result is called.
   * What it throws costs it that entry and nothing else.
   * @throws RuntimeError ARGUMENT_INVALID for a sample of which there is none
   */
  subscribe(listener: (entry: ActorTraceEntry) => void, filter: TraceFilter = {}): () => void {
    const subscription = new TraceSubscription(listener, filter);
    if (this.#detach === undefined) this.#attach();
    const t = this.elapsedMs();
    for (const actor of this.#known.values()) {
      const snapshot = snapshotNow(actor.ref);
      if (statusOf(snapshot) === 'active') this.#introduce(actor, snapshot, true, t, [subscription]);
    }
    this.#subscriptions = [...this.#subscriptions, subscription];
    this.#deliver();
    return () => this.#unsubscribe(subscription);
  }

  #unsubscribe(subscription: TraceSubscription): void {
    subscription.end();
    this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    if (this.#subscriptions.length > 0) return;
    this.#detach?.();
    this.#detach = undefined;
    this.#known.clear();
  }

  #attach(): void {
    this.#born = new WeakSet();
    this.#ended = new WeakSet();
    this.#detach = this.#engine.inspect((event) => this.#take(event));
    try {
      for (const { ref, sessionId, runId, task } of this.#engine.liveActors()) {
        // One that is ending as this begins to look is told when it shows its last snapshot.
        if (statusOf(snapshotNow(ref)) === 'active') this.#know(ref, subjectOf(sessionId, runId, task), true);
      }
    } catch {
      // An engine that has ended has no actors any more.
    }
  }

  // --- what XState sends

  #take(event: InspectionEvent): void {
    // XState's type shows less of an actor than there is: it is always one of its own.
    const ref = event.actorRef as AnyActorRef;
    switch (event.type) {
      case '@xstate.actor':
        this.#born.add(ref);
        return;
      case '@xstate.event':
        this.#takeEvent(ref, event.sourceRef as AnyActorRef | undefined, event.event);
        break;
      case '@xstate.snapshot':
        this.#takeSnapshot(ref, event.event, event.snapshot);
        break;
      case '@xstate.microstep':
        this.#takeMicrostep(ref, typeOf(event.event), null, event.snapshot);
        break;
      case '@xstate.action':
        this.#takeMicrostep(ref, null, event.action.type, snapshotNow(ref));
        break;
      default:
        return;
    }
    this.#deliver();
  }

  #takeEvent(ref: AnyActorRef, source: AnyActorRef | undefined, event: EventObject): void {
    const t = this.elapsedMs();
    if (source !== undefined) this.#settle(source, t);
    const actor = this.#find(ref, t);
    if (actor === undefined) return;
    actor.sent(event);
    this.#tell(actor, 'event', t, () => ({
      kind: 'event',
      ...actor.subject,
      actor: actor.id,
      source: source?.sessionId ?? null,
      event: eventOf(event),
    }));
  }

  #takeSnapshot(ref: AnyActorRef, event: EventObject, snapshot: unknown): void {
    const t = this.elapsedMs();
    const actor = this.#find(ref, t);
    if (actor === undefined) return;
    if (statusOf(snapshot) === 'active') {
      actor.taken(event);
      this.#tellSnapshot(actor, typeOf(event), snapshot, t);
    } else this.#finish(actor, typeOf(event), snapshot, t);
  }

  #takeMicrostep(ref: AnyActorRef, event: string | null, action: string | null, snapshot: unknown): void {
    const actor = this.#known.get(ref.sessionId);
    // Steps of an actor that is still being made lead to its initial state, which is told first.
    if (actor === undefined) return;
    this.#tell(actor, 'microstep', this.elapsedMs(), () => {
      const value = boundedCopy(fieldOf(snapshot, 'value'));
      return { kind: 'microstep', ...actor.subject, actor: actor.id, event, action, value };
    });
  }

  /** Tells the end of an actor that has ended and has not shown it yet. */
  #settle(ref: AnyActorRef, t: number): void {
    const actor = this.#known.get(ref.sessionId);
    if (actor === undefined) return;
    const snapshot = snapshotNow(ref);
    if (statusOf(snapshot) !== 'active') this.#finish(actor, actor.current, snapshot, t);
  }

  #finish(actor: KnownActor, event: string, snapshot: unknown, t: number): void {
    const status = statusOf(snapshot);
    if (status === 'active') return;
    this.#tellSnapshot(actor, event, snapshot, t);
    this.#tell(actor, 'end', t, () => ({ kind: 'end', ...actor.subject, actor: actor.id, status }));
    this.#known.delete(actor.id);
    this.#ended.add(actor.ref);
    for (const subscription of this.#subscriptions) subscription.forget(actor);
  }

  #tellSnapshot(actor: KnownActor, event: string, snapshot: unknown, t: number): void {
    this.#tell(actor, 'snapshot', t, () => ({
      kind: 'snapshot',
      ...actor.subject,
      actor: actor.id,
      event,
      snapshot: traceSnapshot(snapshot),
    }));
  }

  // --- who is there

  /** The actor of an inspection event, told with its parents if it was not; undefined for one that has ended. */
  #find(ref: AnyActorRef, t: number): KnownActor | undefined {
    const known = this.#known.get(ref.sessionId);
    if (known !== undefined) return known;
    if (this.#ended.has(ref)) return undefined;
    const parent = ref._parent;
    if (parent !== undefined) this.#find(parent, t);
    const snapshot = snapshotNow(ref);
    const actor = this.#know(ref, this.#subjectFor(ref, snapshot), !this.#born.has(ref));
    this.#introduce(actor, snapshot, actor.late, t, this.#subscriptions);
    return actor;
  }

  #know(ref: AnyActorRef, subject: TraceSubject, late: boolean): KnownActor {
    const actor = new KnownActor(ref, subject, late);
    this.#known.set(actor.id, actor);
    return actor;
  }

  // Sessions and runs have their ids in their contexts, tasks their key; what else is below one of these is theirs.
  #subjectFor(ref: AnyActorRef, snapshot: unknown): TraceSubject {
    const above = ref._parent === undefined ? {} : (this.#known.get(ref._parent.sessionId)?.subject ?? {});
    const context = fieldOf(snapshot, 'context');
    const key = fieldOf(context, 'key');
    const task = typeof key === 'number' ? this.#engine.taskOfKey(key) : undefined;
    if (task !== undefined) return { ...above, runId: task.runId, task: task.task };
    return { ...above, ...subjectOf(fieldOf(context, 'sessionId'), fieldOf(context, 'runId'), undefined) };
  }

  // --- who is told

  #introduce(
    actor: KnownActor,
    snapshot: unknown,
    late: boolean,
    t: number,
    subscriptions: readonly TraceSubscription[],
  ): void {
    let body: EntryBody | undefined;
    for (const subscription of subscriptions) {
      if (!subscription.takes(actor)) continue;
      const { machine } = actor;
      if (machine !== null && subscription.isNewMachine(machine)) {
        this.#put(subscription, { kind: 'definition', machine, definition: definitionOf(actor.config) }, t);
      }
      if (!subscription.wants('actor')) continue;
      body ??= {
        kind: 'actor',
        ...actor.subject,
        id: actor.id,
        name: actor.ref.id,
        parent: actor.parent,
        machine,
        snapshot: traceSnapshot(snapshot),
        late,
      };
      this.#put(subscription, body, t);
    }
  }

  #tell(actor: KnownActor, kind: ActorTraceKind, t: number, build: () => EntryBody): void {
    let body: EntryBody | undefined;
    for (const subscription of this.#subscriptions) {
      if (!subscription.knows(actor) || !subscription.wants(kind)) continue;
      body ??= build();
      this.#put(subscription, body, t);
    }
  }

  #put(subscription: TraceSubscription, body: EntryBody, t: number): void {
    this.#waiting.push({ subscription, body, t });
  }

  // A listener may make the engine go on, which sends more: it is told after the entry at hand, so that all see one order.
  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    // What was there before any listener heard of it is nobody's fault: the actors that live, however many, come at once.
    const most = this.#waiting.length + MAX_WAITING_ENTRIES;
    // The array grows under the loop; no listener can throw out of it.
    for (const { subscription, body, t } of this.#waiting) {
      subscription.deliver(body, t);
      if (this.#waiting.length > most) this.#unsubscribe(subscription);
    }
    this.#waiting.length = 0;
    this.#isDelivering = false;
  }
}

function subjectOf(sessionId: unknown, runId: unknown, task: unknown): TraceSubject {
  return {
    ...(typeof sessionId === 'string' ? { sessionId } : {}),
    ...(typeof runId === 'string' ? { runId } : {}),
    ...(typeof task === 'string' ? { task } : {}),
  };
}

function eventOf(event: EventObject): { type: string; [field: string]: JsonValue } {
  return { ...boundedRecord(event), type: typeOf(event) };
}

/** Functions have no form in JSON: what a machine names in setup() is named here, and computed context is left out. */
function definitionOf(config: unknown): JsonValue {
  const definition: JsonValue = JSON.parse(JSON.stringify(config));
  return definition;
}
