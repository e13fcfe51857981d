// Owns the names of the ledger's words, for schedules that people read. Taken from the layout, so that new words have
// theirs by themselves.

import {
  Header,
  MAX_RESOURCES,
  OWNER_BASE,
  OWNER_WORDS,
  OwnerWord,
  RESOURCE_BASE,
  RESOURCE_WORDS,
  ResourceWord,
} from '../../../src/resources/ledger-layout.ts';

/** `WAKE`, `resource 0 USED`, `row 1 OWN[0]`. */
export function wordName(word: number): string {
  if (word >= OWNER_BASE) {
    const row = Math.floor((word - OWNER_BASE) / OWNER_WORDS);
    return `row ${row} ${nameIn(OwnerWord, (word - OWNER_BASE) % OWNER_WORDS, OWNER_WORDS)}`;
  }
  if (word >= RESOURCE_BASE) {
    const resource = Math.floor((word - RESOURCE_BASE) / RESOURCE_WORDS);
    return `resource ${resource} ${nameIn(ResourceWord, (word - RESOURCE_BASE) % RESOURCE_WORDS, RESOURCE_WORDS)}`;
  }
  return nameIn(Header, word, RESOURCE_BASE);
}

// The nearest named word at or before; words of a list are told by their place in it.
function nameIn(names: Readonly<Record<string, number>>, offset: number, end: number): string {
  let nearest = '?';
  let base = -1;
  for (const [name, at] of Object.entries(names)) {
    if (at > offset || at <= base) continue;
    nearest = name;
    base = at;
  }
  const next = Math.min(...Object.values(names).filter((at) => at > base), end);
  return next - base >= MAX_RESOURCES ? `${nearest}[${offset - base}]` : nearest;
}
