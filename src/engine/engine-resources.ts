// Owns which resources an engine of this machine has before any workflow brings its own, and how such declarations are
// registered: for an engine, for a workflow that it runs, and for a simulation of either.

import { refillPeriodOf } from '../domain/refill-period.ts';
import type { ResourceType } from '../domain/statuses.ts';
import type { CapacityGuard } from '../resources/capacity-guard.ts';
import { defaultResources, readMachine } from '../resources/default-resources.ts';
import type { ResourceConfig } from './engine-config.ts';

/** A resource to be registered. */
export interface DeclaredResource {
  readonly id: string;
  readonly type: ResourceType;
  readonly capacity: number;
  /** Default 1. */
  readonly granularity?: number | undefined;
  /** null or left out = units come back when their holder ends. */
  readonly refillPeriodMs?: number | null | undefined;
}

/** The defaults of this machine, and what is configured beside or instead of them; of one id the last counts. */
export function engineResources(configured: readonly ResourceConfig[]): DeclaredResource[] {
  const own = new Map(configured.map((resource) => [resource.id, resource]));
  const defaults = defaultResources(readMachine()).filter(({ resourceId }) => !own.has(resourceId));
  return [
    ...defaults.map(({ resourceId: id, type, capacity, options }) => ({
      id,
      type,
      capacity,
      granularity: options.granularity,
      refillPeriodMs: options.refill?.periodMs ?? null,
    })),
    ...[...own.values()].map((resource) => ({
      ...resource,
      refillPeriodMs: refillPeriodOf(resource.type, resource.refillPeriodMs),
    })),
  ];
}

/** Registers resources, in their order. @throws RuntimeError as `CapacityGuard.register` */
export function registerResources(guard: CapacityGuard, resources: readonly DeclaredResource[]): void {
  for (const { id, type, capacity, granularity, refillPeriodMs = null } of resources) {
    guard.register(id, type, capacity, {
      ...(granularity === undefined ? {} : { granularity }),
      ...(refillPeriodMs === null ? {} : { refill: { periodMs: refillPeriodMs } }),
    });
  }
}
