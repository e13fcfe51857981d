// Owns capacity for the scheduler's tests: plain numbers that complain about any grant, release or mark that does not
// add up, and that may change while they are in use. It knows nothing of waiting: who waits is the scheduler's.

import type { CapacityPort, CapacityRequest } from '../../src/scheduling/ready-task.ts';

export type AmountRequest = CapacityRequest;

/** A request from pairs of resource number and amount. */
export function requestOf(...pairs: readonly (readonly [number, number])[]): AmountRequest {
  const sorted = [...pairs].sort((a, b) => a[0] - b[0]);
  return { indices: sorted.map(([index]) => index), units: sorted.map(([, amount]) => amount) };
}

export class MemoryCapacity implements CapacityPort<AmountRequest> {
  /** Negative where capacity was taken away from under those that use it. */
  readonly free: number[];
  readonly total: number[];
  readonly #closed = new Set<number>();
  /** Grants not given back, by request. */
  readonly #granted = new Map<AmountRequest, number>();
  readonly #marks = new Map<AmountRequest, number>();
  tries = 0;

  constructor(total: readonly number[]) {
    this.total = [...total];
    this.free = [...total];
  }

  fits(request: AmountRequest | null): boolean {
    return request === null || request.indices.every((index, i) => this.freeUnits(index) >= (request.units[i] ?? 0));
  }

  tryGrant(request: AmountRequest, leave: Int32Array | null = null): boolean {
    this.tries++;
    if (!this.fits(request)) return false;
    for (const [i, index] of request.indices.entries()) {
      if (this.freeUnits(index) - (request.units[i] ?? 0) < (leave?.[index] ?? 0)) return false;
    }
    this.#move(request, -1);
    this.#granted.set(request, (this.#granted.get(request) ?? 0) + 1);
    return true;
  }

  freeUnits(index: number): number {
    return this.#closed.has(index) ? 0 : (this.free[index] ?? 0);
  }

  isServable(request: AmountRequest): boolean {
    return request.indices.every(
      (index, i) => !this.#closed.has(index) && (this.total[index] ?? 0) >= (request.units[i] ?? 0),
    );
  }

  giveBack(request: AmountRequest): void {
    const grants = this.#granted.get(request) ?? 0;
    if (grants === 0) throw new Error(`given back without a grant: ${JSON.stringify(request)}`);
    this.#granted.set(request, grants - 1);
    this.#move(request, 1);
  }

  /** A live change of capacity; what is in use stays in use. */
  resize(index: number, total: number): void {
    this.free[index] = (this.free[index] ?? 0) + total - (this.total[index] ?? 0);
    this.total[index] = total;
  }

  /** Takes a resource out of service, or puts it back: what is in use stays in use. */
  setClosed(index: number, isClosed: boolean): void {
    if (isClosed) this.#closed.add(index);
    else this.#closed.delete(index);
  }

  markWaiting(request: AmountRequest): void {
    this.#marks.set(request, (this.#marks.get(request) ?? 0) + 1);
  }

  unmarkWaiting(request: AmountRequest): void {
    const marks = this.#marks.get(request) ?? 0;
    if (marks === 0) throw new Error(`unmarked without a mark: ${JSON.stringify(request)}`);
    this.#marks.set(request, marks - 1);
  }

  /** Grants of one request not given back. */
  heldBy(request: AmountRequest): number {
    return this.#granted.get(request) ?? 0;
  }

  /** Grants not given back. */
  get held(): number {
    return sum(this.#granted.values());
  }

  get marked(): number {
    return sum(this.#marks.values());
  }

  #move(request: AmountRequest, sign: 1 | -1): void {
    for (const [i, index] of request.indices.entries()) {
      const free = (this.free[index] ?? 0) + sign * (request.units[i] ?? 0);
      if ((sign < 0 && free < 0) || free > (this.total[index] ?? 0)) {
        throw new Error(`resource ${index} would have ${free} free`);
      }
      this.free[index] = free;
    }
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
