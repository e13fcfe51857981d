// Checks the wait-for graph: what is a deadlock and what is not, the ring it names, and the reduction against every order
// in which small systems could come to their end.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deadlockedParties,
  findDeadlock,
  type PartyWait,
  type WaitingParty,
} from '../../src/resources/wait-for-graph.ts';

const A = 0;
const B = 1;
const C = 2;
let arrivals = 0;

function wait(units: Readonly<Record<number, number>>, rest: Partial<PartyWait> = {}): PartyWait {
  const indices = Object.keys(units).map(Number);
  return { indices, units: Object.values(units), sequence: ++arrivals, priority: 2, line: -1, ...rest };
}

function party(holds: Readonly<Record<number, number>>, ...waits: PartyWait[]): WaitingParty {
  const held = new Map(Object.entries(holds).map(([index, units]) => [Number(index), units]));
  return { holds: held, waits, canBeRefused: true };
}

const one = (): number => 1;

describe('the graph', () => {
  it('finds two that took in different orders, and names the ring from the one that closed it', () => {
    const parties = [party({ [A]: 1 }, wait({ [B]: 1 })), party({ [B]: 1 }, wait({ [A]: 1 }))];
    expect(findDeadlock(parties, one)).toMatchObject({
      parties: [0, 1],
      ring: [
        { party: 1, resource: A, because: 'holds' },
        { party: 0, resource: B, because: 'holds' },
      ],
      latest: { party: 1 },
    });
  });

  it('finds a ring of three, and leaves those out of it that merely wait behind it', () => {
    const parties = [
      party({ [A]: 1 }, wait({ [B]: 1 })),
      party({ [B]: 1 }, wait({ [C]: 1 })),
      party({ [C]: 1 }, wait({ [A]: 1 })),
      party({}, wait({ [A]: 1 })),
    ];
    const found = findDeadlock(parties, one);
    expect(found?.parties).toEqual([0, 1, 2, 3]);
    expect(found?.latest.party).toBe(2);
    expect(found?.ring.map(({ party: place, resource }) => [place, resource])).toEqual([
      [2, A],
      [0, B],
      [1, C],
    ]);
  });

  it('finds one that waits for what it holds itself', () => {
    const parties = [party({ [A]: 3 }, wait({ [A]: 2 }))];
    expect(findDeadlock(parties, () => 4)).toMatchObject({ parties: [0], ring: [{ party: 0, resource: A }] });
  });

  it('sees no deadlock in a ring over resources of several units while one of them can be met', () => {
    const ring = [party({ [A]: 1 }, wait({ [B]: 1 })), party({ [B]: 1 }, wait({ [A]: 1 }))];
    expect(findDeadlock(ring, () => 2)).toBeNull();
    // The third unit of A is with somebody who waits for nothing: he is assumed to end.
    expect(findDeadlock(ring, (index) => (index === A ? 2 : 1))).toBeNull();
  });

  it('takes a wait of several for met when one of them can be', () => {
    const both = party({ [A]: 1 }, wait({ [B]: 1 }), wait({ [C]: 1 }));
    expect(findDeadlock([both, party({ [B]: 1 }, wait({ [A]: 1 }))], one)).toBeNull();
    const stuck = [both, party({ [B]: 1 }, wait({ [A]: 1 })), party({ [C]: 1 }, wait({ [A]: 1 }))];
    expect(findDeadlock(stuck, one)?.parties).toEqual([0, 1, 2]);
  });

  it('leaves what a quota gives back, and what is more than there is in all, to time and people', () => {
    const parties = [party({ [A]: 1 }, wait({ [B]: 1 })), party({ [B]: 1 }, wait({ [A]: 1 }))];
    expect(findDeadlock(parties, (index) => (index === A ? Number.POSITIVE_INFINITY : 1))).toBeNull();
    expect(findDeadlock(parties, (index) => (index === A ? 0 : 1))).toBeNull();
  });

  it('counts standing in line: a small request behind a wide one waits for those whom the wide one waits for', () => {
    const holder = party({ [A]: 1 }, wait({ [B]: 1 }));
    const wide = party({}, wait({ [A]: 2 }, { line: A }));
    const small = party({ [B]: 1 }, wait({ [A]: 1 }, { line: A }));
    const capacity = (index: number): number => (index === A ? 2 : 1);
    expect(findDeadlock([holder, wide, small], capacity)).toMatchObject({
      parties: [0, 1, 2],
      ring: [
        { party: 2, resource: A, because: 'ahead' },
        { party: 1, resource: A, because: 'holds' },
        { party: 0, resource: B, because: 'holds' },
      ],
    });
    // In front of the wide one it gets the unit that is free.
    const early = { ...small, waits: [wait({ [A]: 1 }, { line: A, priority: 1 })] };
    expect(findDeadlock([holder, wide, early], capacity)).toBeNull();
  });

  it('names one that may be refused, though another closed the ring', () => {
    const holder = party({ [A]: 1 }, wait({ [B]: 1 }));
    const small = party({ [B]: 1 }, wait({ [A]: 1 }, { line: A }));
    const outsider = { ...party({}, wait({ [A]: 2 }, { line: A, priority: 0 })), canBeRefused: false };
    const found = findDeadlock([holder, small, outsider], (index) => (index === A ? 2 : 1));
    expect(found?.latest.party).toBe(1);
  });
});

// --- against all orders

const units = fc.integer({ min: 0, max: 3 });
const row = fc.tuple(units, units, units);
const systems = fc.record({
  capacity: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  parties: fc.array(fc.record({ holds: row, waits: fc.array(row, { minLength: 1, maxLength: 2 }) }), { maxLength: 5 }),
});

/** Who comes to an end in some order, found by going through all of them. */
function savedInSomeOrder(
  capacity: readonly number[],
  parties: readonly { readonly holds: readonly number[]; readonly waits: readonly (readonly number[])[] }[],
): Set<number> {
  const saved = new Set<number>();
  const visited = new Set<number>();
  const visit = (ended: number): void => {
    if (visited.has(ended)) return;
    visited.add(ended);
    const free = capacity.map((all, index) =>
      parties.reduce((left, { holds }, place) => left - ((ended >> place) & 1 ? 0 : (holds[index] ?? 0)), all),
    );
    for (const [place, { waits }] of parties.entries()) {
      if ((ended >> place) & 1) continue;
      if (!waits.some((needs) => needs.every((needed, index) => needed <= (free[index] ?? 0)))) continue;
      saved.add(place);
      visit(ended | (1 << place));
    }
  };
  visit(0);
  return saved;
}

describe('the reduction', () => {
  it('leaves exactly those whom no order of ends can save', () => {
    let deadlocks = 0;
    fc.assert(
      fc.property(systems, ({ capacity, parties }) => {
        // What can be asked for and held at once at all.
        fc.pre(capacity.every((all, index) => parties.reduce((sum, { holds }) => sum + (holds[index] ?? 0), 0) <= all));
        fc.pre(parties.every(({ waits }) => waits.flat().length > 0));
        fc.pre(parties.every(({ waits }) => waits.every((needs) => needs.every((n, i) => n <= (capacity[i] ?? 0)))));
        const given = parties.map(({ holds, waits }) =>
          party({ ...holds }, ...waits.map((needs) => wait({ ...needs }))),
        );
        const capacityOf = (index: number): number => capacity[index] ?? 0;
        const saved = savedInSomeOrder(capacity, parties);
        const stuck = [...parties.keys()].filter((place) => !saved.has(place));
        expect(deadlockedParties(given, capacityOf)).toEqual(stuck);
        const found = findDeadlock(given, capacityOf);
        expect(found?.parties ?? []).toEqual(stuck);
        if (found === null) return;
        deadlocks++;
        expect(found.ring.map(({ party: place }) => place)).toContain(found.latest.party);
        for (const [at, { party: place, resource }] of found.ring.entries()) {
          const next = found.ring[(at + 1) % found.ring.length]?.party ?? -1;
          expect(parties[place]?.waits.some((needs) => (needs[resource] ?? 0) > 0)).toBe(true);
          expect(parties[next]?.holds[resource]).toBeGreaterThan(0);
          expect(stuck).toContain(next);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(deadlocks).toBeGreaterThan(50);
  });
});
