// Owns telling text from binary and counting lines, over blocks of bytes. Must never decode: bytes are enough.

const NEWLINE = 0x0a;
const BINARY_PROBE_BYTES = 8_000;

/** Whether the start of a file says binary: a NUL within the first 8,000 bytes, which is git's own rule (xdiff-interface.c). */
export function looksBinary(start: Uint8Array): boolean {
  const nul = start.indexOf(0);
  return nul !== -1 && nul < BINARY_PROBE_BYTES;
}

/** Counts lines and blank lines over any number of blocks. A last line without a newline counts as a line. */
export class LineCounter {
  #lines = 0;
  #blank = 0;
  #lineHasBytes = false;
  #lineHasInk = false;

  add(block: Uint8Array): void {
    let lines = this.#lines;
    let blank = this.#blank;
    let hasBytes = this.#lineHasBytes;
    let hasInk = this.#lineHasInk;
    for (let index = 0; index < block.length; index += 1) {
      const byte = block[index];
      if (byte === NEWLINE) {
        lines += 1;
        if (!hasInk) blank += 1;
        hasBytes = false;
        hasInk = false;
      } else {
        hasBytes = true;
        // Space, tab, vertical tab, form feed and carriage return leave a line blank.
        if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09 && byte !== 0x0b && byte !== 0x0c) hasInk = true;
      }
    }
    this.#lines = lines;
    this.#blank = blank;
    this.#lineHasBytes = hasBytes;
    this.#lineHasInk = hasInk;
  }

  get lines(): number {
    return this.#lines + (this.#lineHasBytes ? 1 : 0);
  }

  get blank(): number {
    return this.#blank + (this.#lineHasBytes && !this.#lineHasInk ? 1 : 0);
  }
}
