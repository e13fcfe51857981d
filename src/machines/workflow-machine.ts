// Owns the life of one workflow run; its tasks live beside it under a registry and report to it once, all together.
//
//   pending ──start──▶ running ──pause──▶ paused ──resume──▶ running
//    └──pause──▶ held ──resume──▶ pending                · held before its start
//   running, paused ──tasks-ended──▶ (failed) | (cancelled) | (completed)
//   pending, held, running, paused ──cancel, deadline──▶ cancelling
//   cancelling ──tasks-ended──▶ (failed) | (cancelled)   · failed after a deadline
//
// Invariants: a run ends only when every task of it has ended; a paused run starts nothing, what runs goes on; a held one
// does not start even if its place comes free. A run that an engine takes up again begins in pending, whatever it was.
// Spawned by the workflow registry of a session.

import { assign, setup } from 'xstate';

export interface WorkflowMachineInput {
  readonly runId: string;
}

interface WorkflowMachineContext extends WorkflowMachineInput {
  readonly reason: string | null;
  readonly timedOut: boolean;
}

export type WorkflowEvent =
  | { readonly type: 'run.start' }
  | { readonly type: 'run.pause' }
  | { readonly type: 'run.resume' }
  | { readonly type: 'run.cancel'; readonly reason: string }
  | { readonly type: 'run.deadline' }
  /** Every task has ended; `failed` and `cancelled` count required ones. */
  | { readonly type: 'run.tasks-ended'; readonly failed: number; readonly cancelled: number };

export interface WorkflowEnding {
  readonly runId: string;
  readonly reason: string | null;
  readonly timedOut: boolean;
}

export const workflowMachine = setup({
  types: {
    context: {} as WorkflowMachineContext,
    events: {} as WorkflowEvent,
    input: {} as WorkflowMachineInput,
    output: {} as WorkflowEnding,
  },
  guards: {
    hasFailures: ({ event }) => event.type === 'run.tasks-ended' && event.failed > 0,
    hasCancellations: ({ event }) => event.type === 'run.tasks-ended' && event.cancelled > 0,
    hasTimedOut: ({ context }) => context.timedOut,
  },
  actions: {
    // Effects, given with provide(): see src/actors/workflow-run.ts.
    startTasks: () => {},
    pauseTasks: () => {},
    holdStart: () => {},
    releaseStart: () => {},
    resumeTasks: () => {},
    cancelTasks: () => {},
    reportCompleted: () => {},
    reportFailed: () => {},
    reportCancelled: () => {},
    // Quantities.
    keepReason: assign(({ event }) => (event.type === 'run.cancel' ? { reason: event.reason } : {})),
    keepDeadline: assign({ timedOut: true, reason: 'the run took longer than its time-out' }),
  },
}).createMachine({
  id: 'workflow',
  context: ({ input }) => ({ ...input, reason: null, timedOut: false }),
  initial: 'pending',
  states: {
    pending: {
      on: {
        'run.start': { target: 'running', actions: 'startTasks' },
        'run.pause': { target: 'held', actions: 'holdStart' },
        'run.cancel': { target: 'cancelling', actions: 'keepReason' },
        'run.deadline': { target: 'cancelling', actions: 'keepDeadline' },
      },
    },
    held: {
      on: {
        'run.resume': { target: 'pending', actions: 'releaseStart' },
        'run.cancel': { target: 'cancelling', actions: 'keepReason' },
        'run.deadline': { target: 'cancelling', actions: 'keepDeadline' },
      },
    },
    running: {
      on: {
        'run.tasks-ended': [
          { guard: 'hasFailures', target: 'failed' },
          { guard: 'hasCancellations', target: 'cancelled' },
          { target: 'completed' },
        ],
        'run.pause': { target: 'paused', actions: 'pauseTasks' },
        'run.cancel': { target: 'cancelling', actions: 'keepReason' },
        'run.deadline': { target: 'cancelling', actions: 'keepDeadline' },
      },
    },
    paused: {
      on: {
        'run.tasks-ended': [
          { guard: 'hasFailures', target: 'failed' },
          { guard: 'hasCancellations', target: 'cancelled' },
          { target: 'completed' },
        ],
        'run.resume': { target: 'running', actions: 'resumeTasks' },
        'run.cancel': { target: 'cancelling', actions: 'keepReason' },
        'run.deadline': { target: 'cancelling', actions: 'keepDeadline' },
      },
    },
    cancelling: {
      entry: 'cancelTasks',
      on: {
        'run.tasks-ended': [{ guard: 'hasTimedOut', target: 'failed' }, { target: 'cancelled' }],
      },
    },
    completed: { type: 'final', entry: 'reportCompleted' },
    failed: { type: 'final', entry: 'reportFailed' },
    cancelled: { type: 'final', entry: 'reportCancelled' },
  },
  output: ({ context }) => ({ runId: context.runId, reason: context.reason, timedOut: context.timedOut }),
});
