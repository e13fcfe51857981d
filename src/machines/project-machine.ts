// Owns the life of a project: which status may follow which.
//
//   planning ──activate──▶ active ──pause──▶ paused ──activate──▶ active
//   active, paused ──complete──▶ completed ──archive──▶ (archived)
//   active, paused ──fail──▶ failed ──archive──▶ (archived)
//   planning, active, paused, completed, failed ──shelve──▶ (archived)   · said outright, of an abandoned one too
//
// Invariants: nothing follows archived; what has completed or failed is worked on no more. Each entry is recorded once.
// Nothing spawns it for long: a project's record is the truth, other processes change it too, and so src/actors/
// project-lifecycle.ts restores an actor at the recorded status for each change.

import { setup } from 'xstate';

export type ProjectEvent =
  | { readonly type: 'project.activate' }
  | { readonly type: 'project.pause' }
  | { readonly type: 'project.complete' }
  | { readonly type: 'project.fail' }
  | { readonly type: 'project.archive' }
  | { readonly type: 'project.shelve' };

export const projectMachine = setup({
  types: { context: {} as Record<string, never>, events: {} as ProjectEvent },
  actions: {
    // Effects, given with provide(): see src/actors/project-lifecycle.ts.
    recordActive: () => {},
    recordPaused: () => {},
    recordCompleted: () => {},
    recordFailed: () => {},
    recordArchived: () => {},
  },
}).createMachine({
  id: 'project',
  context: {},
  initial: 'planning',
  states: {
    planning: { on: { 'project.activate': 'active', 'project.shelve': 'archived' } },
    active: {
      entry: 'recordActive',
      on: {
        'project.pause': 'paused',
        'project.complete': 'completed',
        'project.fail': 'failed',
        'project.shelve': 'archived',
      },
    },
    paused: {
      entry: 'recordPaused',
      on: {
        'project.activate': 'active',
        'project.complete': 'completed',
        'project.fail': 'failed',
        'project.shelve': 'archived',
      },
    },
    completed: { entry: 'recordCompleted', on: { 'project.archive': 'archived', 'project.shelve': 'archived' } },
    failed: { entry: 'recordFailed', on: { 'project.archive': 'archived', 'project.shelve': 'archived' } },
    archived: { type: 'final', entry: 'recordArchived' },
  },
});
