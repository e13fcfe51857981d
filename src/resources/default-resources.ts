// Owns the resources every engine starts with, and how large this machine is.

import { availableParallelism, totalmem } from 'node:os';
import { ResourceType } from '../domain/statuses.ts';
import type { RegisterOptions } from './resource-registry.ts';

export const SYSTEM_COMPUTE = 'sys-compute';
export const SYSTEM_MEMORY = 'sys-memory';
export const API_QUOTA = 'api-global';

const BYTES_PER_MEGABYTE = 1_048_576;

/** A resource to register. */
export interface DefaultResource {
  readonly resourceId: string;
  readonly type: ResourceType;
  readonly capacity: number;
  readonly options: RegisterOptions;
}

/** What a machine has for this process. */
export interface MachineSize {
  /** Logical processors. */
  readonly cpuCount: number;
  readonly memoryBytes: number;
}

/** The processors and memory this process may use; a container's limits count. */
export function readMachine(): MachineSize {
  const total = totalmem();
  const constrained = process.constrainedMemory();
  // 0 or a figure above what the machine has means: no limit.
  const memoryBytes = constrained > 0 && constrained < total ? constrained : total;
  return { cpuCount: availableParallelism(), memoryBytes };
}

/** Processors in thousandths, memory in MB (2^20 bytes), and 1,000 API calls in any 60 s. */
export function defaultResources(machine: MachineSize): readonly DefaultResource[] {
  return [
    {
      resourceId: SYSTEM_COMPUTE,
      type: ResourceType.COMPUTE,
      capacity: machine.cpuCount,
      options: { granularity: 0.001, description: 'logical processors of this machine' },
    },
    {
      resourceId: SYSTEM_MEMORY,
      type: ResourceType.MEMORY,
      capacity: Math.floor(machine.memoryBytes / BYTES_PER_MEGABYTE),
      options: { description: 'memory of this machine in MB' },
    },
    {
      resourceId: API_QUOTA,
      type: ResourceType.API_QUOTA,
      capacity: 1_000,
      options: { refill: { periodMs: 60_000 }, description: 'API calls in any 60 seconds' },
    },
  ];
}
