// Owns capacity as plain counts, for a scheduler that works in virtual time with nobody else at the same resources.

import { invariant } from '../domain/runtime-error.ts';
import type { CapacityPort, CapacityRequest } from './ready-task.ts';

export class UnitCapacity implements CapacityPort<CapacityRequest> {
  readonly #capacities: ArrayLike<number>;
  readonly #free: Float64Array;

  /** Units by resource. */
  constructor(capacities: ArrayLike<number>) {
    this.#capacities = capacities;
    this.#free = Float64Array.from(capacities);
  }

  tryGrant({ indices, units }: CapacityRequest, leave: Int32Array | null): boolean {
    for (let place = 0; place < indices.length; place++) {
      const index = indices[place] ?? 0;
      if ((units[place] ?? 0) > this.freeUnits(index) - (leave?.[index] ?? 0)) return false;
    }
    for (let place = 0; place < indices.length; place++) this.#move(indices[place] ?? 0, -(units[place] ?? 0));
    return true;
  }

  giveBack({ indices, units }: CapacityRequest): void {
    for (let place = 0; place < indices.length; place++) this.#move(indices[place] ?? 0, units[place] ?? 0);
  }

  freeUnits(index: number): number {
    return this.#free[index] ?? 0;
  }

  isServable({ indices, units }: CapacityRequest): boolean {
    return indices.every((index, place) => (units[place] ?? 0) <= (this.#capacities[index] ?? 0));
  }

  /** Nobody else takes from these counts. */
  markWaiting(): void {}

  unmarkWaiting(): void {}

  #move(index: number, units: number): void {
    const free = this.freeUnits(index) + units;
    invariant(free >= 0 && free <= (this.#capacities[index] ?? 0), `resource ${index} would have ${free} units free`);
    this.#free[index] = free;
  }
}
