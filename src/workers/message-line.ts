// Owns one end of the port between the main thread and a pool thread, as comlink needs it, plus what comlink lacks:
// it counts messages and can deliver waiting ones at once. Two ports have no order between them, so the main thread
// uses the count to hear everything an attempt said before it hears that it ended; and a thread whose event loop is
// blocked between tasks uses it to take in the answers that pile up.

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Endpoint } from 'comlink';

type Listener = (event: { readonly data: unknown }) => void;

export class MessageLine {
  readonly #port: MessagePort;
  readonly #listeners = new Map<unknown, Listener>();
  readonly #onAside: (message: unknown) => boolean;
  #sent = 0;
  #received = 0;
  /** What comlink's `expose` or `wrap` is given. */
  readonly endpoint: Endpoint;

  /** `onAside` takes messages that were posted with `postAside` and says whether a message was one. */
  constructor(port: MessagePort, onAside: (message: unknown) => boolean = () => false) {
    this.#port = port;
    this.#onAside = onAside;
    this.endpoint = {
      postMessage: (message: unknown) => {
        this.#port.postMessage(message);
        this.#sent += 1;
      },
      addEventListener: (_type: string, listener: unknown) => {
        if (isListener(listener)) this.#listeners.set(listener, listener);
      },
      removeEventListener: (_type: string, listener: unknown) => {
        this.#listeners.delete(listener);
      },
    };
    port.on('message', (message: unknown) => this.#deliver(message));
    // Listening must not keep the process alive; running attempts do that.
    port.unref();
  }

  /** Messages posted from this end. */
  get sent(): number {
    return this.#sent;
  }

  /** Messages delivered at this end. */
  get received(): number {
    return this.#received;
  }

  /** Posts a message that is no answer and no call: it is not counted, and comlink does not see it. */
  postAside(message: unknown): void {
    this.#port.postMessage(message);
  }

  /** Delivers at once what has arrived. */
  drain(): void {
    for (let entry = receiveMessageOnPort(this.#port); entry !== undefined; entry = receiveMessageOnPort(this.#port)) {
      this.#deliver(entry.message);
    }
  }

  close(): void {
    this.#listeners.clear();
    this.#port.close();
  }

  #deliver(data: unknown): void {
    if (this.#onAside(data)) return;
    this.#received += 1;
    for (const listener of this.#listeners.values()) listener({ data });
  }
}

function isListener(value: unknown): value is Listener {
  return typeof value === 'function';
}
