// Runs the one suite of the journal port on every store there is.

import { createMemoryJournal } from '../../src/journal/stores/memory.ts';
import { journalConformance } from './journal-suite.ts';

journalConformance('memory', () => createMemoryJournal());
journalConformance('memory, without a bound', () => createMemoryJournal({ keepFacts: Number.POSITIVE_INFINITY }));
