// Owns the port through which another process asks the engine that owns a data directory to steer a run. A request waits
// in the data directory until the engine answers it or its sender withdraws it; nobody waits for anybody else's lock.

import type { SerializedError } from '../domain/serialized-error.ts';

export type RunRequestKind = 'cancel' | 'pause' | 'resume';

export interface RunRequest {
  /** Counts up in the order of sending. */
  readonly id: number;
  readonly kind: RunRequestKind;
  readonly runId: string;
  /** Why, in the words of whoever asks; may be empty. */
  readonly reason: string;
  /** When it was sent, epoch milliseconds. */
  readonly atMs: number;
}

/** What became of a request. */
export type RequestOutcome =
  | { readonly status: 'done' }
  /** The engine would not or could not; the error says why. */
  | { readonly status: 'refused'; readonly error: SerializedError };

/** The engine's side. */
export interface RequestInbox {
  /**
   * The requests that came in since the last call, oldest first; each is given once, and again after a restart as long
   * as nobody has answered it. Cheap when nothing came in.
   */
  poll(): RunRequest[];
  /** Tells the sender what became of a request. Harmless when the sender has withdrawn it. */
  answer(id: number, outcome: RequestOutcome): void;
}

/** The side of the process that asks. */
export interface RequestSender {
  /**
   * Leaves a request for the engine, whether or not one is alive, and gives its id.
   * @throws RuntimeError REQUESTS_FULL, DATA_DIR_UNWRITABLE
   */
  send(request: Pick<RunRequest, 'kind' | 'runId' | 'reason'>): number;
  /** What became of it; null while nobody has answered. */
  outcome(id: number): RequestOutcome | null;
  /** Takes a request back. False when it has been answered; an engine that has just read it may still carry it out. */
  withdraw(id: number): boolean;
  close(): void;
}
