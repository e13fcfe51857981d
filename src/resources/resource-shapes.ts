// Owns the friendly form of a request, `{cpu: {cores: 1}, memory: {gb: 1}, licence: {amount: 2}}`, and what it stands for.
// An unknown shape is an error, never a guess.

import { RuntimeError } from '../domain/runtime-error.ts';
import type { AmountRequest } from './capacity-request.ts';
import { SYSTEM_COMPUTE, SYSTEM_MEMORY } from './default-resources.ts';

/** What one resource of a friendly request may look like; `cores` belongs to cpu, `gb` and `mb` to memory. */
export type ResourceShape =
  | { readonly cores: number }
  | { readonly gb: number }
  | { readonly mb: number }
  | { readonly amount: number };

/** Amounts in people's units by `cpu`, `memory` or resource id. */
export type ShapedRequest = Readonly<Record<string, ResourceShape>>;

const MEGABYTES_PER_GIGABYTE = 1_024;

/**
 * The amounts a friendly request stands for.
 * @throws RuntimeError ARGUMENT_INVALID for a shape that is not known.
 */
export function amountsOfShapes(request: ShapedRequest): AmountRequest[] {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new RuntimeError('ARGUMENT_INVALID', 'a request is an object such as {cpu: {cores: 1}, memory: {gb: 1}}');
  }
  return Object.entries(request).map(([name, shape]) => amountOfShape(name, shape));
}

function amountOfShape(name: string, shape: unknown): AmountRequest {
  const fields: [string, unknown][] = typeof shape === 'object' && shape !== null ? Object.entries(shape) : [];
  const [field, value] = fields[0] ?? ['', undefined];
  if (fields.length === 1 && typeof value === 'number') {
    if (name === 'cpu' && field === 'cores') return { resourceId: SYSTEM_COMPUTE, amount: value };
    if (name === 'memory' && field === 'gb') {
      return { resourceId: SYSTEM_MEMORY, amount: value * MEGABYTES_PER_GIGABYTE };
    }
    if (name === 'memory' && field === 'mb') return { resourceId: SYSTEM_MEMORY, amount: value };
    if (field === 'amount') return { resourceId: name, amount: value };
  }
  const expected =
    name === 'cpu' ? '{cores: number}' : name === 'memory' ? '{gb: number} or {mb: number}' : '{amount: number}';
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `request for "${name}": expected ${expected}, got ${JSON.stringify(shape) ?? String(shape)}`,
    { details: { resource: name } },
  );
}
