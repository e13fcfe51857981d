// Owns the threads' faces of the resource adapter: each actor is a real worker thread (resource-thread.ts) whose calls home
// are answered as in the pool, by a ThreadCorrespondent; one more thread, which never waits, looks at usage.

import { MessageChannel, Worker } from 'node:worker_threads';
import { deserializeError } from '../../src/domain/serialized-error.ts';
import { TaskPriority } from '../../src/domain/statuses.ts';
import type { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import type { ThreadReclaim } from '../../src/resources/thread-grants.ts';
import { ThreadCorrespondent } from '../../src/workers/thread-correspondent.ts';
import type { ThreadHost } from '../../src/workers/thread-host.ts';
import type { CapacityWitness } from './capacity-witness.ts';
import {
  ACTOR_ATTEMPT_KEY,
  type Amount,
  type CommandReply,
  type Cycle,
  type CycleReport,
  type ResourceCommand,
  type ResourceThreadStart,
  type ThreadWaiting,
  type UsageNumbers,
} from './resource-commands.ts';
import {
  type AcquireSettings,
  type Death,
  nextTurn,
  type Reclaimed,
  type ResourceActor,
  ResourceAdapter,
  type ResourceFace,
} from './resource-face.ts';

const TERMINATE_AGAIN_MS = 50;
const FIXTURE = new URL('./resource-thread.ts', import.meta.url);

export class ThreadFace extends ResourceAdapter {
  readonly face: ResourceFace;
  readonly #waiting: ThreadWaiting;
  #observer: Promise<ThreadActor> | null = null;

  constructor(waiting: ThreadWaiting) {
    super();
    this.#waiting = waiting;
    this.face = waiting === 'blocking' ? 'thread-blocking' : 'thread';
  }

  async usage(id: string): Promise<UsageNumbers> {
    return (await this.#observing()).usage(id);
  }

  async giveUnbooked(id: string, amount: number): Promise<string> {
    return (await this.#observing()).giveUnbooked(id, amount);
  }

  protected async createActor(name: string): Promise<ThreadActor> {
    const actor = new ThreadActor(name, this.#waiting, this.guard, this.witness);
    await actor.ready;
    return actor;
  }

  protected async echo(): Promise<void> {
    await (await this.#observing()).releaseAll();
  }

  override async killAll(): Promise<void> {
    await super.killAll();
    await (await this.#observer)?.kill('terminated');
    this.#observer = null;
  }

  #observing(): Promise<ThreadActor> {
    this.#observer ??= this.createActor('observer');
    return this.#observer;
  }
}

class ThreadActor implements ResourceActor {
  readonly name: string;
  /** Resolves when the thread has its row in the ledger. */
  readonly ready: Promise<unknown>;
  readonly #guard: CapacityGuard;
  readonly #worker: Worker;
  readonly #threadId: number;
  readonly #correspondent: ThreadCorrespondent;
  readonly #replies = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #exited: Promise<ThreadReclaim>;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #priority: TaskPriority = TaskPriority.NORMAL;
  #number = 0;

  constructor(name: string, waiting: ThreadWaiting, guard: CapacityGuard, witness: CapacityWitness) {
    this.name = name;
    this.#guard = guard;
    const { port1, port2 } = new MessageChannel();
    const workerData: ResourceThreadStart = {
      name,
      waiting,
      ledger: guard.ledger.buffer,
      witness: witness.buffer,
      cancelled: this.#cancelled.buffer,
      home: port2,
    };
    this.#worker = new Worker(FIXTURE, { workerData, transferList: [port2] });
    this.#threadId = this.#worker.threadId;
    this.#correspondent = new ThreadCorrespondent(this.#threadId, port1, { sink: NOBODY, host: this.#host() });
    this.#correspondent.begin(ACTOR_ATTEMPT_KEY);
    this.ready = this.#expect(0);
    this.#worker.on('message', (reply: CommandReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    // Not `once` of node:events, which rejects when the thread fails first.
    this.#exited = new Promise<unknown>((resolve) => this.#worker.once('exit', resolve)).then(() => this.#ended());
  }

  tryAcquire(amounts: readonly Amount[]): Promise<string | null> {
    return this.#ask<string | null>({ kind: 'try', amounts });
  }

  async acquire(amounts: readonly Amount[], settings: AcquireSettings = {}): Promise<string> {
    const { timeout, signal, priority } = settings;
    this.#priority = priority ?? TaskPriority.NORMAL;
    // The attempt of this thread is what a signal cancels; it is taken up again for the next command.
    const onAbort = () => this.#cancel(true);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#ask<string>({ kind: 'acquire', amounts, timeout: timeout ?? null });
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (signal?.aborted === true) this.#cancel(false);
    }
  }

  release(allocationId: string): Promise<void> {
    return this.#ask<void>({ kind: 'release', allocationId });
  }

  releaseAll(): Promise<number> {
    return this.#ask<number>({ kind: 'release-all' });
  }

  cycle(cycle: Cycle): Promise<CycleReport> {
    return this.#ask<CycleReport>({ kind: 'cycle', cycle });
  }

  usage(id: string): Promise<UsageNumbers> {
    return this.#ask<UsageNumbers>({ kind: 'usage', id });
  }

  giveUnbooked(id: string, amount: number): Promise<string> {
    return this.#ask<string>({ kind: 'give-unbooked', id, amount });
  }

  async kill(death: Death): Promise<Reclaimed> {
    await this.ready.catch(ignore);
    if (death === 'sealed') while (this.#guard.sealThread(this.#threadId) === 'busy') await nextTurn();
    if (death === 'exit') this.#ask({ kind: 'exit' }).catch(ignore);
    else this.#terminate();
    const { resources } = await this.#exited;
    return { first: resources, second: this.#guard.threadExited(this.#threadId).resources };
  }

  /** Again and again until it is gone: now and then a call has no effect on a thread that is just going to sleep. */
  #terminate(): void {
    void this.#worker.terminate();
    const repeat = setInterval(() => void this.#worker.terminate(), TERMINATE_AGAIN_MS);
    void this.#exited.finally(() => clearInterval(repeat));
  }

  #cancel(isCancelled: boolean): void {
    Atomics.store(this.#cancelled, 0, isCancelled ? 1 : 0);
    if (isCancelled) this.#correspondent.stop();
    else this.#correspondent.begin(ACTOR_ATTEMPT_KEY);
  }

  #host(): ThreadHost {
    return {
      threadStarted: ignore,
      threadExited: ignore,
      threadsDied: ignore,
      sealThread: (threadId) => this.#guard.sealThread(threadId),
      allocate: (threadId, request, options) =>
        this.#guard.acquireForThread(threadId, request, { ...options, priority: this.#priority }),
    };
  }

  #ask<T>(command: ResourceCommand): Promise<T> {
    this.#number += 1;
    const reply = this.#expect(this.#number);
    this.#worker.postMessage({ number: this.#number, command });
    return reply as Promise<T>;
  }

  #expect(number: number): Promise<unknown> {
    const reply = Promise.withResolvers<unknown>();
    this.#replies.set(number, reply);
    return reply.promise;
  }

  #settle(reply: CommandReply): void {
    const expected = this.#replies.get(reply.number);
    this.#replies.delete(reply.number);
    if ('error' in reply) expected?.reject(deserializeError(reply.error));
    else expected?.resolve(reply.value);
  }

  #ended(): ThreadReclaim {
    this.#correspondent.close();
    const reclaim = this.#guard.threadExited(this.#threadId);
    this.#fail(new Error(`the thread of ${this.name} is gone`));
    return reclaim;
  }

  #fail(error: unknown): void {
    for (const reply of this.#replies.values()) {
      // Whoever has stopped to listen is not to be told by an uncaught rejection.
      reply.promise.catch(ignore);
      reply.reject(error);
    }
    this.#replies.clear();
  }
}

function ignore(): void {}

const NOBODY = { settled: ignore, progress: ignore, log: ignore };
