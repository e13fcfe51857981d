// Owns the wait-for graph over parties (task bodies) and resources, and what follows from it: who can never go on, and
// the ring that holds them. Pure: a function of one moment, given as plain data; it takes, refuses and tells nothing.
//
//   party ──waits for──▶ resource ──held by──▶ party          resources have many units, a party may hold and await several
//
// Graph reduction: a party whose wait fits into what is free, or would be if all parties outside came to their end, can
// finish and give back what it holds; what is left when nobody more can is deadlocked. For resources of many units a ring
// alone proves nothing (R. Holt, "Some deadlock properties of computer systems", Computing Surveys 4(3), 1972; E. Coffman,
// M. Elphick, A. Shoshani, "System deadlocks", Computing Surveys 3(2), 1971).
//
// It never takes a wait for hopeless that may yet be met: parties that wait for nothing are assumed to end, one with
// several waits needs only one of them, and what a quota or an operator can still give counts as given.

/** Units by resource index; a resource that is not named counts as 0. */
export type UnitRow = ReadonlyMap<number, number>;

/** A request that has not been granted. */
export interface PartyWait {
  readonly indices: readonly number[];
  readonly units: readonly number[];
  /** Place in time: a later wait has a higher number. */
  readonly sequence: number;
  /** Lower goes first, whatever the sequence. */
  readonly priority: number;
  /** The resource in whose line it stands; nobody behind it gets that resource before it. -1 = it stands in none. */
  readonly line: number;
}

/** Somebody who waits, with what he holds meanwhile. */
export interface WaitingParty {
  readonly holds: UnitRow;
  /** At least one; a party with several can go on when one of them is granted. */
  readonly waits: readonly PartyWait[];
  /** Whether one of its waits may be refused to save the others; some party of every ring must be such a one. */
  readonly canBeRefused: boolean;
}

/** A party waits for a resource because of the next party of a ring. */
export interface RingLink {
  /** Its place in the list of parties. */
  readonly party: number;
  readonly resource: number;
  /** `holds`: the next party has units of it; `ahead`: the next party stands before it in line. */
  readonly because: 'holds' | 'ahead';
}

/** Parties that can never go on as things stand, and one ring among them. */
export interface DeadlockFound {
  /** Places in the list of parties, ascending. */
  readonly parties: readonly number[];
  /** Each link's next party is the party of the following link; the last one's is the first. */
  readonly ring: readonly RingLink[];
  /** The wait that closed the ring: the latest one that may be refused of a party in any ring. */
  readonly latest: { readonly party: number; readonly wait: PartyWait };
}

/**
 * The parties that no order of ends can save; `capacity` gives the units of a resource in all, Infinity for one whose
 * units come back by themselves.
 */
export function deadlockedParties(parties: readonly WaitingParty[], capacity: (index: number) => number): number[] {
  return [...new Reduction(parties, capacity).stuck];
}

/** The first deadlock, by its latest wait; null when everybody can still finish. */
export function findDeadlock(
  parties: readonly WaitingParty[],
  capacity: (index: number) => number,
): DeadlockFound | null {
  const reduction = new Reduction(parties, capacity);
  if (reduction.stuck.size === 0) return null;
  for (const { party, wait } of latestFirst(parties, reduction.stuck)) {
    const ring = reduction.ringFrom(party);
    if (ring !== null) return { parties: [...reduction.stuck], ring, latest: { party, wait } };
  }
  return null;
}

class Reduction {
  readonly #parties: readonly WaitingParty[];
  readonly #capacity: (index: number) => number;
  /** What is free when all that can finish have finished. */
  readonly #free = new Map<number, number>();
  /** By resource the waits that keep its line until they are granted: those in it that ask for nothing else, in order. */
  readonly #lines = new Map<number, { readonly party: number; readonly wait: PartyWait }[]>();
  /** Those who cannot, ascending. */
  readonly stuck: ReadonlySet<number>;

  constructor(parties: readonly WaitingParty[], capacity: (index: number) => number) {
    this.#parties = parties;
    this.#capacity = capacity;
    for (const { holds } of parties) for (const [index, units] of holds) this.#change(index, -units);
    this.#line();
    const left = new Set(parties.keys());
    for (let moved = true; moved; ) {
      moved = false;
      for (const party of left) {
        const { waits = [], holds = new Map<number, number>() } = parties[party] ?? {};
        if (!waits.some((wait) => this.#obstacles(party, wait, left).next().done === true)) continue;
        left.delete(party);
        for (const [index, units] of holds) this.#change(index, units);
        moved = true;
      }
    }
    this.stuck = left;
  }

  /** The shortest ring through a party, by breadth-first search; null when it is in none. */
  ringFrom(start: number): RingLink[] | null {
    const cameBy = new Map<number, RingLink>();
    const queue = [start];
    for (let at = 0; at < queue.length; at++) {
      const party = queue[at] ?? start;
      for (const { next, link } of this.#edges(party)) {
        if (next === start) return this.#path(start, link, cameBy);
        if (cameBy.has(next)) continue;
        cameBy.set(next, link);
        queue.push(next);
      }
    }
    return null;
  }

  #path(start: number, last: RingLink, cameBy: ReadonlyMap<number, RingLink>): RingLink[] {
    const ring = [last];
    for (let party = last.party; party !== start; ) {
      const link = cameBy.get(party);
      if (link === undefined) break;
      ring.unshift(link);
      party = link.party;
    }
    return ring;
  }

  *#edges(party: number): Generator<{ readonly next: number; readonly link: RingLink }> {
    for (const wait of this.#parties[party]?.waits ?? []) {
      for (const { resource, ahead } of this.#obstacles(party, wait, this.stuck)) {
        if (ahead !== null) {
          yield { next: ahead, link: { party, resource, because: 'ahead' } };
          continue;
        }
        for (const next of this.stuck) {
          const held = this.#parties[next]?.holds.get(resource) ?? 0;
          if (held > 0) yield { next, link: { party, resource, because: 'holds' } };
        }
      }
    }
  }

  /** What keeps a wait from being granted while only those who are not `left` have given back; nothing = it can be. */
  *#obstacles(
    party: number,
    wait: PartyWait,
    left: ReadonlySet<number>,
  ): Generator<{ readonly resource: number; readonly ahead: number | null }> {
    const { indices, units } = wait;
    for (let i = 0; i < indices.length; i++) {
      const resource = indices[i] ?? 0;
      const needs = units[i] ?? 0;
      // More than there is in all is short of capacity, which can be raised, not of somebody's end.
      if (needs > this.#freeOf(resource) && needs <= this.#capacity(resource)) yield { resource, ahead: null };
      for (const other of this.#lines.get(resource) ?? []) {
        if (!isAhead(other.wait, wait)) break;
        if (other.party !== party && left.has(other.party)) yield { resource, ahead: other.party };
      }
    }
  }

  // One that asks for several resources may leave this line for another's: those behind it are not stuck because of it.
  #line(): void {
    for (const [party, { waits }] of this.#parties.entries()) {
      for (const wait of waits) {
        if (wait.line < 0 || wait.indices.length !== 1) continue;
        const line = this.#lines.get(wait.line);
        if (line === undefined) this.#lines.set(wait.line, [{ party, wait }]);
        else line.push({ party, wait });
      }
    }
    for (const line of this.#lines.values()) line.sort((a, b) => (isAhead(a.wait, b.wait) ? -1 : 1));
  }

  #freeOf(index: number): number {
    return this.#capacity(index) + (this.#free.get(index) ?? 0);
  }

  #change(index: number, units: number): void {
    this.#free.set(index, (this.#free.get(index) ?? 0) + units);
  }
}

function isAhead(a: PartyWait, b: PartyWait): boolean {
  return a.priority === b.priority ? a.sequence < b.sequence : a.priority < b.priority;
}

function latestFirst(parties: readonly WaitingParty[], stuck: ReadonlySet<number>) {
  const candidates = [...stuck].filter((party) => parties[party]?.canBeRefused === true);
  const waits = candidates.flatMap((party) => (parties[party]?.waits ?? []).map((wait) => ({ party, wait })));
  return waits.sort((a, b) => b.wait.sequence - a.wait.sequence);
}
