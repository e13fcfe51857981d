// Owns what a trace knows of an actor while it lives: its place in the tree, its machine, whose it is, and the events it
// has been sent and has not taken. Forgotten as the actor ends.

import type { AnyActorRef, EventObject } from 'xstate';
import { boundedCopy } from './bounded-copy.ts';
import type { TraceSnapshot } from './trace-entries.ts';

/** Which run or task an actor is about. */
export interface TraceSubject {
  readonly sessionId?: string;
  readonly runId?: string;
  readonly task?: string;
}

export class KnownActor {
  readonly ref: AnyActorRef;
  readonly id: string;
  readonly parent: string | null;
  /** The machine's id; null = its logic is none. */
  readonly machine: string | null;
  readonly subject: TraceSubject;
  readonly late: boolean;
  /** Sent and not taken yet, in the order in which they will be: what an actor ends with is the first of them. */
  readonly #pending: EventObject[] = [];

  constructor(ref: AnyActorRef, subject: TraceSubject, late: boolean) {
    this.ref = ref;
    this.id = ref.sessionId;
    this.parent = ref._parent?.sessionId ?? null;
    this.machine = machineOf(ref);
    this.subject = subject;
    this.late = late;
  }

  /** Its machine's configuration. */
  get config(): unknown {
    return configOf(this.ref);
  }

  sent(event: EventObject): void {
    // What was sent to an actor before its start is taken after it.
    if (typeOf(event) === 'xstate.init') this.#pending.unshift(event);
    else this.#pending.push(event);
  }

  taken(event: EventObject): void {
    const index = this.#pending.indexOf(event);
    if (index >= 0) this.#pending.splice(index, 1);
  }

  /** Type of the event that it is taking; empty when nobody knows. */
  get current(): string {
    return typeOf(this.#pending[0]);
  }
}

/** The state of an actor as it is told. */
export function traceSnapshot(snapshot: unknown): TraceSnapshot {
  const field = (name: string) => fieldOf(snapshot, name);
  const output = field('output');
  const error = field('error');
  return {
    status: statusOf(snapshot),
    value: boundedCopy(field('value')),
    context: boundedCopy(field('context')),
    ...(output === undefined ? {} : { output: boundedCopy(output) }),
    ...(error === undefined ? {} : { error: boundedCopy(error) }),
  };
}

export function statusOf(snapshot: unknown): TraceSnapshot['status'] {
  const status = fieldOf(snapshot, 'status');
  return status === 'done' || status === 'error' || status === 'stopped' ? status : 'active';
}

/** The type of an event, which may be anything that somebody sent; empty where it has none. */
export function typeOf(event: unknown): string {
  const type = fieldOf(event, 'type');
  return typeof type === 'string' ? type : '';
}

/** A property of anything; undefined where there is none, or where it cannot be read. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return Reflect.get(value, name);
  } catch {
    return undefined;
  }
}

/** The state that an actor is in; undefined while it is being made. */
export function snapshotNow(ref: AnyActorRef): unknown {
  try {
    return ref.getSnapshot();
  } catch {
    return undefined;
  }
}

// A machine's logic, interpreted or compiled, has the configuration; other logic has none.
function configOf(ref: AnyActorRef): unknown {
  return fieldOf(fieldOf(ref, 'logic'), 'config');
}

function machineOf(ref: AnyActorRef): string | null {
  const config = configOf(ref);
  const id = fieldOf(config, 'id');
  return typeof id === 'string' && fieldOf(config, 'states') !== undefined ? id : null;
}
