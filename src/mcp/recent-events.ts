// Owns what a session may have missed: its newest messages, so that a client whose stream broke goes on after the last one
// it saw. Bounded in number and size: what is older is gone, and a client that was away for longer asks anew.

import type { EventId, EventStore, JSONRPCMessage, StreamId } from '@modelcontextprotocol/server';
import { RuntimeError } from '../domain/runtime-error.ts';

const MOST_EVENTS = 500;
/** Characters of all kept messages as JSON. */
const MOST_CHARACTERS = 1024 * 1024;

interface KeptEvent {
  readonly id: EventId;
  readonly streamId: StreamId;
  readonly message: JSONRPCMessage;
  readonly characters: number;
}

/** The newest messages of one session. */
export class RecentEvents implements EventStore {
  readonly #events = new Map<EventId, KeptEvent>();
  #characters = 0;
  #next = 1;

  storeEvent(streamId: StreamId, message: JSONRPCMessage): Promise<EventId> {
    const id = `${this.#next++}`;
    const characters = JSON.stringify(message).length;
    this.#events.set(id, { id, streamId, message, characters });
    this.#characters += characters;
    for (const oldest of this.#events.values()) {
      const isFull = this.#events.size > MOST_EVENTS || this.#characters > MOST_CHARACTERS;
      if (!isFull || oldest.id === id) break;
      this.#events.delete(oldest.id);
      this.#characters -= oldest.characters;
    }
    return Promise.resolve(id);
  }

  getStreamIdForEventId(eventId: EventId): Promise<StreamId | undefined> {
    return Promise.resolve(this.#events.get(eventId)?.streamId);
  }

  async replayEventsAfter(
    lastEventId: EventId,
    { send }: { send: (eventId: EventId, message: JSONRPCMessage) => Promise<void> },
  ): Promise<StreamId> {
    const last = this.#events.get(lastEventId);
    if (last === undefined) {
      throw new RuntimeError('ARGUMENT_INVALID', 'the last event seen is not kept any more; ask anew');
    }
    let isAfter = false;
    for (const { id, streamId, message } of [...this.#events.values()]) {
      // What opens a stream has an id and no content.
      if (isAfter && streamId === last.streamId && 'jsonrpc' in message) await send(id, message);
      isAfter ||= id === lastEventId;
    }
    return last.streamId;
  }
}
