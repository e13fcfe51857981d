// Owns "did you mean": the known name that is closest to one that was not found.
// Must never cost more than its budget: an input with a hundred thousand wrong names is reported all the same.

/** Comparisons that one NearNames makes at most; after that it suggests nothing. */
const MAX_COMPARISONS = 200_000;
/** Longer names are not compared. */
const MAX_LENGTH = 64;

/** Looks for near names among known ones, within one budget for all questions. */
export class NearNames {
  readonly #known: Iterable<string>;
  #comparisonsLeft = MAX_COMPARISONS;

  constructor(known: Iterable<string>) {
    this.#known = known;
  }

  /** The closest known name, or undefined where none is close; the first of equally close ones. */
  nearest(wanted: string): string | undefined {
    if (wanted.length > MAX_LENGTH) return undefined;
    const folded = wanted.toLowerCase();
    // A third of the letters may differ: the measure of compilers' spelling hints.
    let limit = Math.max(1, Math.floor(wanted.length / 3));
    let best: string | undefined;
    for (const name of this.#known) {
      if (this.#comparisonsLeft <= 0) return best;
      this.#comparisonsLeft--;
      if (name === '' || name.length > MAX_LENGTH || Math.abs(name.length - wanted.length) > limit) continue;
      const distance = editDistance(folded, name.toLowerCase(), limit);
      // One letter replaced by another is a different name, not a misspelt one.
      if (distance > limit || distance >= Math.max(name.length, wanted.length)) continue;
      best = name;
      limit = distance - 1;
      if (limit < 0) return best;
    }
    return best;
  }
}

/** ` did you mean "x"?`, or an empty string. */
export function suggestion(near: string | undefined): string {
  return near === undefined ? '' : ` (did you mean ${quoteName(near)}?)`;
}

/** A name for a message: quoted, on one line, cut where it is very long. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length <= 80 ? name : `${name.slice(0, 80)}…`);
}

/**
 * Insertions, deletions, replacements and swaps of neighbours between two texts; above `limit` some number above it.
 * Optimal string alignment, R. Wagner and M. Fischer, J. ACM 21(1), 1974, with the swap of Damerau 1964.
 */
function editDistance(from: string, to: string, limit: number): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    let smallest = row;
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(cost);
      smallest = Math.min(smallest, cost);
    }
    if (smallest > limit) return smallest;
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}
