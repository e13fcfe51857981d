// Owns the messages between the main thread and the writer thread of the journal. Everything is plain data; batches are
// answered in their order, questions by their id.

import type { SerializedError } from '../../domain/serialized-error.ts';
import type { DurationRecording } from '../duration-history.ts';

/**
 * What a store promises of a fact that `durable` has resolved for.
 * `full`: synced to the disk; survives a power cut. `normal`: written to the file; survives the end of the process,
 * however it comes, and may be lost with the machine. `none`: nothing; `durable` resolves at once and facts are written
 * behind it, so the last few are lost with the process. With each of them what is there is a whole prefix of the log.
 */
export type Durability = 'full' | 'normal' | 'none';

export interface WriterSettings {
  readonly dataDir: string;
  readonly durability: Durability;
  /** The word of a CommitPace. */
  readonly pace: SharedArrayBuffer;
}

/** Facts of one run, committed together. */
export interface ChunkRow {
  readonly run: number;
  readonly first: number;
  readonly last: number;
  /** A line a fact: its sequence, a space, its JSON. */
  readonly body: string;
  /** Artifacts that the facts name. */
  readonly hashes: readonly string[];
}

/** A run that is new or whose record has changed. */
export interface RunRow {
  readonly number: number;
  readonly runId: string;
  readonly kind: string | null;
  readonly isOpen: boolean;
  readonly endedAtMs: number | null;
  readonly definition: string | null;
  /** JSON; null = there are facts and no one that makes the run. */
  readonly record: string | null;
}

export interface DefinitionRow {
  readonly key: string;
  readonly parts: readonly string[];
}

/** One transaction. Its last sequence tells it from every other one. */
export interface WriteBatch {
  readonly kind: 'write';
  readonly first: number;
  readonly last: number;
  /** The highest number given to a run so far. */
  readonly lastRun: number;
  readonly chunks: readonly ChunkRow[];
  readonly runs: readonly RunRow[];
  readonly definitions: readonly DefinitionRow[];
}

/** Durations to be kept, in the order of their numbers; not a part of the log. */
export interface RecordingGroup {
  readonly kind: 'record';
  /** The number of the newest. */
  readonly last: number;
  readonly recordings: readonly DurationRecording[];
}

export type WriterQuestion =
  /** Forgets as many of the runs as one bounded transaction allows; answers with those that are done with. */
  | { readonly kind: 'forget'; readonly runIds: readonly string[] }
  /** The artifacts that only forgotten runs named; those `handled` need not be told of again. */
  | { readonly kind: 'orphans'; readonly handled: readonly string[] }
  /** Gives a bounded number of free pages back to the file system; answers with one string while there are more. */
  | { readonly kind: 'shrink' };

export type ToWriter =
  | WriteBatch
  | RecordingGroup
  | { readonly kind: 'ask'; readonly id: number; readonly question: WriterQuestion }
  | { readonly kind: 'close' };

export type FromWriter =
  | {
      readonly kind: 'ready';
      readonly lastSequence: number;
      readonly lastRun: number;
      /** Of the durations in the file. */
      readonly lastRecording: number;
    }
  | { readonly kind: 'written'; readonly last: number }
  /** The durations up to the number are in the file, or lost for good. */
  | { readonly kind: 'recorded'; readonly last: number }
  | { readonly kind: 'answer'; readonly id: number; readonly found: readonly string[] }
  /** It cannot open or write; it does nothing more. */
  | { readonly kind: 'failed'; readonly error: SerializedError }
  | { readonly kind: 'closed' };
