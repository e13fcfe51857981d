// Owns how scenarios write amounts: a list of units by resource, of the resources `r0`, `r1`, …

import type { ModelContext } from '../model-context.ts';

export type Units = readonly number[];

export function requestOf(units: Units): Record<string, number> {
  return Object.fromEntries(units.flatMap((amount, index) => (amount > 0 ? [[`r${index}`, amount]] : [])));
}

/** States that the thread now holds these units, or none of them any more. */
export function believe(context: ModelContext, units: Units, held: boolean): void {
  for (const [index, amount] of units.entries()) context.holds(index, held ? amount : 0);
}
