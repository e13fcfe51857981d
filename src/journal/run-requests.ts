// Owns the port through which another process asks the engine that owns a data directory to steer a run. A request waits
// in the data directory until the engine answers it or its sender withdraws it; nobody waits for anybody else's lock. An
// answer is fetched once and is gone then.

import type { JsonValue } from '../domain/json-value.ts';
import type { SerializedError } from '../domain/serialized-error.ts';

/** What can be asked for; `explain` asks only why the tasks of a run wait, and changes nothing. */
export const RUN_REQUEST_KINDS = ['cancel', 'pause', 'resume', 'explain'] as const;
export type RunRequestKind = (typeof RUN_REQUEST_KINDS)[number];

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
  | {
      readonly status: 'done';
      /** To a question; the engine keeps it small. */
      readonly answer?: JsonValue;
    }
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
  /** What became of it, once; null while nobody has answered, and after it was given. */
  outcome(id: number): RequestOutcome | null;
  /** Takes a request back. False when it has been answered; an engine that has just read it may still carry it out. */
  withdraw(id: number): boolean;
  close(): void;
}
