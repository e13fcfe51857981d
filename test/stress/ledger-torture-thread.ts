// Owns one life of a thread in the torture of the ledger, seen from the main thread: its start, its death in one of three
// ways, and what was given back for it against what its shadow and its row say that it held.

import type { MessagePort } from 'node:worker_threads';
import type { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import { OwnerRows } from '../../src/resources/owner-rows.ts';
import { ATTEMPT_KEY, GuardedThread } from '../support/guarded-thread.ts';
import type { TortureThreadStart } from './fixtures/torture-thread.ts';
import { type HeldBounds, TORTURE_RESOURCES, TortureShadow } from './ledger-torture-board.ts';

const FIXTURE = new URL('./fixtures/torture-thread.ts', import.meta.url);

/** How a thread ends: sealed before, as the pool does; at any instruction; by itself inside the ledger; asked to. */
export type Ending = 'sealed' | 'terminated' | 'exit' | 'stopped';

/** What is known of a dead thread. */
export interface Death {
  readonly threadId: number;
  readonly ending: Ending;
  readonly bounds: HeldBounds;
  /** What its row of the ledger said, by resource in the order of TORTURE_RESOURCES. */
  readonly row: readonly number[];
  readonly interrupted: boolean;
  readonly pending: boolean;
  readonly operations: number;
}

export class TortureThread {
  readonly shadow = new TortureShadow();
  readonly threadId: number;
  readonly died: Promise<Death>;
  isReady = false;
  ending: Ending | null = null;
  readonly #guard: CapacityGuard;
  readonly #thread: GuardedThread;

  constructor(guard: CapacityGuard, board: SharedArrayBuffer, seed: number, onFault: (error: unknown) => void) {
    this.#guard = guard;
    const start = (home: MessagePort): TortureThreadStart => ({
      ledger: guard.ledger.buffer,
      board,
      shadow: this.shadow.words.buffer,
      home,
      attemptKey: ATTEMPT_KEY,
      seed,
    });
    this.#thread = new GuardedThread(guard, FIXTURE, start);
    this.threadId = this.#thread.threadId;
    this.#thread.worker.on('message', () => {
      this.isReady = true;
    });
    this.#thread.worker.on('error', onFault);
    this.died = this.#thread.exited.then(() => this.#buried());
  }

  /** Ends it; `accesses`: for an exit by itself, how many accesses to shared words of the ledger from now. */
  end(ending: Ending, accesses: number): void {
    this.ending = ending;
    switch (ending) {
      case 'sealed':
        void this.#thread.sealAndTerminate();
        break;
      case 'terminated':
        this.#thread.terminate();
        break;
      case 'exit':
        this.shadow.orderExit(accesses);
        break;
      case 'stopped':
        break;
    }
  }

  /** Takes back whatever the thread waits for. */
  cancelWaits(): void {
    this.#thread.correspondent.abandonAllocations(ATTEMPT_KEY);
  }

  #buried(): Death {
    this.#thread.correspondent.close();
    const held = new OwnerRows(this.#guard.ledger).holdingsOf(this.threadId);
    const row = TORTURE_RESOURCES.map((_, index) => held.get(index) ?? 0);
    const { interrupted, pending } = this.#guard.threadExited(this.threadId);
    const { threadId, shadow } = this;
    const ending = this.ending ?? 'stopped';
    return { threadId, ending, bounds: shadow.bounds(), row, interrupted, pending, operations: shadow.operations };
  }
}
