// Owns one client's stream of server-sent events: the frames in their order, a sign of life, and what becomes of clients
// that do not read. To one that reads slowly only the newest is kept (pending-frames.ts); one that reads nothing for half
// a minute is cut off. At most one frame is in the socket's hands unread, besides at most one of each kind that waits.
// It never throws into the source that feeds it.

import type { Writable } from 'node:stream';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { type Frame, PendingFrames } from './pending-frames.ts';

export const HEARTBEAT_MS = 15_000;
/** For how long a client may read nothing while there is something to read. */
export const MOST_UNREAD_MS = 30_000;
/** A frame that is larger than this is a fault of its source: the stream ends rather than carry it. */
export const MOST_FRAME_BYTES = 32 * 1024 * 1024;
/** A comment: the client's parser throws it away. */
const HEARTBEAT = ': still here\n\n';

export interface EventStreamOptions {
  readonly timers: TimerService & Clock;
  /** Called once, when nothing can be written any more, for whatever reason. */
  readonly onClose: () => void;
  readonly onError: (error: unknown) => void;
}

export class EventStream {
  readonly #output: Writable;
  readonly #timers: TimerService & Clock;
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new PendingFrames();
  #state: 'waiting' | 'open' | 'closed' = 'waiting';
  /** Since when the client takes nothing; undefined while it does. */
  #unreadSinceMs: number | undefined;
  #heartbeat: TimerHandle | undefined;

  constructor(output: Writable, { timers, onClose, onError }: EventStreamOptions) {
    this.#output = output;
    this.#timers = timers;
    this.#onError = onError;
    output.on('error', () => this.#cut());
    output.on('drain', () => this.#goOn());
    output.on('close', () => {
      this.#close();
      onClose();
    });
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Begins with `open`, then what was put meanwhile. */
  open(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'open';
    this.#write(textOf('open', { now: this.#timers.now() }));
    this.#planHeartbeat();
    this.#goOn();
  }

  /** Sends a frame, now or when the client can take it. */
  put(frame: Frame): void {
    if (this.#state === 'closed') return;
    if (!this.#waiting.put(frame)) this.#cut();
    else if (this.#state === 'open' && this.#unreadSinceMs === undefined) this.#goOn();
  }

  /** Says farewell and ends. Harmless when repeated. */
  end(message: string): void {
    if (this.#state === 'closed') return;
    this.#close();
    this.#output.end(textOf('gone', { message }));
  }

  #goOn(): void {
    if (this.#state !== 'open') return;
    this.#unreadSinceMs = undefined;
    while (this.#unreadSinceMs === undefined && this.#state === 'open') {
      const frame = this.#waiting.take();
      if (frame === undefined) return;
      this.#send(frame);
    }
  }

  #send(frame: Frame): void {
    try {
      const text = textOf(frame.kind, frame.data);
      if (text.length <= MOST_FRAME_BYTES) this.#write(text);
      else throw new RangeError(`a frame of ${text.length} characters, '${frame.kind}', is too long to send`);
    } catch (error) {
      this.#onError(error);
      this.#cut();
    }
  }

  #write(text: string): void {
    if (!this.#output.write(text)) this.#unreadSinceMs ??= this.#timers.now();
  }

  #planHeartbeat(): void {
    this.#heartbeat = this.#timers.schedule(this.#timers.now() + HEARTBEAT_MS, () => {
      this.#beat();
      if (this.#state === 'open') this.#planHeartbeat();
    });
  }

  #beat(): void {
    if (this.#unreadSinceMs === undefined) this.#write(HEARTBEAT);
    else if (this.#timers.now() - this.#unreadSinceMs >= MOST_UNREAD_MS) this.#cut();
  }

  // What was written and not read will never be: nothing is to be gained by an orderly end.
  #cut(): void {
    this.#close();
    this.#output.destroy();
  }

  #close(): void {
    this.#state = 'closed';
    this.#waiting.clear();
    if (this.#heartbeat !== undefined) this.#timers.cancel(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}

// JSON has no line breaks of its own, so that each frame is one line of data.
function textOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
