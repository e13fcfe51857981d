// Owns whether ready tasks may start. Which one starts next is the scheduler's; who runs it is the executor's.
//
//   dispatching ──hold──▶ held ──resume──▶ dispatching   · held by a person: nothing starts, what runs goes on
//   dispatching, held ──drain──▶ draining
//   any ──stop──▶ (stopped)
//   any ──crash──↺                                       · the loop threw: the actor ends with its error
//
// Invariant: outside `dispatching` no task starts. Tasks do not pass through this mailbox: at 3–5 µs an event that would
// double the cost of a task, so the states open and close a gate that the dispatch loop reads.
// Spawned by the engine's root supervisor, after the worker pool.

import { setup } from 'xstate';

export type DispatcherEvent =
  | { readonly type: 'dispatch.hold' }
  | { readonly type: 'dispatch.resume' }
  | { readonly type: 'dispatch.drain' }
  | { readonly type: 'dispatch.stop' }
  /** The dispatch loop threw. */
  | { readonly type: 'dispatch.crash'; readonly error: unknown };

export const dispatcherMachine = setup({
  types: { events: {} as DispatcherEvent },
  actions: {
    // Effects, given with provide(): see src/actors/dispatcher.ts.
    openGate: () => {},
    closeGate: () => {},
    // The loop runs outside of the actor; its fault is the actor's, so that the supervisor hears of it.
    escalate: ({ event }) => {
      if (event.type === 'dispatch.crash') throw event.error;
    },
  },
}).createMachine({
  id: 'dispatcher',
  initial: 'dispatching',
  on: { 'dispatch.crash': { actions: 'escalate' } },
  states: {
    dispatching: {
      entry: 'openGate',
      on: { 'dispatch.hold': 'held', 'dispatch.drain': 'draining', 'dispatch.stop': 'stopped' },
    },
    held: {
      entry: 'closeGate',
      on: { 'dispatch.resume': 'dispatching', 'dispatch.drain': 'draining', 'dispatch.stop': 'stopped' },
    },
    draining: {
      entry: 'closeGate',
      on: { 'dispatch.stop': 'stopped' },
    },
    stopped: { type: 'final', entry: 'closeGate' },
  },
});
