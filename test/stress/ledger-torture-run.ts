// Owns one torture of the ledger: threads that take and give back at random, their deaths and replacements, what the main
// thread does meanwhile, samples at every turn, and now and then a census: everybody stands still, and every unit in use
// must belong to somebody. What is wrong is collected in words, never thrown away.

import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { AllocationId } from '../../src/domain/ids.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import { SeededRandom } from '../simulation/seeded-random.ts';
import { exitOf } from '../support/guarded-thread.ts';
import { BoardWord, createBoard, TORTURE_RESOURCES } from './ledger-torture-board.ts';
import { type Death, type Ending, TortureThread } from './ledger-torture-thread.ts';

const SAMPLER = new URL('./fixtures/torture-sampler.ts', import.meta.url);
const MAX_MAIN_HELD = 3;
const MAX_MAIN_WAITS = 4;
const PATIENCE_MS = 20_000;
/** Kills between two censuses. */
const CENSUS_EVERY = 12;
/** Turns for which a resource stays out of service. */
const MOODY_TURNS = 3;

export interface TortureOptions {
  readonly seed: number;
  readonly threads: number;
  readonly operations: number;
  readonly kills: number;
}

export class TortureRun {
  readonly faults: string[] = [];
  readonly deaths: Death[] = [];
  readonly guard: CapacityGuard;
  censuses = 0;
  mainOperations = 0;
  readonly #options: TortureOptions;
  readonly #random: SeededRandom;
  readonly #timers = new SystemTimers();
  readonly #board = createBoard();
  readonly #threads: TortureThread[] = [];
  readonly #sampler: Worker;
  readonly #mainHeld: { readonly id: string; readonly amounts: readonly number[] }[] = [];
  readonly #mainWaits = new Set<Promise<void>>();
  /** Units that came back for dead threads, by thread, as the events told. */
  readonly #reclaimed = new Map<number, number[]>();
  /** Deaths inside an operation whose units are still being found; judged together, since together they are found. */
  #unsettled: Death[] = [];
  #kills = 0;
  #issued = 0;
  #seeds = 0;

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.guard = new CapacityGuard({
      clock: this.#timers,
      timers: this.#timers,
      ids: { allocationId: () => `m-${++this.#issued}` as AllocationId },
      events: {
        wants: (type) => type === 'resource.released',
        emit: (_type, { resourceId }, { threadId, amount, reclaimed } = {}) => {
          if (reclaimed === true) this.#cameBack(Number(threadId), String(resourceId), Number(amount));
        },
      },
    });
    for (const { id, capacity } of TORTURE_RESOURCES) this.guard.register(id, 'custom', capacity);
    const workerData = { ledger: this.guard.ledger.buffer, board: this.#board.buffer };
    this.#sampler = new Worker(SAMPLER, { workerData });
    this.#sampler.on('error', (error) => this.faults.push(`the sampler failed: ${String(error)}`));
  }

  /** How often something happened. */
  count(word: BoardWord): number {
    return Atomics.load(this.#board, word);
  }

  /** Units that came back for all dead threads. */
  get reclaimedUnits(): number {
    return [...this.#reclaimed.values()].flat().reduce((sum, units) => sum + units, 0);
  }

  async run(): Promise<void> {
    const { operations, kills, threads } = this.#options;
    for (let slot = 0; slot < threads; slot++) this.#startThread();
    let nextKillAt = 0;
    let censusAt = CENSUS_EVERY;
    for (let turn = 0; this.count(BoardWord.OPERATIONS) < operations || this.#kills < kills; turn++) {
      if (this.faults.length > 0) return;
      this.#mainTurn(turn);
      const done = this.count(BoardWord.OPERATIONS);
      if (done >= nextKillAt && this.#kills < kills && this.#killOne()) {
        nextKillAt = done + (operations / kills) * this.#random.next();
      }
      if (this.#kills >= censusAt) {
        censusAt = this.#kills + CENSUS_EVERY;
        await this.#census();
      }
      await (this.#random.chance(0.3) ? delay(1) : nextTurn());
    }
    await this.#census();
    await this.#finish();
  }

  // --- threads

  #startThread(): void {
    this.#seeds += 1;
    const seed = this.#options.seed * 10_007 + this.#seeds;
    const onFault = (error: unknown) =>
      this.faults.push(`a thread failed: ${error instanceof Error ? error.stack : String(error)}`);
    const thread = new TortureThread(this.guard, this.#board.buffer, seed, onFault);
    this.#threads.push(thread);
    void thread.died.then((death) => {
      this.#threads.splice(this.#threads.indexOf(thread), 1);
      this.#bury(death);
    });
  }

  #killOne(): boolean {
    const living = this.#threads.filter(
      ({ ending, isReady }) => ending === null && (isReady || this.#random.chance(0.02)),
    );
    if (living.length === 0) return false;
    const ending = this.#random.pick<Ending>(['sealed', 'terminated', 'exit']);
    this.#random.pick(living).end(ending, this.#random.between(1, 60));
    this.#kills += 1;
    // At once: the new one starts while the old one still dies.
    this.#startThread();
    return true;
  }

  #cameBack(threadId: number, resourceId: string, units: number): void {
    const sums = this.#reclaimed.get(threadId) ?? TORTURE_RESOURCES.map(() => 0);
    const at = TORTURE_RESOURCES.findIndex(({ id }) => id === resourceId);
    sums[at] = (sums[at] ?? 0) + units;
    this.#reclaimed.set(threadId, sums);
  }

  #bury(death: Death): void {
    this.deaths.push(death);
    if (death.interrupted) {
      if (!death.bounds.isInside) this.faults.push(`thread ${death.threadId} died inside without being inside`);
      this.#unsettled.push(death);
    } else {
      this.#judgeOnce([death]);
      const came = this.#reclaimed.get(death.threadId) ?? TORTURE_RESOURCES.map(() => 0);
      if (String(came) !== String(death.row)) {
        this.faults.push(`thread ${death.threadId}: its row said ${death.row}, and ${came} came back`);
      }
    }
    this.#settle();
  }

  /** Judges those that died inside, once what they held has been found for all of them. */
  #settle(): boolean {
    if (this.#unsettled.some(({ threadId }) => this.guard.threadExited(threadId).pending)) return false;
    this.#judgeOnce(this.#unsettled.splice(0));
    return true;
  }

  /** What came back for these must be what they held, and a second look must bring nothing more. */
  #judgeOnce(dead: readonly Death[]): void {
    this.#judge(dead);
    for (const { threadId } of dead) {
      const { resources } = this.guard.threadExited(threadId);
      if (Object.keys(resources).length > 0) this.faults.push(`thread ${threadId} was given back for twice`);
    }
    this.#judge(dead);
  }

  #judge(dead: readonly Death[]): void {
    for (const [i, { id }] of TORTURE_RESOURCES.entries()) {
      const sum = (of: (death: Death) => number | undefined) => dead.reduce((all, death) => all + (of(death) ?? 0), 0);
      const came = sum(({ threadId }) => this.#reclaimed.get(threadId)?.[i]);
      const least = sum(({ bounds }) => bounds.least[i]);
      const most = sum(({ bounds }) => bounds.most[i]);
      if (came >= least && came <= most) continue;
      const who = dead.map(({ threadId, ending }) => `${threadId} (${ending})`).join(', ');
      this.faults.push(`${id}: ${came} came back for ${who}, who held ${least} to ${most}`);
    }
  }

  // --- the main thread

  #mainTurn(turn: number): void {
    this.#sample();
    const random = this.#random;
    const moody = turn % 40;
    if (moody === 0) this.guard.setStatus('moody', 'maintenance');
    if (moody === MOODY_TURNS) this.guard.setStatus('moody', 'available');
    if (random.chance(0.1)) this.guard.setCapacity('elastic', random.between(4, 10));
    for (let step = random.between(0, 3); step > 0; step--) this.#mainOperation();
    if (random.chance(0.05) && this.#threads.length > 0) random.pick(this.#threads).cancelWaits();
    this.#sample();
  }

  #mainOperation(): void {
    this.mainOperations += 1;
    const random = this.#random;
    const amounts: number[] = TORTURE_RESOURCES.map(() => (random.chance(0.4) ? random.between(1, 3) : 0));
    if (!amounts.some((amount) => amount > 0)) amounts[random.between(0, amounts.length - 1)] = 1;
    const request = Object.fromEntries(
      TORTURE_RESOURCES.map(({ id }, i) => [id, amounts[i] ?? 0]).filter(([, n]) => n !== 0),
    );
    const released = this.#mainHeld.length >= MAX_MAIN_HELD || random.chance(0.4) ? this.#mainHeld.shift() : undefined;
    if (released !== undefined) {
      this.guard.release(released.id);
    } else if (random.chance(0.7)) {
      const allocation = this.guard.allocateAll(request, 'main');
      if (allocation !== null) this.#mainHeld.push({ id: allocation.allocationId, amounts });
    } else if (this.#mainWaits.size < MAX_MAIN_WAITS) {
      const signal = AbortSignal.timeout(random.between(1, 4));
      const how = random.chance(0.5) ? { timeoutMs: random.next() * 4 } : { signal };
      const waiting = this.guard.acquire(request, how).then(
        ({ allocationId }) => void this.#mainHeld.push({ id: allocationId, amounts }),
        () => undefined,
      );
      this.#mainWaits.add(waiting);
      void waiting.then(() => this.#mainWaits.delete(waiting));
    }
  }

  #sample(): void {
    for (const { id, capacity } of TORTURE_RESOURCES) {
      const usage = this.guard.getUsage(id);
      const isOver = usage.current > capacity || usage.peak > capacity || usage.current < 0;
      // A capacity that was lowered below what is in use takes nothing away.
      const isLowered = id === 'elastic' && usage.current > usage.capacity && usage.available === 0;
      if (isOver || (usage.current + usage.available !== usage.capacity && !isLowered)) {
        this.faults.push(`${id} was seen at ${JSON.stringify(usage)}`);
      }
      Atomics.add(this.#board, BoardWord.SAMPLES, 1);
    }
  }

  // --- everybody stands still

  /** Every unit in use belongs to somebody, and nobody waits. */
  async #census(): Promise<void> {
    Atomics.store(this.#board, BoardWord.PAUSED, 1);
    this.guard.setStatus('moody', 'available');
    await this.#until('everybody to stand still', () => this.#threads.every(({ shadow }) => shadow.isParked));
    await Promise.all(this.#mainWaits);
    await this.#until('all deaths to be settled', () => this.#settle());
    for (const [i, { id }] of TORTURE_RESOURCES.entries()) {
      const inThreads = this.#threads.reduce((sum, { shadow }) => sum + (shadow.bounds().most[i] ?? 0), 0);
      const inMain = this.#mainHeld.reduce((sum, { amounts }) => sum + (amounts[i] ?? 0), 0);
      const { current, waiting } = this.guard.getUsage(id);
      if (current === inThreads + inMain && waiting === 0) continue;
      this.faults.push(
        `census ${this.censuses}: ${id} has ${current} in use and ${waiting} waiting; threads hold ${inThreads}, main ${inMain}`,
      );
    }
    this.censuses += 1;
    Atomics.store(this.#board, BoardWord.PAUSED, 0);
    Atomics.notify(this.#board, BoardWord.PAUSED);
  }

  async #finish(): Promise<void> {
    const exited = exitOf(this.#sampler);
    Atomics.store(this.#board, BoardWord.STOPPED, 1);
    Atomics.notify(this.#board, BoardWord.STOPPED);
    for (const thread of this.#threads) thread.ending ??= 'stopped';
    await this.#until('every thread to end', () => this.#threads.length === 0);
    await exited;
    await this.#until('the last deaths to be settled', () => this.#settle());
    await Promise.all(this.#mainWaits);
    for (const { id } of this.#mainHeld.splice(0)) this.guard.release(id);
    if (this.count(BoardWord.VIOLATIONS) > 0) {
      this.faults.push(`the sampler saw more in use than there is ${this.count(BoardWord.VIOLATIONS)} times`);
    }
  }

  /** Closes all, also after a failure. */
  async close(): Promise<void> {
    Atomics.store(this.#board, BoardWord.STOPPED, 1);
    Atomics.store(this.#board, BoardWord.PAUSED, 0);
    Atomics.notify(this.#board, BoardWord.PAUSED);
    for (const thread of [...this.#threads]) thread.end('terminated', 0);
    await Promise.all([...this.#threads].map(({ died }) => died));
    await this.#sampler.terminate();
    this.guard.close();
    this.#timers.close();
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      if (performance.now() > endMs) {
        const threads = this.#threads.map(({ threadId, ending, isReady, shadow }) =>
          [threadId, ending, isReady, shadow.isParked, JSON.stringify(shadow.bounds())].join(' '),
        );
        throw new Error(
          `waited in vain for ${what}; threads: ${threads.join(' | ')}; faults: ${this.faults.join('; ')}`,
        );
      }
      await delay(1);
    }
  }
}
