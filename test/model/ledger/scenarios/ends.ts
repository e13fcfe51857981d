// Owns what must be so at the end of a schedule, when everybody has given back or is dead and reclaimed.

import { OwnerWord, ownerBase, ResourceWord, resourceBase } from '../../../../src/resources/ledger-layout.ts';
import type { EndView } from '../scenario.ts';
import { ROWS } from './guard-host.ts';

/** No unit in use, no waiter counted, nothing in the rows: nothing leaked, nothing was given back twice. */
export function nothingLeft(resources: number): (view: EndView) => string | null {
  return (view) => {
    for (let index = 0; index < resources; index++) {
      const fault = unitsLeft(view, index, 0) ?? rowsLeft(view, index);
      if (fault !== null) return fault;
    }
    return null;
  };
}

/** `used` units in use and nobody waiting, the awaited bit gone. */
export function unitsLeft(view: EndView, index: number, used: number): string | null {
  const word = view.word(resourceBase(index) + ResourceWord.USED);
  if (word !== used) return `resource ${index}: USED is ${word} at the end, not ${used}`;
  const waiting = view.word(resourceBase(index) + ResourceWord.WAITING);
  return waiting === 0 ? null : `resource ${index}: ${waiting} still count as waiting`;
}

function rowsLeft(view: EndView, index: number): string | null {
  for (const slot of ROWS) {
    const base = ownerBase(slot);
    const held = (view.word(base + OwnerWord.OWN + index) + view.word(base + OwnerWord.GRANTED + index)) | 0;
    if (held !== 0) return `row ${slot} still holds ${held} units of resource ${index}`;
    const allocations = view.word(base + OwnerWord.ALLOCATIONS + index);
    if (allocations !== 0) return `row ${slot} still counts ${allocations} allocations of resource ${index}`;
  }
  return null;
}
