// Tests the conversion between amounts and whole units.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  amountOfUnits,
  granularityOf,
  scaleOf,
  unitsOfAmount,
  unitsOfCapacity,
} from '../../src/resources/fixed-point.ts';
import { MAX_UNITS } from '../../src/resources/ledger-layout.ts';
import { codeOf } from './virtual-time.ts';

describe('fixed point amounts', () => {
  it('counts binary fractions exactly: 0.1 + 0.2 of 0.1 is 3 units, and 3 units are 0.3', () => {
    const tenths = scaleOf('r', 0.1);
    expect(unitsOfAmount('r', 0.1 + 0.2, tenths)).toBe(3);
    expect(amountOfUnits(3, tenths)).toBe(0.3);
    expect(granularityOf(tenths)).toBe(0.1);
  });

  it('gives every whole number of units back as the amount it stood for', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 0.5, 0.25, 0.1, 0.01, 0.001, 1 / 3, 1 / 7, 2, 64, 1_000),
        fc.integer({ min: 1, max: MAX_UNITS }),
        (granularity, units) => {
          const scale = scaleOf('r', granularity);
          expect(unitsOfAmount('r', amountOfUnits(units, scale), scale)).toBe(units);
          // However the caller computed it.
          expect(unitsOfAmount('r', units * granularity, scale)).toBe(units);
        },
      ),
    );
  });

  it('7. refuses what is not positive, finite, whole in units and within 32 bits, and says what to give', () => {
    const whole = scaleOf('disk', 1);
    for (const amount of [0, -1, 0.5, 1.0000001, Number.NaN, Number.POSITIVE_INFINITY, MAX_UNITS + 1]) {
      expect(codeOf(() => unitsOfAmount('disk', amount, whole))).toBe('RESOURCE_AMOUNT_INVALID');
    }
    expect(() => unitsOfAmount('disk', 0.25, scaleOf('disk', 0.1))).toThrow(
      'resource "disk": amount 0.25 is not valid; give a number that is above 0, a whole multiple of 0.1',
    );
    // Workflow files and task code are not type checked.
    expect(codeOf(() => unitsOfAmount('disk', JSON.parse('"3"'), whole))).toBe('RESOURCE_AMOUNT_INVALID');
    expect(codeOf(() => unitsOfAmount('disk', JSON.parse('null'), whole))).toBe('RESOURCE_AMOUNT_INVALID');
  });

  it('never rounds an amount too small to count down to nothing', () => {
    expect(codeOf(() => unitsOfAmount('r', 1e-12, scaleOf('r', 1)))).toBe('RESOURCE_AMOUNT_INVALID');
    expect(codeOf(() => unitsOfCapacity('r', 1e-12, scaleOf('r', 1)))).toBe('RESOURCE_AMOUNT_INVALID');
  });

  it('allows a capacity of 0 and refuses a negative one', () => {
    expect(unitsOfCapacity('r', 0, scaleOf('r', 1))).toBe(0);
    expect(codeOf(() => unitsOfCapacity('r', -1, scaleOf('r', 1)))).toBe('RESOURCE_AMOUNT_INVALID');
  });

  it('refuses a granularity that is neither whole nor one part of a whole', () => {
    for (const granularity of [0, -1, 0.3, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 1e-12]) {
      expect(codeOf(() => scaleOf('r', granularity))).toBe('RESOURCE_AMOUNT_INVALID');
    }
  });
});
