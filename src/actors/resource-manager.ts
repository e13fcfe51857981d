// Owns the resource-manager actor's effects on the capacity guard.

import { type ResourceManagerEvent, resourceManagerMachine } from '../machines/resource-manager-machine.ts';

export type ResourceManagerLogic = typeof resourceManagerMachine;

/** What the actor asks of the guard. */
export interface ReclaimingGuard {
  /** Gives back, once, all that a dead thread held. */
  threadExited(threadId: number): void;
  close(): void;
}

export function createResourceManagerLogic(guard: ReclaimingGuard): ResourceManagerLogic {
  return resourceManagerMachine.provide({
    actions: {
      reclaim: ({ event }: { event: ResourceManagerEvent }) => {
        if (event.type === 'resource.thread-exited') guard.threadExited(event.threadId);
      },
      closeGuard: () => guard.close(),
    },
  });
}
