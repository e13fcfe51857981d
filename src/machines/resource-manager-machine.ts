// Owns the life of the capacity guard and the giving back of what dead threads held.
//
//   open ──close──▶ (closed)
//    └──thread-exited──↺                                 · gives back, once, what the thread held
//
// Invariant: after `closed` nothing is granted; what is held can still be released. Grants themselves are calls on the
// guard, not events: they are atomic on shared bytes, which threads use without this actor.
// Spawned by the engine's root supervisor, after the journal.

import { setup } from 'xstate';

export type ResourceManagerEvent =
  | { readonly type: 'resource.thread-exited'; readonly threadId: number }
  | { readonly type: 'resource.close' };

export const resourceManagerMachine = setup({
  types: { events: {} as ResourceManagerEvent },
  actions: {
    // Effects, given with provide(): see src/actors/resource-manager.ts.
    reclaim: () => {},
    closeGuard: () => {},
  },
}).createMachine({
  id: 'resource-manager',
  initial: 'open',
  states: {
    open: {
      on: {
        'resource.thread-exited': { actions: 'reclaim' },
        'resource.close': 'closed',
      },
    },
    closed: { type: 'final', entry: 'closeGuard' },
  },
});
