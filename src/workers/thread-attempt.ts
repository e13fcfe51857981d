// Owns what the executor keeps of one attempt while it is on a thread, and what a thread's reply means as its outcome.

import type { TimerHandle } from '../domain/clock.ts';
import { assertNever } from '../domain/runtime-error.ts';
import type { AttemptOutcome, TaskAssignment } from '../domain/task-executor.ts';
import type { ThreadCorrespondent } from './thread-correspondent.ts';
import type { PoolThread } from './thread-pool.ts';
import type { PackedReply } from './thread-protocol.ts';

/** One attempt from its sending to its end. */
export interface ThreadAttempt {
  readonly key: number;
  readonly row: number;
  readonly assignment: TaskAssignment;
  readonly thread: PoolThread;
  readonly correspondent: ThreadCorrespondent;
  /** Monotonic. */
  readonly begunMs: number;
  stopRequested: boolean;
  /** Its thread is being terminated. */
  killed: boolean;
  /** Waits for the grace to end or for the ledger gate. */
  timer: TimerHandle | null;
  /** Since when its thread is to be terminated; null = not yet. */
  sealingSinceMs: number | null;
}

/** What a reply means: a body that threw after it was asked to stop has stopped. */
export function outcomeOfReply(reply: PackedReply, attempt: ThreadAttempt): AttemptOutcome {
  const { threadId } = attempt.thread;
  switch (reply[2]) {
    case 'value':
      return { kind: 'completed', output: reply[3], threadId };
    case 'json': {
      const output: unknown = JSON.parse(reply[3]);
      return { kind: 'completed', output, threadId };
    }
    case 'error':
      return attempt.stopRequested
        ? { kind: 'stopped', killed: false, threadId }
        : { kind: 'failed', error: reply[3], threadId };
    default:
      return assertNever(reply);
  }
}
