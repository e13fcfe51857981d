// Owns one batch on the main thread: the facts that will be committed together, as they are for readers, and as text for
// the writer. It lives until the writer has it in the file.

import type { Fact } from '../../domain/facts.ts';
import type { WorkflowDefinition } from '../../domain/workflow-definition.ts';
import { artifactHashesIn } from '../artifact-references.ts';
import type { EncodedDefinition } from '../definition-codec.ts';
import { lineOf } from './sqlite-chunks.ts';
import { type RunEntry, runRowOf } from './sqlite-run-book.ts';
import type { WriteBatch } from './sqlite-writer-protocol.ts';

const NO_HASHES: readonly string[] = [];

/** A ChunkRow that grows. */
interface Chunk {
  readonly run: number;
  readonly first: number;
  last: number;
  body: string;
  hashes: readonly string[];
}

interface KeptDefinition extends EncodedDefinition {
  readonly definition: WorkflowDefinition;
}

export class FactBatch {
  /** The sequence of its first fact. */
  readonly first: number;
  readonly facts: Fact[] = [];
  readonly definitions: KeptDefinition[] = [];
  /** Of the facts as text. */
  characters = 0;
  readonly #chunks = new Map<number, Chunk>();
  readonly #changed = new Set<RunEntry>();
  #latest: Chunk | undefined;
  #end: PromiseWithResolvers<void> | undefined;

  constructor(first: number) {
    this.first = first;
  }

  /** The sequence of its newest fact. */
  get last(): number {
    return this.first + this.facts.length - 1;
  }

  add(fact: Fact, json: string, run: RunEntry): void {
    const sequence = this.first + this.facts.length;
    this.facts.push(fact);
    this.characters += json.length;
    if (run.changedAt === sequence) this.#changed.add(run);
    const chunk = this.#latest?.run === run.number ? this.#latest : this.#chunkOf(run.number, sequence);
    this.#latest = chunk;
    chunk.last = sequence;
    chunk.body += lineOf(sequence, json);
    const hashes = artifactHashesIn(json);
    if (hashes.length > 0) chunk.hashes = [...chunk.hashes, ...hashes];
  }

  names(hash: string): boolean {
    for (const chunk of this.#chunks.values()) if (chunk.hashes.includes(hash)) return true;
    return false;
  }

  /** As the writer takes it. Nothing may be added afterwards. */
  sealed(lastRun: number): WriteBatch {
    return {
      kind: 'write',
      first: this.first,
      last: this.last,
      lastRun,
      chunks: [...this.#chunks.values()],
      runs: Array.from(this.#changed, runRowOf),
      definitions: this.definitions.map(({ key, parts }) => ({ key, parts })),
    };
  }

  /** Resolves when the batch is in the file. One promise for all who wait for any of its facts. */
  written(): Promise<void> {
    this.#end ??= newEnd();
    return this.#end.promise;
  }

  resolve(): void {
    this.#end?.resolve();
  }

  reject(error: Error): void {
    this.#end?.reject(error);
  }

  #chunkOf(run: number, sequence: number): Chunk {
    let chunk = this.#chunks.get(run);
    if (chunk === undefined) {
      chunk = { run, first: sequence, last: sequence, body: '', hashes: NO_HASHES };
      this.#chunks.set(run, chunk);
    }
    return chunk;
  }
}

function newEnd(): PromiseWithResolvers<void> {
  const end = Promise.withResolvers<void>();
  // Whoever waits hears of a failure; that nobody does is no fault of its own.
  end.promise.catch(() => undefined);
  return end;
}
