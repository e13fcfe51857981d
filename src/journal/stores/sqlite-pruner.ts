// Owns forgetting on the writer thread: the rows of ended runs, in transactions of bounded size so that facts are never
// kept waiting, and the free pages they leave. What only they named stays on a list until the files are known to be gone:
// a crash in between forgets nothing.

import type { StatementSync } from 'node:sqlite';
import { storeFault } from './sqlite-faults.ts';
import { numberIn, textIn } from './sqlite-rows.ts';
import type { WriterStore } from './sqlite-writer-store.ts';

/** Of one transaction. */
const MAX_RUNS = 200;
const MAX_CHUNKS = 1_000;
const MAX_CHARACTERS = 8 * 1_048_576;
const SHRINK_PAGES = 256;
/** Free pages that stay for the next facts: one in so many, and at least so many. */
const SPARE_SHARE = 16;
const SPARE_PAGES = 32;

export class Pruner {
  readonly #store: WriterStore;
  readonly #findRun: StatementSync;
  readonly #findChunks: StatementSync;
  readonly #dropChunks: StatementSync;
  readonly #dropRun: readonly StatementSync[];
  readonly #dropDefinition: StatementSync;

  constructor(store: WriterStore) {
    const { database } = store;
    this.#store = store;
    this.#findRun = database.prepare(
      'SELECT number, definition FROM runs WHERE run_id = ? AND is_open = 0 AND ended_at_ms IS NOT NULL',
    );
    this.#findChunks = database.prepare('SELECT first, size FROM chunks WHERE run = ? ORDER BY first LIMIT ?');
    this.#dropChunks = database.prepare('DELETE FROM chunks WHERE run = ? AND first <= ?');
    this.#dropRun = [
      'INSERT OR IGNORE INTO orphans SELECT hash FROM artifacts AS gone WHERE run = ?1 AND NOT EXISTS ' +
        '(SELECT 1 FROM artifacts AS kept WHERE kept.hash = gone.hash AND kept.run <> ?1)',
      'DELETE FROM artifacts WHERE run = ?1',
      'DELETE FROM runs WHERE number = ?1',
    ].map((text) => database.prepare(text));
    this.#dropDefinition = database.prepare(
      'DELETE FROM definitions WHERE key = ?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE definition = ?1)',
    );
  }

  /** Forgets as many of the runs as one transaction may; gives `+id` for each forgotten one, `-id` for each left alone. */
  forget(runIds: readonly string[]): string[] {
    return this.#store.inTransaction(() => {
      const budget = { chunks: MAX_CHUNKS, characters: MAX_CHARACTERS };
      const done: string[] = [];
      for (const runId of runIds.slice(0, MAX_RUNS)) {
        const found = this.#findRun.get(runId);
        if (found === undefined) {
          done.push(`-${runId}`);
          continue;
        }
        const number = numberIn(found, 'number');
        if (!this.#forgetChunks(number, budget)) break;
        for (const statement of this.#dropRun) statement.run(number);
        if (found.definition !== null) this.#dropDefinition.run(textIn(found, 'definition'));
        done.push(`+${runId}`);
      }
      return done;
    });
  }

  /** What no remaining fact names; `handled` leaves the list first. */
  orphans(handled: readonly string[]): string[] {
    const { database } = this.#store;
    return this.#store.inTransaction(() => {
      const drop = database.prepare('DELETE FROM orphans WHERE hash = ?');
      for (const hash of handled) drop.run(hash);
      database.exec('DELETE FROM orphans WHERE hash IN (SELECT hash FROM artifacts)');
      return database
        .prepare('SELECT hash FROM orphans')
        .all()
        .map((row) => textIn(row, 'hash'));
    });
  }

  /** Gives free pages back, a few at a time; whether there are more to give. */
  shrink(): boolean {
    const { database, file } = this.#store;
    try {
      const pragma = (name: string) => numberIn(database.prepare(`PRAGMA ${name}`).get(), name);
      const spare = Math.max(SPARE_PAGES, Math.floor(pragma('page_count') / SPARE_SHARE));
      const surplus = pragma('freelist_count') - spare;
      if (surplus > 0) database.exec(`PRAGMA incremental_vacuum(${Math.min(surplus, SHRINK_PAGES)})`);
      if (surplus > SHRINK_PAGES) return true;
      // The file gets shorter when the log is moved to it; a reader in the way only puts that off.
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
      return false;
    } catch (error) {
      throw storeFault(error, 'write', file);
    }
  }

  #forgetChunks(run: number, budget: { chunks: number; characters: number }): boolean {
    const chunks = this.#findChunks.all(run, MAX_CHUNKS);
    let upTo = 0;
    let taken = 0;
    for (const chunk of chunks) {
      if (budget.chunks <= 0 || budget.characters <= 0) break;
      budget.chunks -= 1;
      budget.characters -= numberIn(chunk, 'size');
      taken += 1;
      upTo = numberIn(chunk, 'first');
    }
    if (upTo > 0) this.#dropChunks.run(run, upTo);
    return taken === chunks.length && taken < MAX_CHUNKS;
  }
}
