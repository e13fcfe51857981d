// Owns one life of a thread in the torture of the ledger, seen from the main thread: its start, its death in one of three
// ways, and what was given back for it against what its shadow and its row say that it held.

import { MessageChannel, Worker } from 'node:worker_threads';
import type { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import { OwnerRows } from '../../src/resources/owner-rows.ts';
import { ThreadCorrespondent } from '../../src/workers/thread-correspondent.ts';
import type { TortureThreadStart } from './fixtures/torture-thread.ts';
import { type HeldBounds, TORTURE_RESOURCES, TortureShadow } from './ledger-torture-board.ts';

const FIXTURE = new URL('./fixtures/torture-thread.ts', import.meta.url);
const ATTEMPT_KEY = 1;
/** A call of terminate() now and then has no effect on a thread that is just going to sleep: it is repeated. */
const REPEAT_MS = 50;

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
  readonly #worker: Worker;
  readonly #correspondent: ThreadCorrespondent;

  constructor(guard: CapacityGuard, board: SharedArrayBuffer, seed: number, onFault: (error: unknown) => void) {
    this.#guard = guard;
    const { port1, port2 } = new MessageChannel();
    const workerData: TortureThreadStart = {
      ledger: guard.ledger.buffer,
      board,
      shadow: this.shadow.words.buffer,
      home: port2,
      attemptKey: ATTEMPT_KEY,
      seed,
    };
    this.#worker = new Worker(FIXTURE, { workerData, transferList: [port2] });
    this.threadId = this.#worker.threadId;
    const host = {
      threadStarted: ignore,
      threadExited: ignore,
      threadsDied: ignore,
      sealThread: (threadId: number) => guard.sealThread(threadId),
      allocate: (...wanted: Parameters<CapacityGuard['acquireForThread']>) => guard.acquireForThread(...wanted),
    };
    this.#correspondent = new ThreadCorrespondent(this.threadId, port1, { sink: NOBODY, host });
    this.#correspondent.begin(ATTEMPT_KEY);
    this.#worker.on('message', () => {
      this.isReady = true;
    });
    this.#worker.on('error', onFault);
    // Not `once` of node:events, which rejects when the thread fails first.
    this.died = new Promise<unknown>((resolve) => this.#worker.once('exit', resolve)).then(() => this.#buried());
  }

  /** Ends it; `accesses`: for an exit by itself, how many accesses to shared words of the ledger from now. */
  end(ending: Ending, accesses: number): void {
    this.ending = ending;
    switch (ending) {
      case 'sealed':
        this.#sealAndTerminate();
        break;
      case 'terminated':
        this.#terminate();
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
    this.#correspondent.abandonAllocations(ATTEMPT_KEY);
  }

  /** Terminates it, whatever it was to do. */
  #terminate(): void {
    void this.#worker.terminate();
    const repeat = setInterval(() => void this.#worker.terminate(), REPEAT_MS);
    void this.died.finally(() => clearInterval(repeat));
  }

  #sealAndTerminate(): void {
    // Busy for well under a microsecond; a thread that is preempted inside needs its turn first.
    if (this.#guard.sealThread(this.threadId) === 'busy') setImmediate(() => this.#sealAndTerminate());
    else this.#terminate();
  }

  #buried(): Death {
    this.#correspondent.close();
    const held = new OwnerRows(this.#guard.ledger).holdingsOf(this.threadId);
    const row = TORTURE_RESOURCES.map((_, index) => held.get(index) ?? 0);
    const { interrupted, pending } = this.#guard.threadExited(this.threadId);
    const { threadId, shadow } = this;
    const ending = this.ending ?? 'stopped';
    return { threadId, ending, bounds: shadow.bounds(), row, interrupted, pending, operations: shadow.operations };
  }
}

function ignore(): void {}

const NOBODY = { settled: ignore, progress: ignore, log: ignore };
