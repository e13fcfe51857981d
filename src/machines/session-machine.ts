// Owns the life of one session: the frame of limits and time in which workflows run.
//
//   pending ──start──▶ active ──close──▶ closing ──runs-ended──▶ (completed)
//    ├──close──▶ (completed)
//    └──cancel──▶ (cancelled)
//   active, closing ──cancel, deadline──▶ cancelling ──runs-ended──▶ (failed) | (cancelled)   · failed after a deadline
//
// Invariants: a closing session starts no new run; it ends only when all its runs have ended.
// Spawned by the sessions registry of the engine.

import { assign, setup } from 'xstate';

export interface SessionMachineInput {
  readonly sessionId: string;
}

interface SessionMachineContext extends SessionMachineInput {
  readonly reason: string | null;
  readonly timedOut: boolean;
}

export type SessionEvent =
  | { readonly type: 'session.start' }
  | { readonly type: 'session.close' }
  | { readonly type: 'session.cancel'; readonly reason: string }
  | { readonly type: 'session.deadline' }
  | { readonly type: 'session.runs-ended' };

export interface SessionEnding {
  readonly sessionId: string;
  readonly reason: string | null;
}

export const sessionMachine = setup({
  types: {
    context: {} as SessionMachineContext,
    events: {} as SessionEvent,
    input: {} as SessionMachineInput,
    output: {} as SessionEnding,
  },
  guards: { hasTimedOut: ({ context }) => context.timedOut },
  actions: {
    // Effects, given with provide(): see src/actors/session.ts.
    reportStarted: () => {},
    awaitRuns: () => {},
    cancelRuns: () => {},
    reportClosed: () => {},
    // Quantities.
    keepReason: assign(({ event }) => (event.type === 'session.cancel' ? { reason: event.reason } : {})),
    keepDeadline: assign({ timedOut: true, reason: 'the session ran longer than its time-out' }),
  },
}).createMachine({
  id: 'session',
  context: ({ input }) => ({ ...input, reason: null, timedOut: false }),
  initial: 'pending',
  states: {
    pending: {
      on: {
        'session.start': 'active',
        'session.close': 'completed',
        'session.cancel': { target: 'cancelled', actions: 'keepReason' },
      },
    },
    active: {
      entry: 'reportStarted',
      on: {
        'session.close': 'closing',
        'session.cancel': { target: 'cancelling', actions: 'keepReason' },
        'session.deadline': { target: 'cancelling', actions: 'keepDeadline' },
      },
    },
    closing: {
      entry: 'awaitRuns',
      on: {
        'session.runs-ended': 'completed',
        'session.cancel': { target: 'cancelling', actions: 'keepReason' },
        'session.deadline': { target: 'cancelling', actions: 'keepDeadline' },
      },
    },
    cancelling: {
      entry: 'cancelRuns',
      on: { 'session.runs-ended': [{ guard: 'hasTimedOut', target: 'failed' }, { target: 'cancelled' }] },
    },
    completed: { type: 'final', entry: 'reportClosed' },
    cancelled: { type: 'final', entry: 'reportClosed' },
    failed: { type: 'final', entry: 'reportClosed' },
  },
  output: ({ context }) => ({ sessionId: context.sessionId, reason: context.reason }),
});
