// Owns the names of what must always hold, and how a breach of it is told. A breach is noted, not thrown, where it is
// seen: that may be deep inside the engine, which would take the error for its own.

/** What must hold in every simulated world. */
export const INVARIANTS = {
  'completed-runs-again': 'a task whose completion is durable never executes again',
  'dependency-order': 'no task starts before all its dependencies have completed',
  'every-run-ends': 'every run ends, unless it was parked',
  'ended-whole': 'a run ends after all its tasks, and nothing is written of it afterwards',
  'capacity-exceeded': 'bodies never use more of a resource than there is',
  'capacity-granted': 'what is granted is what attempts under way need',
  'capacity-left': 'with nothing running, nothing is in use',
  'concurrency-exceeded': 'no more tasks with one concurrency key run at once than the highest limit among them',
  'parallel-limit': 'no more tasks run at once than the run, its session and its mode allow',
  'fold-differs': 'the fold of the journal equals the live state',
  'attempts-exceeded': 'attempts never exceed the limit plus the interruptions',
  'attempt-numbers': 'attempts are numbered without gaps or repeats',
  'attempt-deadline': 'no body outlives its deadlines by more than the grace and the exit of its thread',
  'total-deadline': 'the total time-out of a task counts from its first start, over crashes',
  'backoff-held': 'no retry starts before it is due, over crashes',
  'reported-early': 'a result is reported only when the end is durable',
  'result-differs': 'what is reported is what is recorded, in every life',
  'cancelled-completes': 'what was cancelled on record never completes',
  'cancelled-starts': 'what was cancelled on record starts nothing',
  'paused-starts': 'a paused run starts nothing',
  'outputs-kept': 'a task is given the recorded outputs of its dependencies',
  'started-unrecorded': 'a body begins only after its attempt was recorded',
  'one-body-a-task': 'two bodies of one task never run at once',
  'recovery-counted': 'the first thing a life writes of an older run is that it was taken up, correctly counted',
  'unexpected-error': 'nothing throws or rejects but what is documented',
} as const;
export type Invariant = keyof typeof INVARIANTS;

/** A breach of an invariant. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${detail} (${INVARIANTS[invariant]})`);
    this.invariant = invariant;
  }
}

/** Takes breaches in; the first one counts. */
export class ViolationBook {
  #first: Violation | null = null;

  get first(): Violation | null {
    return this.#first;
  }

  note(invariant: Invariant, detail: string): void {
    this.#first ??= new Violation(invariant, detail);
  }

  /** Notes a breach unless the condition holds; the detail is only made when it is needed. */
  hold(condition: boolean, invariant: Invariant, detail: () => string): void {
    if (!condition) this.note(invariant, detail());
  }
}
