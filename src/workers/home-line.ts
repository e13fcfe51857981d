// Owns a thread's end of the line home: comlink calls to the main thread's HomeApi, kept within bounds.
// It never makes a task wait and never throws into one: what it cannot send it drops and counts.

import type { MessagePort } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
import { RuntimeError } from '../domain/runtime-error.ts';
import { deserializeError, type SerializedError } from '../domain/serialized-error.ts';
import { MessageLine } from './message-line.ts';
import {
  type AllocationAnswer,
  type BlockedWaitMessage,
  type HomeApi,
  isBlockedWaitMessage,
  type Utterance,
} from './thread-protocol.ts';

/** Calls that may be without an answer before `isBusy`: the main thread is behind. */
const MAX_UNANSWERED = 64;

export class HomeLine {
  readonly #line: MessageLine;
  // Kept for the thread's life: comlink closes a line whose last proxy was collected.
  readonly #home: Remote<HomeApi>;
  // Of the one blocking wait that a thread can have at a time; a late one of an earlier wait is overwritten.
  #refusal: Extract<BlockedWaitMessage, { kind: 'blocked-wait.refused' }> | null = null;

  constructor(port: MessagePort) {
    this.#line = new MessageLine(port, (message) => {
      if (!isBlockedWaitMessage(message)) return false;
      if (message.kind === 'blocked-wait.refused') this.#refusal = message;
      return true;
    });
    this.#home = wrap<HomeApi>(this.#line.endpoint);
  }

  /** Messages sent home so far. */
  get said(): number {
    return this.#line.sent;
  }

  /** Takes in answers that arrived while the event loop was blocked; without this they would pile up. */
  absorbAnswers(): void {
    if (this.#line.sent !== this.#line.received) this.#line.drain();
  }

  /** Whether the main thread is behind with answering. */
  isBusy(): boolean {
    if (this.#line.sent - this.#line.received < MAX_UNANSWERED) return false;
    this.#line.drain();
    return this.#line.sent - this.#line.received >= MAX_UNANSWERED;
  }

  say(attemptKey: number, utterances: readonly Utterance[]): void {
    this.#home.say(attemptKey, utterances).catch(ignore);
  }

  allocate(
    attemptKey: number,
    request: Readonly<Record<string, number>>,
    timeoutMs: number | null,
  ): Promise<AllocationAnswer> {
    return this.#home.allocate(attemptKey, request, timeoutMs);
  }

  /** Asks on behalf of this thread, which is about to sleep: posting needs no turn of its event loop. */
  allocateBlocked(attemptKey: number, ticket: number, request: Readonly<Record<string, number>>): void {
    this.#tell({ kind: 'blocked-wait.ask', attemptKey, ticket, request });
  }

  withdrawBlocked(ticket: number): void {
    this.#tell({ kind: 'blocked-wait.withdraw', ticket });
  }

  /** Why a blocking wait was refused; it arrived before the thread was woken. */
  refusalOf(ticket: number): Error {
    this.#line.drain();
    const refusal = this.#refusal;
    this.#refusal = null;
    if (refusal?.ticket === ticket) return deserializeError(refusal.error);
    return new RuntimeError('INTERNAL', 'a wait for capacity was refused without a reason; please report this');
  }

  abandonAllocations(attemptKey: number): void {
    this.#home.abandonAllocations(attemptKey).catch(ignore);
  }

  uncaught(error: SerializedError): void {
    this.#home.uncaught(error).catch(ignore);
  }

  stray(taskName: string, runId: string, error: SerializedError): void {
    this.#home.stray(taskName, runId, error).catch(ignore);
  }

  childStarted(processId: number): void {
    this.#home.childStarted(processId).catch(ignore);
  }

  childEnded(processId: number): void {
    this.#home.childEnded(processId).catch(ignore);
  }

  #tell(message: BlockedWaitMessage): void {
    this.#line.postAside(message);
  }
}

// The calls above answer nothing; a fault on the main thread's side is reported there.
function ignore(): void {}
