// Owns the life of the journal: open for facts, flushing, closed.
//
//   open ──close──▶ closing ──closed──▶ (closed)
//   open, closing ──failed──▶ (broken)                   · a store that fails
//
// Invariant: facts are appended only while open. Spawned first by the engine's root supervisor: every other part of the
// engine is rebuilt from what it keeps.

import { assign, setup } from 'xstate';

interface JournalContext {
  readonly reason: string | null;
}

export type JournalEvent =
  | { readonly type: 'journal.close' }
  | { readonly type: 'journal.closed' }
  | { readonly type: 'journal.failed'; readonly reason: string };

export const journalMachine = setup({
  types: { context: {} as JournalContext, events: {} as JournalEvent },
  actions: {
    // Effect, given with provide(): see src/actors/journal-keeper.ts.
    closeStore: () => {},
    keepReason: assign(({ event }) => (event.type === 'journal.failed' ? { reason: event.reason } : {})),
  },
}).createMachine({
  id: 'journal',
  context: { reason: null },
  initial: 'open',
  states: {
    open: { on: { 'journal.close': 'closing', 'journal.failed': { target: 'broken', actions: 'keepReason' } } },
    closing: {
      entry: 'closeStore',
      on: { 'journal.closed': 'closed', 'journal.failed': { target: 'broken', actions: 'keepReason' } },
    },
    closed: { type: 'final' },
    broken: { type: 'final' },
  },
});
