// Owns what each mode means for the order of ready tasks: the (level, order) keys of a task, fixed when its run starts.
//
//   sequential      one task at a time, in topological order with ties by place in the file
//   parallel        every ready task as soon as there is a slot, first ready first
//   priority        strict priority levels, first ready first within one
//   resource_aware  priority levels, then longest remaining path first (upward rank)
//
// Source of the upward rank: H. Topcuoglu et al., "Performance-effective and low-complexity task scheduling for
// heterogeneous computing" (HEFT), IEEE TPDS 13(3), 2002.

import { assertNever } from '../domain/runtime-error.ts';
import { type ExecutionMode, TaskPriority } from '../domain/statuses.ts';

export interface OrderFacts {
  readonly priority: TaskPriority;
  /** Place in the topological order of the run. */
  readonly topologicalPlace: number;
  /** Seconds of the longest path from the start of this task to the end of the run. */
  readonly upwardRank: number;
}

export interface OrderKeys {
  readonly level: number;
  readonly order: number;
}

export function orderKeys(mode: ExecutionMode, facts: OrderFacts): OrderKeys {
  switch (mode) {
    case 'sequential':
      return { level: TaskPriority.NORMAL, order: facts.topologicalPlace };
    case 'parallel':
      return { level: TaskPriority.NORMAL, order: 0 };
    case 'priority':
      return { level: facts.priority, order: 0 };
    case 'resource_aware':
      return { level: facts.priority, order: -facts.upwardRank };
    default:
      return assertNever(mode);
  }
}
