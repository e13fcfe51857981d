// Owns the life of the thread pool: starting it, replacing threads that died, draining and stopping it.
//
//   starting ──started──▶ ready ──thread-exited──▶ short ──complete──▶ ready   · short: replacements on the way
//    └──failed──▶ dead                                   · dead: no thread can be started any more
//   ready, short ──died──▶ dead ──complete──▶ ready
//   starting, ready, short, dead ──stop──▶ stopping ──stopped──▶ (stopped)
//
// Invariant: `stopped` is reached only after every thread has exited.
// Spawned by the engine's root supervisor, after the resource manager.

import { assign, setup } from 'xstate';

interface WorkerPoolContext {
  readonly reason: string | null;
}

export type WorkerPoolEvent =
  | { readonly type: 'pool.started' }
  | { readonly type: 'pool.failed'; readonly reason: string }
  | { readonly type: 'pool.thread-exited' }
  | { readonly type: 'pool.complete' }
  | { readonly type: 'pool.died'; readonly reason: string }
  | { readonly type: 'pool.stop' }
  | { readonly type: 'pool.stopped' };

export const workerPoolMachine = setup({
  types: { context: {} as WorkerPoolContext, events: {} as WorkerPoolEvent },
  actions: {
    // Effects, given with provide(): see src/actors/worker-pool.ts.
    startThreads: () => {},
    stopThreads: () => {},
    // Quantities.
    keepReason: assign(({ event }) =>
      event.type === 'pool.failed' || event.type === 'pool.died' ? { reason: event.reason } : {},
    ),
  },
}).createMachine({
  id: 'worker-pool',
  context: { reason: null },
  initial: 'starting',
  states: {
    starting: {
      entry: 'startThreads',
      on: {
        'pool.started': 'ready',
        'pool.failed': { target: 'dead', actions: 'keepReason' },
        'pool.stop': 'stopping',
      },
    },
    ready: {
      on: {
        'pool.thread-exited': 'short',
        'pool.died': { target: 'dead', actions: 'keepReason' },
        'pool.stop': 'stopping',
      },
    },
    short: {
      on: {
        'pool.complete': 'ready',
        'pool.died': { target: 'dead', actions: 'keepReason' },
        'pool.stop': 'stopping',
      },
    },
    dead: { on: { 'pool.complete': 'ready', 'pool.stop': 'stopping' } },
    stopping: { entry: 'stopThreads', on: { 'pool.stopped': 'stopped' } },
    stopped: { type: 'final' },
  },
});
