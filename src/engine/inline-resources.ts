// Owns the way in which bodies on the main loop take capacity: from the same guard that threads share.

import type { TaskPriority } from '../domain/statuses.ts';
import type { CapacityGuard } from '../resources/capacity-guard.ts';
import type { InlineResources } from '../workers/inline-context.ts';

/** Capacity for inline tasks; what one does not give back goes back when its attempt ends. */
export function inlineResources(
  guard: CapacityGuard,
  priorityOf: (attemptKey: number) => TaskPriority,
): InlineResources {
  return {
    tryAllocate: (owner, request) => {
      return guard.allocateAll(request, owner)?.allocationId ?? null;
    },
    allocate: async (owner, request, { attemptKey, ...options }) => {
      const priority = priorityOf(attemptKey);
      const { allocationId } = await guard.acquire(request, { ...options, priority, requesterId: owner });
      return allocationId;
    },
    release: (_owner, allocationId) => guard.release(allocationId),
    releaseAll: (owner) => guard.releaseAll(owner),
  };
}
