// Owns how many tasks are under way with each concurrency key, and the lines of those that wait for a place under one.
// A key is forgotten when nobody has or wants it: keys may be made of run parameters, without end.

import type { CapacityRequest, ConcurrencyClaim } from './ready-task.ts';
import { WaitLine } from './wait-line.ts';

export class ConcurrencyCounts<Request extends CapacityRequest> {
  readonly #counts = new Map<string, number>();
  readonly #lines = new Map<string, WaitLine<Request>>();

  count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Whether one more task with this claim may start; each claim has a limit of its own on the same count. */
  hasRoom(claim: ConcurrencyClaim | null): boolean {
    return claim === null || this.count(claim.key) < claim.limit;
  }

  enter(key: string): void {
    this.#counts.set(key, this.count(key) + 1);
  }

  /** One task less; gives the line of those who wait for its place. */
  leave(key: string): WaitLine<Request> | undefined {
    const count = this.count(key) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
    return this.#lines.get(key);
  }

  lineOf(key: string): WaitLine<Request> {
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new WaitLine(-1, key);
      this.#lines.set(key, line);
    }
    return line;
  }

  /** Lets go of a line in which nobody waits, and from which nobody was let to try. */
  tidy(line: WaitLine<Request>): void {
    if (line.length === 0 && line.promised === 0 && line.key !== null) this.#lines.delete(line.key);
  }
}
