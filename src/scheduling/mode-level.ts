// Owns what each mode makes of priorities. The order within a level is made in the engine, from the graph and its times:
//
//   sequential      one task at a time, in topological order with ties by place in the file
//   parallel        every ready task as soon as there is a slot, first ready first
//   priority        strict priority levels, first ready first within one; what waits long gains levels
//   resource_aware  priority levels, then the order of the plan, or longest remaining path first (upward rank)

import { assertNever } from '../domain/runtime-error.ts';
import { type ExecutionMode, TaskPriority } from '../domain/statuses.ts';

/** The level at which a task of some priority competes, 0 first. */
export function levelOf(mode: ExecutionMode, priority: TaskPriority): TaskPriority {
  switch (mode) {
    case 'sequential':
    case 'parallel':
      return TaskPriority.NORMAL;
    case 'priority':
    case 'resource_aware':
      return priority;
    default:
      return assertNever(mode);
  }
}
