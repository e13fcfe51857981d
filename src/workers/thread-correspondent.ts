// Owns the main thread's end of the line to one pool thread: it answers the thread's calls home on behalf of the one
// attempt that runs there, passes on what that attempt says and nothing after it, and knows the child processes that
// must go when the thread goes. Faults of the capacity host become answers, never a broken line.

import type { MessagePort } from 'node:worker_threads';
import { expose } from 'comlink';
import { assertNever, RuntimeError } from '../domain/runtime-error.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import type { AttemptSink } from '../domain/task-executor.ts';
import { MessageLine } from './message-line.ts';
import { signalProcessGroup } from './process-group.ts';
import type { ThreadHost } from './thread-host.ts';
import {
  type AllocationAnswer,
  type BlockedWaitMessage,
  type HomeApi,
  isBlockedWaitMessage,
  type Utterance,
} from './thread-protocol.ts';

export interface Hearing {
  readonly sink: AttemptSink;
  readonly host: ThreadHost;
  readonly warnings?: ((message: string, error: SerializedError | null) => void) | undefined;
}

export class ThreadCorrespondent implements HomeApi {
  readonly threadId: number;
  /** The attempt on the thread, null while it is idle. */
  attemptKey: number | null = null;
  /** Attempts that ended on the thread. */
  completed = 0;
  /** What the thread said it ends of. */
  uncaughtError: SerializedError | null = null;
  readonly #line: MessageLine;
  readonly #hearing: Hearing;
  readonly #children = new Set<number>();
  /** Ends all waiting for capacity of the running attempt; made when it first waits. */
  #waiting: AbortController | null = null;
  /** The wait that the thread sleeps on; one at a time. */
  #blocked: { readonly ticket: number; readonly ending: AbortController } | null = null;
  #isStopping = false;

  constructor(threadId: number, port: MessagePort, hearing: Hearing) {
    this.threadId = threadId;
    this.#hearing = hearing;
    this.#line = new MessageLine(port, (message) => this.#heardAside(message));
    expose(this.#api(), this.#line.endpoint);
  }

  begin(attemptKey: number): void {
    this.attemptKey = attemptKey;
    this.#isStopping = false;
  }

  /** The attempt is settled: what it still says is dropped, what it still waits for is taken back. */
  end(): void {
    this.attemptKey = null;
    this.completed += 1;
    this.#stopWaiting();
  }

  /** The attempt was asked to stop: it gets no capacity any more. */
  stop(): void {
    this.#isStopping = true;
    this.#stopWaiting();
  }

  /** Hears all of the first `count` messages of the thread. */
  hearUpTo(count: number): void {
    if (this.#line.received < count) this.#line.drain();
  }

  /** The thread is gone: hears its last words and ends the child processes it left behind. */
  close(): void {
    this.#line.drain();
    this.#line.close();
    this.#stopWaiting();
    for (const processId of this.#children) signalProcessGroup(processId, 'SIGKILL');
    this.#children.clear();
  }

  say(attemptKey: number, utterances: readonly Utterance[]): void {
    const { sink } = this.#hearing;
    for (const utterance of utterances) {
      // Looked at each time: hearing one may lead to the end of the attempt.
      if (attemptKey !== this.attemptKey) return;
      switch (utterance.kind) {
        case 'progress':
          sink.progress(attemptKey, utterance.fraction, utterance.message);
          break;
        case 'log':
          sink.log(attemptKey, utterance.level, utterance.message, utterance.fields);
          break;
        default:
          assertNever(utterance);
      }
    }
  }

  async allocate(
    attemptKey: number,
    request: Readonly<Record<string, number>>,
    timeoutMs: number | null,
  ): Promise<AllocationAnswer> {
    if (attemptKey !== this.attemptKey || this.#isStopping) return refusal('the task was asked to stop');
    this.#waiting ??= new AbortController();
    const { signal } = this.#waiting;
    try {
      await this.#hearing.host.allocate(this.threadId, request, {
        attemptKey,
        signal,
        ...(timeoutMs === null ? {} : { timeoutMs }),
      });
      return { granted: true };
    } catch (error) {
      return { granted: false, error: serializeError(error, signal.aborted ? 'TASK_CANCELLED' : 'INTERNAL') };
    }
  }

  abandonAllocations(attemptKey: number): void {
    if (attemptKey === this.attemptKey) this.#stopWaiting();
  }

  uncaught(error: SerializedError): void {
    this.uncaughtError ??= error;
  }

  stray(taskName: string, runId: string, error: SerializedError): void {
    this.#hearing.warnings?.(
      `task '${taskName}' of run ${runId} has ended, and code it left behind threw: ${error.message}; ` +
        'clear timers and await promises before the action returns',
      error,
    );
  }

  childStarted(processId: number): void {
    this.#children.add(processId);
  }

  childEnded(processId: number): void {
    this.#children.delete(processId);
  }

  #heardAside(message: unknown): boolean {
    if (!isBlockedWaitMessage(message)) return false;
    if (message.kind === 'blocked-wait.ask') this.#allocateBlocked(message);
    else if (message.kind === 'blocked-wait.withdraw' && this.#blocked?.ticket === message.ticket) {
      this.#blocked.ending.abort(stopped());
    }
    return true;
  }

  #allocateBlocked(question: Extract<BlockedWaitMessage, { kind: 'blocked-wait.ask' }>): void {
    const { attemptKey, ticket, request } = question;
    const ending = new AbortController();
    const blocked = { ticket, ending };
    this.#blocked = blocked;
    if (attemptKey !== this.attemptKey || this.#isStopping) ending.abort(stopped());
    const refused = (reason: unknown): void => {
      const fallback = ending.signal.aborted ? 'TASK_CANCELLED' : 'INTERNAL';
      const message: BlockedWaitMessage = {
        kind: 'blocked-wait.refused',
        ticket,
        error: serializeError(reason, fallback),
      };
      this.#line.postAside(message);
    };
    const forget = (): void => {
      if (this.#blocked === blocked) this.#blocked = null;
    };
    // Both ends are told in the thread's row of the ledger.
    this.#hearing.host
      .allocate(this.threadId, request, { attemptKey, signal: ending.signal, blocked: { ticket, refused } })
      .then(forget, forget);
  }

  #stopWaiting(): void {
    this.#waiting?.abort();
    this.#waiting = null;
    this.#blocked?.ending.abort(stopped());
  }

  // Comlink lets the other side reach and set every property of what is exposed: only the calls are.
  #api(): HomeApi {
    return {
      say: (attemptKey, utterances) => this.say(attemptKey, utterances),
      allocate: (attemptKey, request, timeoutMs) => this.allocate(attemptKey, request, timeoutMs),
      abandonAllocations: (attemptKey) => this.abandonAllocations(attemptKey),
      uncaught: (error) => this.uncaught(error),
      stray: (taskName, runId, error) => this.stray(taskName, runId, error),
      childStarted: (processId) => this.childStarted(processId),
      childEnded: (processId) => this.childEnded(processId),
    };
  }
}

function stopped(): RuntimeError {
  return new RuntimeError('TASK_CANCELLED', 'no capacity: the task was asked to stop');
}

function refusal(why: string): AllocationAnswer {
  return {
    granted: false,
    error: { name: 'RuntimeError', message: `no capacity: ${why}`, code: 'TASK_CANCELLED', retryable: false },
  };
}
