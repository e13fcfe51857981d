// Runs the one suite of the journal port on every store there is.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createMemoryJournal } from '../../src/journal/stores/memory.ts';
import { openSqliteJournal } from '../../src/journal/stores/sqlite.ts';
import { ManualTimers } from '../support/manual-timers.ts';
import { journalConformance } from './journal-suite.ts';

const folder = await mkdtemp(join(tmpdir(), 'journal-conformance-'));
let opened = 0;

afterAll(() => rm(folder, { recursive: true, force: true }));

journalConformance('memory', () => createMemoryJournal());
journalConformance('memory, without a bound', () => createMemoryJournal({ keepFacts: Number.POSITIVE_INFINITY }));
for (const durability of ['full', 'normal', 'none'] as const) {
  journalConformance(`sqlite, durability ${durability}`, () =>
    openSqliteJournal({ dataDir: join(folder, `${++opened}`), durability, clock: new ManualTimers() }),
  );
}
