// Owns the running of attempts inside a pool thread: context, action, result check, reply. It always replies: whatever a
// body does short of ending the thread becomes a reply, and everything in a reply can be cloned.

import type { AsyncLocalStorage } from 'node:async_hooks';
import { serializeError } from '../domain/serialized-error.ts';
import type { ModuleLoader } from './module-loader.ts';
import { checkResult } from './task-result.ts';
import { type ThreadServices, ThreadTaskContext } from './thread-context.ts';
import {
  type AttemptEnd,
  type AttemptMessage,
  type PackedAttempt,
  type PackedReply,
  packReply,
  unpackAttempt,
} from './thread-protocol.ts';
import { runUnderTrace } from './trace-context.ts';

export class AttemptRunner {
  readonly #threadId: number;
  readonly #services: ThreadServices;
  readonly #loader: ModuleLoader;
  readonly #attribution: AsyncLocalStorage<ThreadTaskContext>;
  #current: ThreadTaskContext | null = null;

  /** `attribution` tells later which attempt a piece of asynchronous code belongs to. */
  constructor(
    threadId: number,
    services: ThreadServices,
    loader: ModuleLoader,
    attribution: AsyncLocalStorage<ThreadTaskContext>,
  ) {
    this.#threadId = threadId;
    this.#services = services;
    this.#loader = loader;
    this.#attribution = attribution;
  }

  /** The attempt that runs now. */
  get current(): ThreadTaskContext | null {
    return this.#current;
  }

  /** Runs the attempts of a message one after the other. */
  async runAll(packed: readonly PackedAttempt[]): Promise<PackedReply[]> {
    const { home } = this.#services;
    home.absorbAnswers();
    const replies: PackedReply[] = [];
    for (const one of packed) {
      const message = unpackAttempt(one);
      const end = await this.#run(message);
      replies.push(packReply(message.attemptKey, home.said, end));
    }
    return replies;
  }

  async #run(message: AttemptMessage): Promise<AttemptEnd> {
    const context = new ThreadTaskContext(message, this.#services);
    this.#services.board.begin(message.row, this.#threadId);
    this.#current = context;
    let end: AttemptEnd;
    try {
      const begin = message.trace === null ? perform : performTraced;
      const result = this.#attribution.run(context, begin, this.#loader, message, context);
      end = checkResult(isThenable(result) ? await result : result, message);
    } catch (error) {
      end = { kind: 'error', error: serializeError(error) };
    }
    try {
      const ending = context.end();
      if (ending !== undefined) await ending;
    } catch (error) {
      end = { kind: 'error', error: serializeError(error, 'INTERNAL') };
    }
    this.#current = null;
    return end;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function perform(loader: ModuleLoader, message: AttemptMessage, context: ThreadTaskContext): unknown {
  const action = loader.find(message.module, message.moduleUrl, message.action);
  if (action !== undefined) return action(message.parameters, context);
  return loader
    .load(message.module, message.moduleUrl, message.action)
    .then((loaded) => loaded(message.parameters, context));
}

function performTraced(loader: ModuleLoader, message: AttemptMessage, context: ThreadTaskContext): unknown {
  return runUnderTrace(message.trace ?? {}, () => perform(loader, message, context));
}
