// Owns the threads' faces of the resource adapter: each actor is a real worker thread (resource-thread.ts, held by a
// GuardedThread); one more thread, which never waits, looks at usage.

import type { MessagePort } from 'node:worker_threads';
import { deserializeError } from '../../src/domain/serialized-error.ts';
import { TaskPriority } from '../../src/domain/statuses.ts';
import type { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import type { ThreadReclaim } from '../../src/resources/thread-grants.ts';
import type { CapacityWitness } from './capacity-witness.ts';
import { ATTEMPT_KEY, GuardedThread } from './guarded-thread.ts';
import type {
  Amount,
  CommandReply,
  Cycle,
  CycleReport,
  ResourceCommand,
  ResourceThreadStart,
  ThreadWaiting,
  UsageNumbers,
} from './resource-commands.ts';
import {
  type AcquireSettings,
  type Death,
  type Reclaimed,
  type ResourceActor,
  ResourceAdapter,
  type ResourceFace,
} from './resource-face.ts';

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
  readonly #thread: GuardedThread;
  readonly #replies = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ended: Promise<ThreadReclaim>;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #number = 0;

  constructor(name: string, waiting: ThreadWaiting, guard: CapacityGuard, witness: CapacityWitness) {
    this.name = name;
    this.#guard = guard;
    const start = (home: MessagePort): ResourceThreadStart => ({
      name,
      waiting,
      ledger: guard.ledger.buffer,
      witness: witness.buffer,
      cancelled: this.#cancelled.buffer,
      home,
      attemptKey: ATTEMPT_KEY,
    });
    this.#thread = new GuardedThread(guard, FIXTURE, start);
    this.ready = this.#expect(0);
    this.#thread.worker.on('message', (reply: CommandReply) => this.#settle(reply));
    this.#thread.worker.on('error', (error) => this.#fail(error));
    this.#ended = this.#thread.exited.then(() => this.#end());
  }

  tryAcquire(amounts: readonly Amount[]): Promise<string | null> {
    return this.#ask<string | null>({ kind: 'try', amounts });
  }

  async acquire(amounts: readonly Amount[], settings: AcquireSettings = {}): Promise<string> {
    const { timeout, signal, priority } = settings;
    this.#thread.priority = priority ?? TaskPriority.NORMAL;
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
    if (death === 'sealed') await this.#thread.sealAndTerminate();
    else if (death === 'terminated') this.#thread.terminate();
    else this.#ask({ kind: 'exit' }).catch(ignore);
    const { resources } = await this.#ended;
    return { first: resources, second: this.#guard.threadExited(this.#thread.threadId).resources };
  }

  #cancel(isCancelled: boolean): void {
    Atomics.store(this.#cancelled, 0, isCancelled ? 1 : 0);
    if (isCancelled) this.#thread.correspondent.stop();
    else this.#thread.correspondent.begin(ATTEMPT_KEY);
  }

  #ask<T>(command: ResourceCommand): Promise<T> {
    this.#number += 1;
    const reply = this.#expect(this.#number);
    this.#thread.worker.postMessage({ number: this.#number, command });
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

  #end(): ThreadReclaim {
    this.#thread.correspondent.close();
    const reclaim = this.#guard.threadExited(this.#thread.threadId);
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
