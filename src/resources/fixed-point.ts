// Owns the conversion between amounts as people write them (0.5 cores) and whole units as the ledger counts them.
// Why: sums of binary fractions drift; whole units do not. Must never round an amount to a different one.

import { RuntimeError } from '../domain/runtime-error.ts';
import { MAX_UNITS } from './ledger-layout.ts';

/** One unit is `numerator / denominator`, both whole; one of them is 1. */
export interface UnitScale {
  readonly numerator: number;
  readonly denominator: number;
}

/** How far, in units, binary fractions may lie beside a whole number: 0.3 / 0.1 is 2.9999999999999996. */
function toleranceOf(units: number): number {
  return 1e-9 + units * 2e-15;
}

/**
 * The scale of a granularity: a whole number (1, 64) or one part of a whole (0.5, 0.1, 0.001).
 * @throws RuntimeError RESOURCE_AMOUNT_INVALID
 */
export function scaleOf(resourceId: string, granularity: number): UnitScale {
  if (Number.isInteger(granularity) && granularity >= 1 && granularity <= MAX_UNITS) {
    return { numerator: granularity, denominator: 1 };
  }
  const denominator = Math.round(1 / granularity);
  if (denominator >= 1 && denominator <= 1e9 && Math.abs(1 / granularity - denominator) <= toleranceOf(denominator)) {
    return { numerator: 1, denominator };
  }
  throw new RuntimeError(
    'RESOURCE_AMOUNT_INVALID',
    `resource "${resourceId}": granularity ${granularity} is neither whole nor one part of a whole; use one such as 1, 0.5, 0.1 or 0.001`,
    { details: { resourceId, granularity } },
  );
}

/** The smallest amount of a scale. */
export function granularityOf(scale: UnitScale): number {
  return scale.numerator / scale.denominator;
}

/**
 * Units of an amount that is asked for: finite, above 0, a whole multiple of the granularity, at most MAX_UNITS units.
 * @throws RuntimeError RESOURCE_AMOUNT_INVALID
 */
export function unitsOfAmount(resourceId: string, amount: number, scale: UnitScale): number {
  const units = wholeUnits(amount, scale);
  if (units !== undefined && units > 0) return units;
  throw amountError(resourceId, 'amount', amount, scale, 'above 0');
}

/**
 * Units of a capacity: as for an amount, and 0 is allowed.
 * @throws RuntimeError RESOURCE_AMOUNT_INVALID
 */
export function unitsOfCapacity(resourceId: string, capacity: number, scale: UnitScale): number {
  const units = wholeUnits(capacity, scale);
  if (units !== undefined) return units;
  throw amountError(resourceId, 'capacity', capacity, scale, 'not negative');
}

/** The amount that a number of units stands for, rounded once: 3 units of 0.1 are 0.3. */
export function amountOfUnits(units: number, scale: UnitScale): number {
  return (units * scale.numerator) / scale.denominator;
}

function wholeUnits(amount: number, scale: UnitScale): number | undefined {
  // Border with untyped callers (workflow files, task code): the type alone does not keep a string out.
  if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0) return undefined;
  const exact = (amount * scale.denominator) / scale.numerator;
  const units = Math.round(exact);
  if (units > MAX_UNITS || Math.abs(exact - units) > toleranceOf(units)) return undefined;
  if (units === 0 && amount !== 0) return undefined;
  return units;
}

function amountError(
  resourceId: string,
  what: 'amount' | 'capacity',
  amount: unknown,
  scale: UnitScale,
  sign: string,
): RuntimeError {
  const granularity = granularityOf(scale);
  const largest = amountOfUnits(MAX_UNITS, scale);
  const shown = typeof amount === 'number' ? String(amount) : `of type ${typeof amount}`;
  return new RuntimeError(
    'RESOURCE_AMOUNT_INVALID',
    `resource "${resourceId}": ${what} ${shown} is not valid; give a number that is ${sign}, a whole multiple of ${granularity} and at most ${largest}`,
    { details: { resourceId, amount: typeof amount === 'number' ? amount : null, granularity } },
  );
}
