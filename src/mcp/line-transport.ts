// Owns the wire of stdio: one JSON-RPC message a line, in and out. A line that is no message is answered and passed over, a
// line that is too long is refused without being kept, and a reader that left ends the connection in good order. From a
// client that does not read its answers nothing more is taken until it does: what waits for it stays within bounds.
// Nothing but messages is ever written.

import type { Readable, Writable } from 'node:stream';
import { type JSONRPCMessage, parseJSONRPCMessage, type RequestId, type Transport } from '@modelcontextprotocol/server';
import { messageOf } from '../domain/runtime-error.ts';

/** Bytes of a line; a message that is longer is refused. */
export const LONGEST_LINE_BYTES = 8 * 1024 * 1024;
/** Bytes that the client has not read; above, nothing is taken from it and it gets no news. Answers are never dropped. */
export const MOST_UNREAD_BYTES = 16 * 1024 * 1024;
const NEW_LINE = 0x0a;
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
/** Characters of a fault that are told. */
const LONGEST_FAULT = 500;

export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** Told when the other side will send no more; the connection is open until `close`. */
  onend?: () => void;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #unanswered = new Set<RequestId>();
  #chunks: Buffer[] = [];
  #length = 0;
  /** Within a line that is too long already. */
  #isSkipping = false;
  #isClosed = false;
  #hasEnded = false;
  #whenAnswered: (() => void) | undefined;

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
  }

  start(): Promise<void> {
    this.#input.on('data', this.#onData);
    this.#input.on('end', this.#onEnd);
    this.#input.on('close', this.#onEnd);
    this.#input.on('error', this.#onEnd);
    this.#output.on('error', this.#onLost);
    this.#output.on('drain', this.#onDrain);
    if (this.#input.readableEnded || this.#input.destroyed) queueMicrotask(this.#onEnd);
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (!('method' in message) && message.id !== undefined) this.#answered(message.id);
    if (this.#isBehind && 'method' in message && !('id' in message)) return Promise.resolve();
    return this.#write(message);
  }

  /** Resolves when no request is without an answer. */
  whenAnswered(): Promise<void> {
    if (this.#unanswered.size === 0 || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenAnswered = resolve;
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#input.off('data', this.#onData);
    this.#input.pause();
    this.#chunks = [];
    this.#whenAnswered?.();
    this.onclose?.();
  }

  get #isBehind(): boolean {
    return this.#output.writableLength > MOST_UNREAD_BYTES;
  }

  readonly #onData = (chunk: Buffer): void => {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEW_LINE, start);
      if (end === -1) break;
      this.#keep(chunk.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  };

  readonly #onEnd = (): void => {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#length > 0) this.#endLine();
    this.onend?.();
  };

  readonly #onDrain = (): void => {
    if (!this.#isClosed) this.#input.resume();
  };

  // Nobody reads any more: whatever is still asked for, its answer reaches no one.
  readonly #onLost = (error: Error): void => {
    this.onerror?.(error);
    void this.close();
    this.#onEnd();
  };

  #keep(part: Buffer): void {
    if (this.#isSkipping || part.length === 0) return;
    this.#length += part.length;
    if (this.#length > LONGEST_LINE_BYTES) {
      this.#isSkipping = true;
      this.#chunks = [];
      this.#refuse(
        INVALID_REQUEST,
        `a message of more than ${LONGEST_LINE_BYTES} bytes is not taken; send less at once`,
      );
    } else this.#chunks.push(part);
  }

  #endLine(): void {
    const line = Buffer.concat(this.#chunks).toString('utf8').trim();
    this.#chunks = [];
    this.#length = 0;
    if (this.#isSkipping) {
      this.#isSkipping = false;
      return;
    }
    if (line !== '') this.#take(line);
  }

  #take(line: string): void {
    let content: unknown;
    try {
      content = JSON.parse(line);
    } catch (error) {
      this.#refuse(PARSE_ERROR, `a line is no JSON: ${messageOf(error)}`);
      return;
    }
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(content);
    } catch {
      this.#refuse(INVALID_REQUEST, 'a line is no JSON-RPC 2.0 request, notification or response', idOf(content));
      return;
    }
    if ('method' in message && 'id' in message) this.#unanswered.add(message.id);
    else if ('method' in message && message.method === 'notifications/cancelled') this.#takenBack(message.params);
    this.onmessage?.(message);
  }

  #answered(id: RequestId): void {
    this.#unanswered.delete(id);
    if (this.#unanswered.size > 0) return;
    this.#whenAnswered?.();
    this.#whenAnswered = undefined;
  }

  // A request that was taken back may stay without an answer for ever.
  #takenBack(params: unknown): void {
    if (typeof params !== 'object' || params === null || !('requestId' in params)) return;
    const { requestId } = params;
    if (typeof requestId === 'string' || typeof requestId === 'number') this.#answered(requestId);
  }

  // The protocol's own type knows no error without an id, JSON-RPC does: null, where none could be read.
  #refuse(code: number, message: string, id: RequestId | null = null): void {
    this.onerror?.(new Error(message));
    void this.#write({ jsonrpc: '2.0', id, error: { code, message: message.slice(0, LONGEST_FAULT) } }).catch(() => {});
  }

  #write(message: object): Promise<void> {
    if (this.#isClosed || this.#output.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      // An error is told to the stream's own listener too.
      this.#output.write(`${JSON.stringify(message)}\n`, () => resolve());
      if (this.#isBehind) this.#input.pause();
    });
  }
}

function idOf(content: unknown): RequestId | null {
  if (typeof content !== 'object' || content === null || !('id' in content)) return null;
  return typeof content.id === 'string' || typeof content.id === 'number' ? content.id : null;
}
