// Owns the words of Stately's inspector, version 0.7.2 of @statelyai/inspect: entries of a trace in, its messages out.
//
// The definition goes with every actor, not with the first of its machine alone: a message names no machine by which a
// viewer could look it up, and that of an actor without one shows nothing but its name. Its text is made once a machine.
//
// It must never hold anything of an actor that has ended.

import type { Snapshot } from 'xstate';
import { assertNever } from '../domain/runtime-error.ts';
import type { TraceEntry, TraceSnapshot } from './trace-entries.ts';

/** Whose messages these are. */
export const STATELY_VERSION = '0.7.2';
/** Events of one actor that have led to no snapshot yet; the oldest are forgotten beyond it. */
const MAX_PENDING = 100;

interface StatelyBase {
  readonly rootId: string;
  readonly sessionId: string;
  /** Epoch milliseconds. */
  readonly createdAt: string;
  readonly id: string;
  readonly _version: string;
}

export interface StatelyActorMessage extends StatelyBase {
  readonly type: '@xstate.actor';
  readonly name: string;
  readonly snapshot: StatelySnapshot;
  /** JSON. */
  readonly definition: string;
  readonly parentId: string | undefined;
}

export interface StatelyEventMessage extends StatelyBase {
  readonly type: '@xstate.event';
  readonly event: StatelyEvent;
  readonly sourceId: string | undefined;
}

export interface StatelySnapshotMessage extends StatelyBase {
  readonly type: '@xstate.snapshot';
  readonly event: StatelyEvent;
  readonly snapshot: StatelySnapshot;
}

export type StatelyMessage = StatelyActorMessage | StatelyEventMessage | StatelySnapshotMessage;

interface StatelyEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** As XState's own: what runs no machine has no value and no context. */
type StatelySnapshot = Snapshot<unknown> & { readonly value?: unknown; readonly context?: unknown };

interface LiveActor {
  readonly rootId: string;
  readonly hasMachine: boolean;
  readonly pending: StatelyEvent[];
}

/** Turns the entries of one trace, from its begin on, into messages. */
export class StatelyProtocol {
  readonly #startedAtMs: number;
  readonly #definitions = new Map<string, string>();
  readonly #actors = new Map<string, LiveActor>();

  /** `startedAtMs`: epoch milliseconds at which the entries' `t` was 0. */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** The message that an entry is; undefined for one of which Stately has no word. */
  message(entry: TraceEntry): StatelyMessage | undefined {
    switch (entry.kind) {
      case 'definition':
        this.#definitions.set(entry.machine, JSON.stringify(entry.definition));
        return undefined;
      case 'actor':
        return this.#actor(entry);
      case 'event':
        return this.#event(entry);
      case 'snapshot':
        return this.#snapshot(entry);
      case 'end':
        this.#actors.delete(entry.actor);
        return undefined;
      default:
        return undefined;
    }
  }

  #actor(entry: Extract<TraceEntry, { kind: 'actor' }>): StatelyActorMessage {
    const { id, parent, machine, name, task } = entry;
    const rootId = parent === null ? id : (this.#actors.get(parent)?.rootId ?? parent);
    const actor: LiveActor = { rootId, hasMachine: machine !== null, pending: [] };
    this.#actors.set(id, actor);
    const definition = machine === null ? undefined : this.#definitions.get(machine);
    return {
      type: '@xstate.actor',
      // The task's own name says more than its number.
      name: task ?? name,
      sessionId: id,
      rootId,
      parentId: parent ?? undefined,
      definition: definition ?? JSON.stringify({ id: machine ?? name }),
      snapshot: snapshotOf(entry.snapshot, actor.hasMachine),
      ...this.#stamp(entry),
    };
  }

  #event(entry: Extract<TraceEntry, { kind: 'event' }>): StatelyEventMessage {
    const actor = this.#actors.get(entry.actor);
    if (actor !== undefined) {
      actor.pending.push(entry.event);
      if (actor.pending.length > MAX_PENDING) actor.pending.shift();
    }
    return {
      type: '@xstate.event',
      event: entry.event,
      sourceId: entry.source ?? undefined,
      sessionId: entry.actor,
      rootId: actor?.rootId ?? entry.actor,
      ...this.#stamp(entry),
    };
  }

  #snapshot(entry: Extract<TraceEntry, { kind: 'snapshot' }>): StatelySnapshotMessage {
    const actor = this.#actors.get(entry.actor);
    // The entry has the type alone; the event itself was told before.
    const index = actor?.pending.findIndex(({ type }) => type === entry.event) ?? -1;
    const event = index < 0 ? undefined : actor?.pending.splice(index, 1)[0];
    return {
      type: '@xstate.snapshot',
      event: event ?? { type: entry.event },
      snapshot: snapshotOf(entry.snapshot, actor?.hasMachine ?? true),
      sessionId: entry.actor,
      rootId: actor?.rootId ?? entry.actor,
      ...this.#stamp(entry),
    };
  }

  #stamp({ seq, t }: { readonly seq: number; readonly t: number }) {
    return { id: String(seq), createdAt: String(Math.round(this.#startedAtMs + t)), _version: STATELY_VERSION };
  }
}

function snapshotOf({ status, value, context, output, error }: TraceSnapshot, hasMachine: boolean): StatelySnapshot {
  const state = hasMachine ? { value, context } : {};
  switch (status) {
    case 'done':
      return { ...state, status, output, error: undefined };
    case 'error':
      return { ...state, status, output: undefined, error };
    case 'active':
    case 'stopped':
      return { ...state, status, output: undefined, error: undefined };
    default:
      return assertNever(status);
  }
}
