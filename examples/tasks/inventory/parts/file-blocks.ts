// Owns reading file content in bounded pieces, so that a file of any size costs a few megabytes of memory and the
// reader can be cancelled between pieces. Must never follow a symlink that took a file's place after the scan.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { InventoryError } from './inventory-error.ts';

/** Bytes of a block; also the largest window that the compressors use. */
export const BLOCK_BYTES = 4 * 1024 * 1024;

/** An open regular file, read by position. Close it, or hold it with `using`. */
export class FileBlocks implements Disposable {
  /** Size when it was opened. */
  readonly size: number;
  readonly #descriptor: number;
  readonly #path: string;

  /** @throws InventoryError FILE_REPLACED when it is no regular file any more; system errors as they are. */
  constructor(root: string, path: string) {
    this.#path = path;
    this.#descriptor = openSync(
      join(root, path),
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
    const stats = fstatSync(this.#descriptor);
    if (!stats.isFile()) {
      this[Symbol.dispose]();
      throw new InventoryError('FILE_REPLACED', `'${path}' is no regular file any more`);
    }
    this.size = stats.size;
  }

  get blockCount(): number {
    return Math.ceil(this.size / BLOCK_BYTES);
  }

  /**
   * The bytes of block `index`: a view of `scratch`, valid until the next read.
   * @throws InventoryError FILE_CHANGED when the file has become shorter.
   */
  read(index: number, scratch: Uint8Array): Uint8Array {
    const position = index * BLOCK_BYTES;
    const wanted = Math.min(BLOCK_BYTES, scratch.length, this.size - position);
    let filled = 0;
    while (filled < wanted) {
      const count = readSync(this.#descriptor, scratch, filled, wanted - filled, position + filled);
      if (count === 0) throw new InventoryError('FILE_CHANGED', `'${this.#path}' became shorter while it was read`);
      filled += count;
    }
    return scratch.subarray(0, wanted);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

/** A buffer for `FileBlocks.read`, one a task. */
export function createScratch(): Uint8Array {
  return new Uint8Array(BLOCK_BYTES);
}
