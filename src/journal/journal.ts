// Owns the port of the journal: an ordered log of facts, the only durable state of an engine, and the short record of
// each run that the facts about the run as a whole add up to.
// Stores live in stores/; each passes the same conformance suite (test/conformance/journal-suite.ts).

import type { Fact } from '../domain/facts.ts';
import type { RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowDefinition } from '../domain/workflow-definition.ts';
import type { RunRecord } from './run-record.ts';

export interface NumberedFact {
  readonly sequence: number;
  readonly fact: Fact;
}

/** Which runs to list, newest first. */
export interface RunFilter {
  readonly kind?: RunRecord['kind'];
  /** true: only runs that have not ended (parked ones count as ended); false: only ended ones. */
  readonly open?: boolean;
  /** Only runs that ended before this time (epoch milliseconds). */
  readonly endedBeforeMs?: number;
  /** Passes over the newest so many of those that the rest of the filter lets through; default 0. */
  readonly skip?: number;
  /** At most this many; default all. */
  readonly limit?: number;
}

/** What can be asked of a journal that someone else may be writing. */
export interface JournalReader {
  /**
   * The facts still kept, oldest first; of one run when an id is given.
   * @throws RuntimeError JOURNAL_CORRUPT while iterating, ENGINE_CLOSED after `close`
   */
  read(runId?: string): Iterable<NumberedFact>;
  /** Records of runs, newest first. */
  runs(filter?: RunFilter): Iterable<RunRecord>;
  run(runId: string): RunRecord | undefined;
  /** The definition kept under a key; undefined when there is none. @throws RuntimeError JOURNAL_CORRUPT */
  definition(key: string): WorkflowDefinition | undefined;
  /**
   * How long each step of a workflow takes, in seconds: the median of its last nine recorded durations. Empty for a
   * workflow that nothing is known of; what cannot be read counts as not known. The map is the store's: leave it as it is.
   */
  durationsOf(workflow: string): ReadonlyMap<string, number>;
  /** Lets go of files. Harmless when repeated. */
  close(): Promise<void>;
}

export interface Journal extends JournalReader {
  /** Appends a fact and gives its sequence number (1, 2, …, no gaps). Order of calls is order of facts. */
  append(fact: Fact): number;
  /**
   * Resolves when the fact of that number, and so every one before it, is as durable as the store promises.
   * Rejects with the store's failure once it has failed.
   */
  durable(sequence: number): Promise<void>;
  /** The number of the newest fact; 0 when there is none. */
  lastSequence(): number;
  /** Keeps a definition with the facts that come after the call, and gives the key to write into them. */
  keepDefinition(definition: WorkflowDefinition): string;
  /**
   * Forgets ended runs: facts, records, definitions that no other run has. Gives the hashes of artifacts that no
   * remaining fact refers to any more. Runs that have not ended, or are not there, are left alone.
   */
  prune(runIds: readonly string[]): Promise<PruneResult>;
  /** Whether a fact that is kept names an artifact, by its hash; a store that cannot tell says that one does. */
  refersToArtifact(hash: string): boolean;
  /**
   * Keeps how long steps of a workflow took in a run, in seconds, for `durationsOf` of this process at once and of others
   * and later ones soon. No fact: it needs no number, pruning leaves it alone, and the newest may be lost with the
   * machine. Bounded, with the workflows and steps recorded longest ago forgotten. The map is read during the call.
   */
  recordDurations(workflow: string, seconds: ReadonlyMap<string, number>): void;
  /** True while so much waits to be written that nothing new should be started. */
  readonly isCongested: boolean;
  /** Why facts cannot be made durable any more; null while they can. Facts appended afterwards go nowhere. */
  readonly failure: RuntimeError | null;
  /** Called when congestion has gone, and once when the store fails. One listener; the last one given counts. */
  onChange(listener: () => void): void;
  /** Called when what writes for the store died and was replaced; nothing is lost by it. One listener, as above. */
  onWriterRestarted(listener: (death: WriterDeath) => void): void;
  /** Makes everything durable and lets go of files. Appending afterwards throws ENGINE_CLOSED. */
  close(): Promise<void>;
}

/** The end of what writes for a store. */
export interface WriterDeath {
  readonly error: unknown;
  /** Deaths without anything written between, this one among them. */
  readonly deaths: number;
}

export interface PruneResult {
  readonly runs: number;
  /** `sha256-…` of artifacts that were only referred to by what was forgotten. */
  readonly orphanedArtifacts: readonly string[];
}
