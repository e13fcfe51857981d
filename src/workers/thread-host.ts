// Owns the port to whoever guards capacity: a thread's share of it begins, is sealed and ends with the thread.

/** Ends of a thread. `killed`: it was terminated by the executor. */
export interface ThreadExit {
  readonly code: number;
  readonly killed: boolean;
}

/** Why and how long a thread waits for capacity. */
export interface ThreadAllocationOptions {
  readonly timeoutMs?: number;
  /** Aborts when the attempt is stopped, has ended, or its thread is gone; the wait must then end at once. */
  readonly signal: AbortSignal;
}

export interface ThreadHost {
  /** Before the thread is given its first attempt. A replacement may start before the thread it replaces has exited. */
  threadStarted(threadId: number): void;
  /** Once, on the Worker's own exit, before the outcome of its attempt: what the thread held comes back here. */
  threadExited(threadId: number, exit: ThreadExit): void;
  /** Just before a thread is terminated; `busy` = it is changing the ledger right now, ask again soon; `absent` = it holds nothing. */
  sealThread(threadId: number): 'sealed' | 'busy' | 'absent';
  /**
   * Waits for capacity on behalf of a thread; when it resolves, the ledger counts it for that thread.
   * Rejects with a RuntimeError: RESOURCE_TIMEOUT, TASK_CANCELLED when the signal aborts, and so on.
   */
  allocate(
    threadId: number,
    request: Readonly<Record<string, number>>,
    options: ThreadAllocationOptions,
  ): Promise<unknown>;
}
