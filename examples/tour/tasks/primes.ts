// Task module of the tour: counts primes on a thread, the slow way.

import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';

/** How many primes there are from `from` up to, but not including, `to`. */
export function count({ from, to }: JsonObject, context: TaskContext): JsonObject {
  const first = Number(from);
  const end = Number(to);
  let primes = 0;
  for (let n = Math.max(2, first); n < end; n++) {
    if (n % 20_000 === 0) context.progress((n - first) / (end - first), `at ${n}`);
    if (isPrime(n)) primes++;
  }
  return { from: first, to: end, primes };
}

/** Adds up the counts of several ranges. */
export function sum({ counts }: JsonObject): JsonObject {
  const ranges = Array.isArray(counts) ? counts : [];
  const primes = ranges.reduce<number>((total, range) => total + Number(Reflect.get(Object(range), 'primes')), 0);
  return { ranges: ranges.length, primes };
}

/** Never ends and never looks at its signal: only the end of its thread stops it. */
export function forever(): never {
  for (;;) {
    // Nothing to do.
  }
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}
