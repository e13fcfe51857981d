// Owns the port to whoever guards capacity: a thread's share of it begins, is sealed and ends with the thread.

/** Ends of a thread. `killed`: it was terminated by the executor. */
export interface ThreadExit {
  readonly code: number;
  readonly killed: boolean;
}

/** Why and how long a thread waits for capacity. */
export interface ThreadAllocationOptions {
  /** For which attempt: it waits with the priority of its task. */
  readonly attemptKey: number;
  readonly timeoutMs?: number;
  /** Aborts when the attempt is stopped, has ended, or its thread is gone; the wait must then end at once. */
  readonly signal: AbortSignal;
  /** The thread sleeps until the answer to this ticket is in its row of the ledger; a reason it must have before that. */
  readonly blocked?: { readonly ticket: number; readonly refused: (reason: unknown) => void };
}

export interface ThreadHost {
  /** Before the thread is given its first attempt. A replacement may start before the thread it replaces has exited. */
  threadStarted(threadId: number): void;
  /** Once, on the Worker's own exit, before the outcome of its attempt: what the thread held comes back here. */
  threadExited(threadId: number, exit: ThreadExit): void;
  /** No thread is left and several in a row did not come up; it is still tried, ever more rarely. */
  threadsDied(reason: string): void;
  /** Just before a thread is terminated; `busy` = it is changing the ledger right now, ask again soon; `absent` = it holds nothing. */
  sealThread(threadId: number): 'sealed' | 'busy' | 'absent';
  /**
   * Waits for capacity on behalf of a thread; when it resolves, the ledger counts it for that thread. With `blocked` the
   * thread must be answered in every case (src/resources/thread-grants.ts).
   * Rejects with a RuntimeError: RESOURCE_TIMEOUT, TASK_CANCELLED when the signal aborts, and so on.
   */
  allocate(
    threadId: number,
    request: Readonly<Record<string, number>>,
    options: ThreadAllocationOptions,
  ): Promise<unknown>;
}
