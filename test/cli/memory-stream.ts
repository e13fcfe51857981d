// Owns an output stream that keeps what is written, for tests of views.

import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** A real stream that remembers; as a terminal where columns are given. */
export class MemoryStream extends Writable {
  written = '';
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows = 20;

  constructor(columns?: number) {
    super({ decodeStrings: false });
    this.isTTY = columns !== undefined;
    this.columns = columns ?? 80;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.written += chunk.toString();
    done();
  }

  /** Without escape sequences. */
  get text(): string {
    return stripVTControlCharacters(this.written);
  }

  get lines(): string[] {
    return this.text.trimEnd().split('\n');
  }
}
