// Owns what a request for capacity means: amounts by resource id, checked once, as ledger indices and units.
// Why: both faces (main thread, threads) refuse the same bad input with the same words, and the ledger sees only numbers
// in ascending order. Must never take anything.

import { NearNames } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { amountOfUnits, type UnitScale, unitsOfAmount } from './fixed-point.ts';

/** One resource of a request. */
export interface AmountRequest {
  readonly resourceId: string;
  readonly amount: number;
}

/** Amounts by resource id, or a list in which a resource may occur more than once (its amounts add up). */
export type CapacityRequest = Readonly<Record<string, number>> | readonly AmountRequest[];

/** A checked request: parallel lists, ascending by index, each resource once. Made by `prepare`, never by hand. */
export interface PreparedRequest {
  readonly ids: readonly string[];
  readonly indices: readonly number[];
  readonly units: readonly number[];
  /** Which of them are quotas; null when none is. */
  readonly quotas: readonly boolean[] | null;
}

/** What a request needs to know of a resource. */
export interface RequestableResource {
  readonly index: number;
  readonly scale: UnitScale;
  readonly kind: 'counting' | 'quota';
}

/** Where requests look resources up. */
export interface ResourceDirectory {
  find(resourceId: string): RequestableResource | undefined;
  ids(): Iterable<string>;
  capacityUnits(index: number): number;
}

/**
 * Checks a request against the resources that exist. What was granted already is not held against a capacity that was
 * lowered since.
 * @throws RuntimeError RESOURCE_NOT_FOUND, RESOURCE_AMOUNT_INVALID, RESOURCE_CAPACITY_EXCEEDED
 */
export function prepareRequest(
  request: CapacityRequest,
  directory: ResourceDirectory,
  stage: 'asked for' | 'granted already' = 'asked for',
): PreparedRequest {
  const wanted: { id: string; resource: RequestableResource; units: number }[] = [];
  for (const { resourceId, amount } of entriesOf(request)) {
    const resource = directory.find(resourceId);
    if (resource === undefined) throw resourceNotFound(resourceId, directory.ids());
    const units = unitsOfAmount(resourceId, amount, resource.scale);
    const same = wanted.find((entry) => entry.id === resourceId);
    if (same === undefined) wanted.push({ id: resourceId, resource, units });
    else same.units += units;
  }
  for (const { id, resource, units } of wanted) {
    const capacity = directory.capacityUnits(resource.index);
    if (stage === 'asked for' && units > capacity) throw capacityExceeded(id, units, capacity, resource.scale);
  }
  wanted.sort((a, b) => a.resource.index - b.resource.index);
  return {
    ids: wanted.map((entry) => entry.id),
    indices: wanted.map((entry) => entry.resource.index),
    units: wanted.map((entry) => entry.units),
    quotas: wanted.some((entry) => entry.resource.kind === 'quota')
      ? wanted.map((entry) => entry.resource.kind === 'quota')
      : null,
  };
}

/** Refuses a request that names nothing: asked for by hand, that is a mistake. @throws RuntimeError ARGUMENT_INVALID */
export function requireSome(request: PreparedRequest): PreparedRequest {
  if (request.ids.length > 0) return request;
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    'a request for capacity names no resource; give at least one id and amount',
  );
}

/** Checks a time-out. @throws RuntimeError ARGUMENT_INVALID */
export function requireTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || timeoutMs >= 0) return;
  throw new RuntimeError('ARGUMENT_INVALID', `a time-out of ${timeoutMs} ms is not valid; give 0 or more`);
}

/** The error of a wait whose time is over. */
export function timedOut(request: PreparedRequest, timeoutMs: number): RuntimeError {
  return new RuntimeError(
    'RESOURCE_TIMEOUT',
    `capacity of ${request.ids.map((id) => `"${id}"`).join(', ')} did not come free within ${timeoutMs} ms; nothing is held, try again or wait longer`,
    { details: { resourceIds: request.ids, timeoutMs } },
  );
}

/** The error for an id that is not registered, with the nearest one that is. */
export function resourceNotFound(resourceId: string, known: Iterable<string>): RuntimeError {
  const nearest = new NearNames(known).nearest(String(resourceId));
  const remedy = nearest === undefined ? 'register it first' : `did you mean "${nearest}"?`;
  return new RuntimeError('RESOURCE_NOT_FOUND', `no resource "${resourceId}" is registered; ${remedy}`, {
    details: { resourceId, ...(nearest === undefined ? {} : { nearest }) },
  });
}

function capacityExceeded(id: string, units: number, capacityUnits: number, scale: UnitScale): RuntimeError {
  const amount = amountOfUnits(units, scale);
  const capacity = amountOfUnits(capacityUnits, scale);
  return new RuntimeError(
    'RESOURCE_CAPACITY_EXCEEDED',
    `resource "${id}": ${amount} is more than its whole capacity ${capacity}; ask for less or raise the capacity`,
    { details: { resourceId: id, amount, capacity } },
  );
}

function entriesOf(request: CapacityRequest): readonly AmountRequest[] {
  if (isList(request)) return request;
  if (typeof request !== 'object' || request === null) {
    throw new RuntimeError('ARGUMENT_INVALID', 'a request for capacity is an object of amounts by resource id');
  }
  return Object.entries(request).map(([resourceId, amount]) => ({ resourceId, amount }));
}

function isList(request: CapacityRequest): request is readonly AmountRequest[] {
  return Array.isArray(request);
}
