// Owns chance: an order that looks like one, and that its seed alone decides.

/** Fisher and Yates' shuffle in place, with the linear congruential generator of Numerical Recipes. */
export function shuffle(list: unknown[], seed: number): void {
  let state = seed >>> 0;
  for (let last = list.length - 1; last > 0; last--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    [list[last], list[other]] = [list[other], list[last]];
  }
}
