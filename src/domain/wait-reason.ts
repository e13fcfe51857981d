// Owns the reasons why a task does not run yet, as data: what an explanation, an event and `show` tell in one shape.
// Exactly one reason holds for a task at a moment: the first in the order of the union that applies.

/** Why a task waits. Times are epoch milliseconds, amounts those of the resource. */
export type WaitReason =
  /** The run waits for its place in the session, is paused or was not taken up; or the engine starts nothing. */
  | { readonly kind: 'run-pending' | 'run-paused' | 'run-held' | 'dispatch-stopped' }
  /** Dependencies that have not completed, in file order; at most 20 names, `more` says how many others. */
  | { readonly kind: 'dependency'; readonly tasks: readonly string[]; readonly more: number }
  /** The next attempt is due then. */
  | { readonly kind: 'retry'; readonly dueMs: number; readonly attempt: number }
  /** The plan keeps its place for tasks that come first; at the latest it starts then, if all else allows. */
  | { readonly kind: 'plan'; readonly untilMs: number }
  /** A sequential run does one thing at a time. */
  | { readonly kind: 'sequential'; readonly behind: string | null }
  /** As many tasks of the run, or of the session, are under way as may be. */
  | { readonly kind: 'run-limit' | 'session-limit'; readonly limit: number; readonly running: number }
  /** As many tasks with its concurrency key are under way as may be. */
  | { readonly kind: 'concurrency'; readonly key: string; readonly limit: number; readonly running: number }
  | ResourceWait
  /** A quota gives units back at fixed times; `refillAtMs` is when enough of them will be back, null if that cannot be told. */
  | {
      readonly kind: 'quota';
      readonly resourceId: string;
      readonly needs: number;
      readonly available: number;
      readonly capacity: number;
      readonly refillAtMs: number | null;
    }
  /** All threads (or places for inline tasks) are taken; so many tasks go before it as things stand. */
  | { readonly kind: 'slot'; readonly level: number; readonly ahead: number };

/** A resource that is short, kept for somebody else, or out of service. */
export interface ResourceWait {
  readonly kind: 'resource';
  readonly resourceId: string;
  readonly needs: number;
  readonly available: number;
  readonly capacity: number;
  /** `available` in service; `maintenance`, `offline`: grants nothing; `too-small`: its capacity was lowered below the need. */
  readonly state: 'available' | 'maintenance' | 'offline' | 'too-small';
  /** The task (or requester) for which what is free is kept; null = it is simply short. */
  readonly reservedFor: string | null;
}

/** A task that waits, and why. */
export interface WaitExplanation {
  readonly runId: string;
  readonly task: string;
  readonly taskId: string;
  /** When it became ready; null while dependencies are missing. */
  readonly sinceMs: number | null;
  readonly reason: WaitReason;
  /** The same in one sentence, for people. */
  readonly message: string;
}
