// Owns the bodies that benches run on threads, the same code under the engine and under bare Piscina.
// Work is a fixed number of steps with a checksum, not a stretch of time: a body that spins until a clock says so would
// look finished in time on a thread that hardly got a core.

/** Nothing but a proof that it ran: gives its index back. */
export function noop({ index }: { readonly index: number }): number {
  return index;
}

/** Mixes a word `steps` times (xorshift32 of G. Marsaglia, 2003) and gives it back; one step takes about a nanosecond. */
export function mix({ steps }: { readonly steps: number }): number {
  let word = 0x9e3779b9;
  for (let step = 0; step < steps; step++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
  }
  return word >>> 0;
}
