// Owns how rows of a column are grouped by a small key (tasks by level or cell, edges by task): a counting sort, linear.

/** Rows by key, in order within each: key k has `rows[offsets[k] … offsets[k + 1]]`. */
export interface Grouping {
  readonly offsets: Uint32Array;
  readonly rows: Uint32Array;
}

/** Groups rows by their keys, all of them below `count`. */
export function groupedBy(keys: Uint32Array, count: number): Grouping {
  const offsets = new Uint32Array(count + 1);
  for (const key of keys) offsets[key + 1] = (offsets[key + 1] ?? 0) + 1;
  for (let key = 0; key < count; key++) offsets[key + 1] = (offsets[key + 1] ?? 0) + (offsets[key] ?? 0);
  const next = offsets.slice();
  const rows = new Uint32Array(keys.length);
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] ?? 0;
    const place = next[key] ?? 0;
    rows[place] = row;
    next[key] = place + 1;
  }
  return { offsets, rows };
}
