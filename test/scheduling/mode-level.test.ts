// What each mode makes of priority, place and rank.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExecutionMode, TaskPriority } from '../../src/domain/statuses.ts';
import { type OrderFacts, orderKeys } from '../../src/scheduling/mode-order.ts';

const facts: fc.Arbitrary<OrderFacts> = fc.record({
  priority: fc.constantFrom(...Object.values(TaskPriority)),
  topologicalPlace: fc.nat(),
  upwardRank: fc.double({ min: 0, max: 1e9, noNaN: true }),
});

/** Below zero when the first goes first. */
function compare(mode: ExecutionMode, a: OrderFacts, b: OrderFacts): number {
  const [x, y] = [orderKeys(mode, a), orderKeys(mode, b)];
  return Math.sign(x.level - y.level || x.order - y.order);
}

const meanings: Record<ExecutionMode, (a: OrderFacts, b: OrderFacts) => number> = {
  sequential: (a, b) => a.topologicalPlace - b.topologicalPlace,
  parallel: () => 0,
  priority: (a, b) => a.priority - b.priority,
  resource_aware: (a, b) => a.priority - b.priority || b.upwardRank - a.upwardRank,
};

describe('orderKeys', () => {
  it.each(Object.values(ExecutionMode))('%s orders by what it promises and by nothing else', (mode) => {
    fc.assert(
      fc.property(facts, facts, (a, b) => {
        expect(compare(mode, a, b)).toBe(Math.sign(meanings[mode](a, b)));
      }),
    );
  });

  it('refuses a mode that is none', () => {
    expect(() => orderKeys('wild' as ExecutionMode, { priority: 2, topologicalPlace: 0, upwardRank: 0 })).toThrow(
      /unexpected variant/,
    );
  });
});
