// Owns the connection to a viewer elsewhere that speaks Stately's protocol: as a client of its WebSocket, with new attempts
// at growing distances, until it is there or has been away for too long.
//
// What happens before the viewer is there is kept up to a bound; beyond it everything is let go of, and the viewer is
// told of the actors that live by then, as after a connection that was lost.

import { WebSocket } from 'ws';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { messageOf } from '../domain/runtime-error.ts';
import type { StatelyFeed } from './stately-feed.ts';
import { feedSocket } from './stately-socket.ts';

export interface StatelyClientOptions {
  readonly timers: TimerService & Clock;
  /** Told once when it gives up. */
  readonly onWarning: (message: string) => void;
  /** A feed that begins anew for each connection need not be kept before there is one. */
  readonly keepsEarly: boolean;
  /** Tried so often in a row, default 10: about a minute. */
  readonly attempts?: number | undefined;
}

/** A connection that is there, or is being tried. */
export interface StatelyClient {
  /** Ends it; what was sent goes out first. Harmless when repeated. */
  close(): Promise<void>;
}

const DEFAULT_ATTEMPTS = 10;
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 10_000;
const HANDSHAKE_MS = 5_000;
/** How long closing waits for an attempt under way, and for the viewer to take the rest. */
const GOODBYE_MS = 1_000;
const MAX_EARLY_CHARACTERS = 8_000_000;
const MAX_INCOMING_BYTES = 1024 * 1024;

/** Begins to connect; never throws for a viewer that is not there. */
export function connectStately(url: string, feed: StatelyFeed, options: StatelyClientOptions): StatelyClient {
  const connection = new ViewerConnection(url, feed, options);
  connection.connect();
  return connection;
}

class ViewerConnection implements StatelyClient {
  readonly #url: string;
  readonly #feed: StatelyFeed;
  readonly #options: StatelyClientOptions;
  readonly #early: EarlyMessages | undefined;
  #socket: WebSocket | undefined;
  #stop: (() => void) | undefined;
  #failures = 0;
  /** What came of the latest attempt. */
  #fault: unknown = 'it did not answer';
  /** It was told whether anybody is there: one was, or it gave up. */
  #isSettled = false;
  #timer: TimerHandle | undefined;
  #closing: Promise<void> | undefined;

  constructor(url: string, feed: StatelyFeed, options: StatelyClientOptions) {
    this.#url = url;
    this.#feed = feed;
    this.#options = options;
    this.#early = options.keepsEarly ? new EarlyMessages(feed) : undefined;
  }

  connect(): void {
    const socket = new WebSocket(this.#url, {
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_INCOMING_BYTES,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('open', () => {
      this.#failures = 0;
      this.#isSettled = true;
      const early = this.#early?.take();
      this.#stop = feedSocket(socket, early ?? this.#feed);
    });
    socket.on('error', (error) => {
      this.#fault = error;
    });
    socket.on('close', () => {
      this.#stop = undefined;
      if (this.#closing === undefined) this.#again();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #again(): void {
    const { timers, onWarning, attempts = DEFAULT_ATTEMPTS } = this.#options;
    this.#failures++;
    if (this.#failures >= attempts) {
      this.#early?.end();
      if (!this.#isSettled) onWarning(this.#absence(`after ${attempts} attempts`));
      this.#isSettled = true;
      return;
    }
    const restMs = Math.min(FIRST_REST_MS * 2 ** (this.#failures - 1), LONGEST_REST_MS);
    this.#timer = timers.schedule(timers.now() + restMs, () => this.connect());
  }

  #absence(when: string): string {
    return `no viewer at ${this.#url} ${when} (${messageOf(this.#fault)}); start it first, the inspection needs it`;
  }

  async #close(): Promise<void> {
    const { timers, onWarning } = this.#options;
    if (this.#timer !== undefined) timers.cancel(this.#timer);
    const socket = this.#socket;
    if (socket !== undefined && socket.readyState !== WebSocket.CLOSED) {
      const timer = timers.schedule(timers.now() + GOODBYE_MS, () => socket.terminate());
      await this.#goodbye(socket);
      timers.cancel(timer);
    }
    this.#early?.end();
    if (!this.#isSettled) onWarning(this.#absence('by the end'));
  }

  #goodbye(socket: WebSocket): Promise<void> {
    return new Promise((resolve) => {
      socket.on('close', () => resolve());
      const leave = () => {
        this.#stop?.();
        socket.close();
      };
      // An attempt under way may still bring over what was kept.
      if (socket.readyState === WebSocket.CONNECTING) socket.on('open', leave);
      else leave();
    });
  }
}

/** What a feed gives before there is a connection, up to a bound. */
class EarlyMessages {
  #texts: string[] = [];
  #characters = 0;
  #forward: ((text: string) => void) | undefined;
  #stop: (() => void) | undefined;

  constructor(feed: StatelyFeed) {
    this.#stop = feed({
      send: (text) => {
        if (this.#forward === undefined) this.#keep(text);
        else this.#forward(text);
      },
      drained: () => Promise.resolve(),
    });
  }

  /** The feed from its begin, once; undefined when it was too much to be kept. */
  take(): StatelyFeed | undefined {
    const stop = this.#stop;
    if (stop === undefined) return undefined;
    this.#stop = undefined;
    return (sink) => {
      for (const text of this.#texts.splice(0)) sink.send(text);
      this.#forward = (text) => sink.send(text);
      return stop;
    };
  }

  end(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#texts = [];
  }

  #keep(text: string): void {
    this.#texts.push(text);
    this.#characters += text.length;
    if (this.#characters > MAX_EARLY_CHARACTERS) this.end();
  }
}
