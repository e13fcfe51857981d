// Owns writing to stdout and stderr: the two may be a terminal, a pipe whose reader leaves, or a full disk, and task
// bodies may print to them at any time. A reader that went away must never end in a stack trace, and what a task prints
// must never break the view or the JSON lines.

/** One of the process's output streams, as far as the shell uses it. */
export interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly writableLength?: number;
}

/** Errors of a stream whose other end is gone: a closed pipe, a closed terminal. */
const GONE_CODES: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/** A stream that swallows the end of its reader and can be taken over from everybody else. */
export class ShellStream {
  readonly #stream: OutputStream;
  readonly #write: (text: string) => boolean;
  #gone = false;
  #fault: NodeJS.ErrnoException | undefined;
  #onGone: (() => void) | undefined;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    this.#write = stream.write.bind(stream);
    stream.on('error', (error: NodeJS.ErrnoException) => this.#lost(error));
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  get columns(): number {
    return this.#stream.columns ?? 80;
  }

  get rows(): number {
    return this.#stream.rows ?? 24;
  }

  /** What was written and not taken yet, in bytes. */
  get unreadBytes(): number {
    return this.#stream.writableLength ?? 0;
  }

  /** Why writing failed, where that is no reader that left: a full disk, say. */
  get fault(): NodeJS.ErrnoException | undefined {
    return this.#fault;
  }

  /** Calls back once when nobody reads any more; at most one callback is kept. */
  onGone(callback: () => void): void {
    this.#onGone = callback;
    if (this.#gone) callback();
  }

  write(text: string): void {
    if (this.#gone) return;
    try {
      this.#write(text);
    } catch (error) {
      this.#lost(error instanceof Error ? error : new Error(String(error)));
    }
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** What others write from now on goes to `onText` instead, until the returned function is called. */
  capture(onText: (text: string) => void): () => void {
    const stream = this.#stream;
    const original = stream.write;
    const decoder = new TextDecoder();
    const replacement = (
      chunk: string | Uint8Array,
      encodingOrDone?: BufferEncoding | ((error?: Error | null) => void),
      done?: (error?: Error | null) => void,
    ): boolean => {
      onText(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
      const callback = typeof encodingOrDone === 'function' ? encodingOrDone : done;
      if (callback !== undefined) process.nextTick(callback);
      return true;
    };
    stream.write = replacement;
    return () => {
      if (stream.write === replacement) stream.write = original;
    };
  }

  #lost(error: NodeJS.ErrnoException): void {
    if (this.#gone) return;
    this.#gone = true;
    if (!GONE_CODES.has(error.code ?? '')) this.#fault = error;
    this.#onGone?.();
  }
}
