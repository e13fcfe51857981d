// Owns what a scenario is: a few small programs over the real ledger, and what must be true when all have ended.

import type { ModelContext } from './model-context.ts';

/**
 * `safe`: lives to the end. `mortal`: may die at any of its steps, as of an error that ends the thread. `condemnable`:
 * may die once the main thread has asked for its end.
 */
export type Fate = 'safe' | 'mortal' | 'condemnable';

export interface Program {
  readonly name: string;
  /** 0 is the main thread, which comes first and alone has turns. */
  readonly threadId: number;
  readonly fate: Fate;
  readonly run: (context: ModelContext) => void | Promise<void>;
}

/** The world at the end of a schedule. */
export interface EndView {
  word(index: number): number;
}

export interface Scenario {
  readonly name: string;
  /** One line: what races with what. */
  readonly about: string;
  /** Only with the environment variable that explores more. */
  readonly large?: boolean;
  /** The most units of each resource that may ever be in use. */
  readonly limits: readonly number[];
  readonly programs: readonly Program[];
  /** Whether plain reads may give values from before the thread's last synchronising operation. */
  readonly staleReads?: boolean;
  /** How many timers of the main thread may fire while anything else can happen; default 2. */
  readonly earlyTimers?: number;
  /** Gives what is wrong at the end of a schedule, or null. */
  readonly atEnd: (view: EndView) => string | null;
}
