// Owns the journal actor's effect: closing the store, once, when the engine stops.

import type { Journal } from '../journal/journal.ts';
import { journalMachine } from '../machines/journal-machine.ts';

export type JournalLogic = typeof journalMachine;

export function createJournalLogic(journal: Journal): JournalLogic {
  return journalMachine.provide({
    actions: {
      closeStore: ({ self }) => {
        journal.close().then(
          () => self.send({ type: 'journal.closed' }),
          (error: unknown) => self.send({ type: 'journal.failed', reason: String(error) }),
        );
      },
    },
  });
}
