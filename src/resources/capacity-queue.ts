// Owns who gets capacity next among those who wait on the main thread. Takes from the ledger on their behalf.
//
// Rules
// 1. A waiter stands in the list of one resource that it lacks; nobody behind it (or of lower priority) gets that
//    resource before it. So on one resource a small request never overtakes a wide one, and order is FIFO.
// 2. What it does not lack, it does not hold: others may take it meanwhile. When its resource comes free and another
//    has been taken, it moves to that one's list, at the place its arrival gives it.
// 3. After MAX_MOVES such moves it becomes the reserver (one at a time): what it wants of every resource is then left
//    alone by all behind it, so that it cannot be passed for ever. A reserver that cannot be served (maintenance, capacity
//    below its amount) reserves nothing.
//    Nor does a waiter that wants more than a capacity that was lowered hold up anybody: it steps aside, out of the line,
//    and back to the place its arrival gives it when the capacity is raised again.
// 4. Strict priority: a steady stream of higher priority starves lower ones. That is what priority means here.
// 5. No lost wake-up: AWAITED is set before the try whose failure leads to waiting, and whoever leaves a list by whatever
//    way has the next one tried. Source for the cases: tokio's and JSR 166's semaphore tests.
// Must never await: all of it is synchronous, so there is no moment at which a grant belongs to nobody.

import type { CapacityLedger } from './capacity-ledger.ts';
import type { PreparedRequest } from './capacity-request.ts';
import { MAX_RESOURCES } from './ledger-layout.ts';
import { isAhead, WaitLists, type WaitNode } from './wait-lists.ts';

/** Someone who waits. */
export interface Waiter extends WaitNode {
  readonly request: PreparedRequest;
  /** Called once, right when the units have been taken for it. */
  readonly granted: () => void;
  /** How often it was found to lack another resource than before. */
  moves: number;
  /** Index of the resource that has less in all than it wants, while it stands aside; else -1. */
  asideAt: number;
}

/** How often a waiter may find another resource taken before all it wants is kept for it. */
const MAX_MOVES = 4;
const GRANTED = -1;

export class CapacityQueue {
  readonly #ledger: CapacityLedger;
  readonly #onAwaited: () => void;
  readonly #onServed: () => void;
  readonly #lists = new WaitLists<Waiter>();
  // Per resource, those who want more than it has in all; none where there are none.
  readonly #aside = new Map<number, Set<Waiter>>();
  // Waiters outside this queue (the dispatcher's tasks), per resource.
  readonly #marks = new Int32Array(MAX_RESOURCES);
  readonly #reserved = new Int32Array(MAX_RESOURCES);
  readonly #awaited = new Uint8Array(MAX_RESOURCES);
  // Scratch: both sorts of reservation together.
  readonly #kept = new Int32Array(MAX_RESOURCES);
  readonly #due: number[] = [];
  #reserver: Waiter | null = null;
  #serving = false;
  #sequence = 0;
  #awaitedCount = 0;

  /**
   * `onAwaited` is called before each try that counts on being woken: the moment to listen to other threads.
   * `onServed` is called when those outside this queue may find room or nobody ahead of them any more.
   */
  constructor(ledger: CapacityLedger, onAwaited: () => void, onServed: () => void) {
    this.#ledger = ledger;
    this.#onAwaited = onAwaited;
    this.#onServed = onServed;
  }

  /** Whether anybody waits for anything. */
  isAwaited(): boolean {
    return this.#awaitedCount > 0;
  }

  /** Takes at once or not at all, behind everyone who waits; of each resource `leave[index]` units stay free. */
  tryNow(request: PreparedRequest, leave: Int32Array | null = null): boolean {
    const { indices } = request;
    for (let i = 0; i < indices.length; i++) if (this.#lists.count(indices[i] ?? 0) > 0) return false;
    return this.#ledger.takeAll(indices, request.units, false, this.#keptWith(request, leave)) === 'granted';
  }

  /** Whether those outside this queue wait for any of it. */
  isMarked({ indices }: PreparedRequest): boolean {
    return indices.some((index) => (this.#marks[index] ?? 0) > 0);
  }

  /** What `tryNow` could take of a resource at this moment. */
  freeUnits(index: number): number {
    if (this.#lists.count(index) > 0 || !this.#ledger.isOpen(index) || this.#ledger.isClosed()) return 0;
    const kept = this.#reserver === null ? 0 : (this.#reserved[index] ?? 0);
    return this.#ledger.capacityUnits(index) - this.#ledger.usedUnits(index) - kept;
  }

  /** Whether a request can be granted some time as capacities and statuses are. */
  isServable({ indices, units }: PreparedRequest): boolean {
    return indices.every(
      (index, i) => this.#ledger.isOpen(index) && (units[i] ?? 0) <= this.#ledger.capacityUnits(index),
    );
  }

  /** A waiter that is in no list yet. */
  createWaiter(request: PreparedRequest, priority: number, granted: () => void): Waiter {
    this.#sequence += 1;
    const links = { parkedAt: -1, asideAt: -1, previous: null, next: null };
    return { request, priority, sequence: this.#sequence, granted, moves: 0, ...links };
  }

  /** Takes for a new waiter, or says that it has to wait. */
  tryFirst(waiter: Waiter): 'granted' | 'must-wait' {
    return this.#attempt(waiter) === GRANTED ? 'granted' : 'must-wait';
  }

  /** Lets a new waiter wait; it may be granted before this returns. */
  park(waiter: Waiter): void {
    const index = this.#attempt(waiter);
    if (index === GRANTED) {
      waiter.granted();
      return;
    }
    this.#insert(waiter, index);
    this.#refresh(index);
    this.serve(index);
  }

  /** Takes a waiter out that no longer wants to wait; whoever it held up is tried. */
  cancel(waiter: Waiter): void {
    const index = waiter.parkedAt;
    if (waiter.asideAt !== -1) this.#refresh(this.#stepBack(waiter));
    if (index === -1) return;
    this.#leave(waiter);
    this.serve(index);
  }

  /** Counts one more outside waiter on each resource; threads stand back from now on. */
  mark(request: PreparedRequest): void {
    for (const index of request.indices) {
      this.#marks[index] = (this.#marks[index] ?? 0) + 1;
      this.#refresh(index);
    }
  }

  unmark(request: PreparedRequest): void {
    for (const index of request.indices) {
      this.#marks[index] = Math.max(0, (this.#marks[index] ?? 0) - 1);
      this.#refresh(index);
    }
  }

  /** Gives what is free at a resource to those whose turn it is. */
  serve(index: number): void {
    this.#due.push(index);
    if (this.#serving) return;
    this.#serving = true;
    try {
      for (let due = this.#due.pop(); due !== undefined; due = this.#due.pop()) this.#serveOne(due);
    } finally {
      this.#serving = false;
      this.#due.length = 0;
    }
    this.#onServed();
  }

  /** Tries everybody whose turn it is, at every resource. */
  serveAll(): void {
    const count = this.#ledger.resourceCount();
    for (let index = 0; index < count; index++) if (this.#lists.count(index) > 0) this.serve(index);
  }

  /** To call when a capacity or a status has changed: whoever can be served now is, and nobody is held up by others. */
  changed(index: number): void {
    for (const waiter of this.#aside.get(index) ?? []) {
      if (this.#isTooLarge(waiter, index)) continue;
      this.#stepBack(waiter);
      this.#lists.insert(waiter, index);
    }
    this.#refresh(index);
    this.#suspend(index);
    // All: one that heads the line of another resource may be the one that can be served no more.
    this.serveAll();
    this.#onServed();
  }

  /** A resource gives less or nothing: a reserver that cannot be served any more must not hold up the others. */
  #suspend(index: number): void {
    const reserver = this.#reserver;
    const at = reserver?.request.indices.indexOf(index) ?? -1;
    if (reserver === null || at === -1) return;
    if (this.#ledger.isOpen(index) && (reserver.request.units[at] ?? 0) <= this.#ledger.capacityUnits(index)) return;
    this.#endReservation(reserver);
    reserver.moves = 0;
    for (const freed of reserver.request.indices) this.serve(freed);
  }

  #serveOne(index: number): void {
    if (this.#ledger.isClosed()) return;
    for (let head = this.#lists.head(index); head !== null; head = this.#lists.head(index)) {
      const lacking = this.#attempt(head);
      if (lacking === GRANTED) {
        this.#leave(head);
        head.granted();
      } else if (lacking === index && !this.#isTooLarge(head, index)) {
        return;
      } else {
        this.#move(head, lacking);
      }
    }
  }

  /** Takes for a waiter whose turn it is; else the index of a resource it has to wait at. */
  #attempt(waiter: Waiter): number {
    const { indices, units } = waiter.request;
    // First of all, so that one that no release can help waits where it holds up nobody.
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      if (!this.#ledger.isOpen(index) || (units[i] ?? 0) > this.#ledger.capacityUnits(index)) return index;
    }
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      const head = this.#lists.head(index);
      if (head !== null && head !== waiter && isAhead(head, waiter)) return index;
    }
    const reserver = this.#reserver;
    const reserved = reserver !== null && reserver !== waiter && isAhead(reserver, waiter) ? this.#reserved : null;
    const outcome = this.#ledger.takeAll(indices, units, false, reserved);
    return outcome === 'granted' ? GRANTED : this.#ledger.refusedIndex;
  }

  /** What a taker from outside must leave: what is kept for the reserver, and what it leaves by itself. */
  #keptWith({ indices }: PreparedRequest, leave: Int32Array | null): Int32Array | null {
    if (this.#reserver === null) return leave;
    if (leave === null) return this.#reserved;
    for (const index of indices) this.#kept[index] = (this.#reserved[index] ?? 0) + (leave[index] ?? 0);
    return this.#kept;
  }

  #move(waiter: Waiter, index: number): void {
    const from = waiter.parkedAt;
    this.#lists.remove(waiter);
    this.#refresh(from);
    this.#insert(waiter, index);
    // A thread may have given back between the failed try and AWAITED being set: try once more.
    if (this.#refresh(index) === 'newly-awaited') this.#due.push(index);
    if (waiter.asideAt !== -1 || !this.#ledger.isOpen(index)) return;
    waiter.moves += 1;
    if (waiter.moves >= MAX_MOVES) this.#reserveFor(waiter);
  }

  #insert(waiter: Waiter, index: number): void {
    if (!this.#isTooLarge(waiter, index)) {
      this.#lists.insert(waiter, index);
      return;
    }
    waiter.asideAt = index;
    const others = this.#aside.get(index);
    if (others === undefined) this.#aside.set(index, new Set([waiter]));
    else others.add(waiter);
  }

  /** Ends standing aside; gives where that was. */
  #stepBack(waiter: Waiter): number {
    const index = waiter.asideAt;
    const others = this.#aside.get(index);
    others?.delete(waiter);
    if (others?.size === 0) this.#aside.delete(index);
    waiter.asideAt = -1;
    return index;
  }

  #isTooLarge({ request }: Waiter, index: number): boolean {
    return (request.units[request.indices.indexOf(index)] ?? 0) > this.#ledger.capacityUnits(index);
  }

  #reserveFor(waiter: Waiter): void {
    if (this.#reserver !== null || waiter.parkedAt === -1) return;
    const { indices, units } = waiter.request;
    if (!this.isServable(waiter.request)) return;
    this.#reserver = waiter;
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      this.#reserved[index] = units[i] ?? 0;
      this.#refresh(index);
    }
    this.#due.push(waiter.parkedAt);
  }

  #endReservation(waiter: Waiter): void {
    this.#reserver = null;
    for (const index of waiter.request.indices) {
      this.#reserved[index] = 0;
      this.#refresh(index);
    }
  }

  #leave(waiter: Waiter): void {
    const index = waiter.parkedAt;
    this.#lists.remove(waiter);
    this.#refresh(index);
    if (this.#reserver !== waiter) return;
    this.#endReservation(waiter);
    for (const freed of waiter.request.indices) this.#due.push(freed);
  }

  /** Publishes whether a resource is awaited, and by how many. */
  #refresh(index: number): 'newly-awaited' | 'as-before' {
    const count = this.#lists.count(index) + (this.#marks[index] ?? 0);
    const awaited = count > 0 || (this.#reserved[index] ?? 0) > 0;
    const before = this.#awaited[index] === 1;
    this.#ledger.setWaiting(index, count + (this.#aside.get(index)?.size ?? 0), awaited);
    if (awaited === before) return 'as-before';
    this.#awaited[index] = awaited ? 1 : 0;
    this.#awaitedCount += awaited ? 1 : -1;
    if (!awaited) return 'as-before';
    this.#onAwaited();
    return 'newly-awaited';
  }
}
