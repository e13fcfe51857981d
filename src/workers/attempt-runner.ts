// Owns the running of attempts inside a pool thread: context, action, result check, reply. It always replies: whatever a
// body does short of ending the thread becomes a reply, and everything in a reply can be cloned.

import type { AsyncLocalStorage } from 'node:async_hooks';
import { serializeError } from '../domain/serialized-error.ts';
import type { ModuleLoader } from './module-loader.ts';
import { checkResult } from './task-result.ts';
import { type ThreadServices, ThreadTaskContext } from './thread-context.ts';
import type { AttemptMessage, AttemptReply } from './thread-protocol.ts';

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
  async runAll(messages: readonly AttemptMessage[]): Promise<AttemptReply[]> {
    this.#services.home.absorbAnswers();
    const replies: AttemptReply[] = [];
    for (const message of messages) replies.push(await this.#run(message));
    return replies;
  }

  async #run(message: AttemptMessage): Promise<AttemptReply> {
    const context = new ThreadTaskContext(message, this.#services);
    this.#services.board.begin(message.row, this.#threadId);
    this.#current = context;
    let reply: AttemptReply;
    try {
      const result = await this.#attribution.run(context, perform, this.#loader, message, context);
      reply = { ...checkResult(result, message), attemptKey: message.attemptKey, said: 0 };
    } catch (error) {
      reply = { kind: 'error', attemptKey: message.attemptKey, said: 0, error: serializeError(error) };
    }
    try {
      const ending = context.end();
      if (ending !== undefined) await ending;
    } catch (error) {
      reply = { kind: 'error', attemptKey: message.attemptKey, said: 0, error: serializeError(error, 'INTERNAL') };
    }
    this.#current = null;
    return { ...reply, said: this.#services.home.said };
  }
}

function perform(loader: ModuleLoader, message: AttemptMessage, context: ThreadTaskContext): unknown {
  const action = loader.find(message.module, message.moduleUrl, message.action);
  if (action !== undefined) return action(message.parameters, context);
  return loader
    .load(message.module, message.moduleUrl, message.action)
    .then((loaded) => loaded(message.parameters, context));
}
