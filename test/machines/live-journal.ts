// Owns the stages of the journal's actor: over the memory store and over a real SQLite store in a folder of its own. A
// close that fails is a real one: the file that the store removes at its end is made a folder.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Actor, createActor, type EventObject } from 'xstate';
import { createJournalLogic, type JournalLogic } from '../../src/actors/journal-keeper.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { createMemoryJournal } from '../../src/journal/stores/memory.ts';
import { openSqliteJournal } from '../../src/journal/stores/sqlite.ts';
import { journalFiles } from '../../src/journal/stores/sqlite-files.ts';
import { makeFact } from '../conformance/facts.ts';
import { ManualTimers } from '../support/manual-timers.ts';
import type { LiveCase, Stage, TransitionWatch } from './live-walk.ts';
import { journalCase } from './machine-catalogue.ts';

const FACTS = 5;

class JournalStage implements Stage {
  readonly actor: Actor<JournalLogic>;
  readonly #journal: Journal;
  readonly #watch: TransitionWatch;
  readonly #dataDir: string | null;

  constructor(journal: Journal, watch: TransitionWatch, dataDir: string | null) {
    this.#journal = journal;
    this.#watch = watch;
    this.#dataDir = dataDir;
    for (let index = 0; index < FACTS; index++) journal.append(makeFact('run', index));
    this.actor = createActor(createJournalLogic(journal));
    watch.follow(this.actor);
    this.actor.start();
  }

  cause(event: EventObject, state: string): void | Promise<void> {
    // While it closes, the store itself says how that went.
    if (state === 'closing') return this.#watch.until(this.#watch.taken.length + 1);
    if (event.type === 'journal.failed') this.#watch.byHand.push(`${state} on ${event.type}`);
    this.actor.send(event as never);
  }

  judge(state: string): void {
    if (state === 'open') {
      expect(this.#journal.append(makeFact('run', FACTS))).toBe(FACTS + 1);
      expect(this.#journal.failure).toBeNull();
    }
    if (state === 'closing' || state === 'closed') {
      expect(() => this.#journal.append(makeFact('run', 0))).toThrow(
        expect.objectContaining({ code: 'ENGINE_CLOSED' }),
      );
    }
    if (state === 'broken') expect(this.actor.getSnapshot().context.reason).not.toBeNull();
  }

  async finish(): Promise<void> {
    this.actor.stop();
    await this.#journal.close().catch(() => {});
    if (this.#dataDir === null) return;
    rmSync(journalFiles(this.#dataDir).owner, { recursive: true, force: true });
    // Closed in order or broken off: what was appended is there for the next life.
    if (this.actor.getSnapshot().value !== 'broken') {
      const again = await openSqliteJournal({
        dataDir: this.#dataDir,
        durability: 'normal',
        clock: new ManualTimers(),
      });
      expect(again.lastSequence()).toBeGreaterThanOrEqual(FACTS);
      await again.close();
    }
    rmSync(this.#dataDir, { recursive: true });
  }
}

export const liveMemoryJournal: LiveCase = {
  name: 'journal over the memory store',
  machine: journalCase,
  build: (_path, watch) => new JournalStage(createMemoryJournal(), watch, null),
  refusal: ({ transitions }) =>
    transitions.some((name) => name.startsWith('closing on journal.failed')) ? MEMORY_CLOSES : null,
};

export const MEMORY_CLOSES = 'the close of the memory store cannot fail';

export const liveSqliteJournal: LiveCase = {
  name: 'journal over the SQLite store',
  machine: journalCase,
  build: async ({ transitions }, watch) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'live-journal-'));
    const journal = await openSqliteJournal({ dataDir, durability: 'normal', clock: new ManualTimers() });
    if (transitions.some((name) => name.startsWith('closing on journal.failed'))) {
      const { owner } = journalFiles(dataDir);
      rmSync(owner);
      mkdirSync(owner);
    }
    return new JournalStage(journal, watch, dataDir);
  },
  refusal: () => null,
};
