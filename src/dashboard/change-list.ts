// Owns the order in which rows of a table changed last: whoever saw version v is told each row that changed since, once,
// however often it did. That is what keeps frames small and nothing queued: memory follows the rows, never the changes.
//
//   newest ◀──▶ … ◀──▶ oldest        a row that changes again moves to the front, O(1)

const NONE = -1;

/** The version of a whole that several tables are part of. */
export class VersionCounter {
  value: number;

  constructor(first = 0) {
    this.value = first;
  }

  next(): number {
    return ++this.value;
  }
}

export class ChangeList {
  readonly #older: number[] = [];
  readonly #newer: number[] = [];
  readonly #versions: number[] = [];
  #newest = NONE;

  /** The row changed; versions never go down from call to call. */
  touch(row: number, version: number): void {
    while (this.#versions.length <= row) {
      this.#versions.push(0);
      this.#older.push(NONE);
      this.#newer.push(NONE);
    }
    if (this.#newest !== row) {
      if (this.#versions[row] !== 0) this.#unlink(row);
      this.#older[row] = this.#newest;
      this.#newer[row] = NONE;
      if (this.#newest !== NONE) this.#newer[this.#newest] = row;
      this.#newest = row;
    }
    this.#versions[row] = version;
  }

  /** When a row changed last; 0 = never. */
  versionOf(row: number): number {
    return this.#versions[row] ?? 0;
  }

  /** Rows that changed after a version, the latest first. The table must not change meanwhile. */
  *since(version: number): Generator<number> {
    for (let row = this.#newest; row !== NONE; row = this.#older[row] ?? NONE) {
      if ((this.#versions[row] ?? 0) <= version) return;
      yield row;
    }
  }

  #unlink(row: number): void {
    const older = this.#older[row] ?? NONE;
    const newer = this.#newer[row] ?? NONE;
    if (older !== NONE) this.#newer[older] = newer;
    if (newer !== NONE) this.#older[newer] = older;
  }
}
