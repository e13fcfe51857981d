// Owns the pictures of the runs of a data folder, read from its journal: those that somebody looks at are read again when
// the journal has more of them. Each look opens the journal anew, so that it sees what is there now and which engine holds
// it; it keeps nothing from being written. Bounded: the picture that was looked at longest ago goes first.

import { isRuntimeError } from '../domain/runtime-error.ts';
import { RunArchive, type RunHistory, type RunRecord } from '../engine/run-archive.ts';
import type { Holding, RunModel } from './run-model.ts';
import { type PictureVersions, type RunReader, readRun } from './run-reading.ts';

/** More than there are streams, each of which follows one. */
const MOST_MODELS = 20;

interface Picture {
  readonly model: RunModel;
  /** Of the newest fact that it knows, and whether an engine had it then. */
  stamp: string;
}

export class RecordRuns implements RunReader {
  readonly #dataDir: string;
  readonly #versions: PictureVersions;
  readonly #pictures = new Map<string, Picture>();
  #archive: RunArchive;
  /** The history that was read last: that of a large run takes long to read, and much room. */
  #fold: { readonly history: RunHistory; readonly stamp: string } | undefined;
  #isListening = false;

  /** @throws RuntimeError JOURNAL_* for a folder that cannot be read */
  constructor(dataDir: string, versions: PictureVersions) {
    this.#dataDir = dataDir;
    this.#versions = versions;
    this.#archive = RunArchive.open(dataDir);
  }

  /** The folder as it was at the last look. */
  get archive(): RunArchive {
    return this.#archive;
  }

  /** Looks at the folder anew. @throws RuntimeError JOURNAL_* */
  look(): void {
    const before = this.#archive;
    this.#archive = RunArchive.open(this.#dataDir);
    void before.close();
  }

  listen(): void {
    this.#isListening = true;
  }

  /** Forgets every picture. */
  rest(): void {
    this.#isListening = false;
    this.#pictures.clear();
    this.#fold = undefined;
  }

  model(runId: string): RunModel | undefined {
    return this.#picture(runId)?.model;
  }

  /** The one that was read last is kept. @throws RuntimeError JOURNAL_CORRUPT */
  historyOf(runId: string): RunHistory | undefined {
    const stamp = this.#stampOf(runId);
    if (this.#fold?.history.record.runId === runId && this.#fold.stamp === stamp) return this.#fold.history;
    return this.#read(runId, stamp);
  }

  /** Reads again what the journal has more of. */
  refresh(runId: string): void {
    const picture = this.#pictures.get(runId);
    if (picture !== undefined) this.#bringUp(runId, picture);
  }

  /** The runs of which there are pictures that the journal has more of. */
  changed(): string[] {
    return [...this.#pictures].filter(([runId, { stamp }]) => this.#stampOf(runId) !== stamp).map(([runId]) => runId);
  }

  isHeld(record: RunRecord): boolean {
    return this.#archive.isHeld(record);
  }

  /** Lets go of files. Harmless when repeated. */
  async close(): Promise<void> {
    this.rest();
    await this.#archive.close();
  }

  // --- as a reader

  history(runId: string): RunHistory | undefined {
    return this.#archive.history(runId);
  }

  definitionOf({ origin }: RunHistory) {
    return origin.type === 'run.created' ? this.#archive.definition(origin.definition) : undefined;
  }

  durationsOf(workflow: string): ReadonlyMap<string, number> {
    return this.#archive.durationsOf(workflow);
  }

  holdingOf({ record }: RunHistory): Holding {
    return { isHeld: this.isHeld(record), heldBecause: null };
  }

  // --- inside

  #picture(runId: string): Picture | undefined {
    const known = this.#pictures.get(runId);
    if (known !== undefined && this.#isListening) {
      this.#pictures.delete(runId);
      this.#pictures.set(runId, known);
      return known;
    }
    const stamp = this.#stampOf(runId);
    const model = readRun(this, runId, this.#versions, this.historyOf(runId));
    if (model === undefined) return undefined;
    const picture: Picture = { model, stamp };
    if (!this.#isListening) return picture;
    this.#pictures.set(runId, picture);
    const [oldest] = this.#pictures.keys();
    if (this.#pictures.size > MOST_MODELS && oldest !== undefined) this.#pictures.delete(oldest);
    return picture;
  }

  #bringUp(runId: string, picture: Picture): void {
    const stamp = this.#stampOf(runId);
    if (stamp === picture.stamp) return;
    const history = this.#read(runId, stamp);
    if (history === undefined) return;
    picture.stamp = stamp;
    picture.model.takeHistory(history, this.holdingOf(history));
  }

  #read(runId: string, stamp: string): RunHistory | undefined {
    const history = this.history(runId);
    this.#fold = history === undefined ? undefined : { history, stamp };
    return history;
  }

  #stampOf(runId: string): string {
    try {
      const record = this.#archive.run(runId);
      const isHeld = record !== undefined && this.isHeld(record);
      return `${this.#archive.lastSequence(runId)} ${isHeld} ${this.#archive.engine()?.sinceMs ?? 0}`;
    } catch (error) {
      // A run that cannot be read any more stays as it was seen.
      if (isRuntimeError(error)) return this.#pictures.get(runId)?.stamp ?? '';
      throw error;
    }
  }
}
