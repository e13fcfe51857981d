// The frontier of a run against a reference that asks every task of itself, on random graphs and random ends.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskStatus } from '../../src/domain/statuses.ts';
import { type DependencyRows, RunFrontier, type TaskEnd } from '../../src/scheduling/run-frontier.ts';

/** Compressed rows of a graph given as the dependencies of each task. */
function rowsOf(dependencies: readonly (readonly number[])[]): DependencyRows {
  const size = dependencies.length;
  const dependencyOffsets = new Int32Array(size + 1);
  const dependentOffsets = new Int32Array(size + 1);
  const lists: number[][] = Array.from({ length: size }, () => []);
  for (const [task, needed] of dependencies.entries()) {
    dependencyOffsets[task + 1] = (dependencyOffsets[task] ?? 0) + needed.length;
    for (const dependency of needed) lists[dependency]?.push(task);
  }
  for (const [task, list] of lists.entries()) dependentOffsets[task + 1] = (dependentOffsets[task] ?? 0) + list.length;
  return {
    size,
    dependencyOffsets,
    dependencies: Int32Array.from(dependencies.flat()),
    dependentOffsets,
    dependents: Int32Array.from(lists.flat()),
  };
}

/** The rules said naively: each task looks at all of its dependencies each time. */
class Reference {
  readonly dependencies: readonly (readonly number[])[];
  readonly status: TaskStatus[];

  constructor(dependencies: readonly (readonly number[])[]) {
    this.dependencies = dependencies;
    this.status = dependencies.map(() => 'pending');
  }

  /** Tasks that become ready or skipped by what has happened, to the last one. */
  settle(): { ready: number[]; skipped: number[] } {
    const ready: number[] = [];
    const skipped: number[] = [];
    for (let moved = true; moved; ) {
      moved = false;
      for (const [task, needed] of this.dependencies.entries()) {
        if (this.status[task] !== 'pending') continue;
        const ends = needed.map((dependency) => this.status[dependency]);
        if (ends.some((end) => end === 'failed' || end === 'cancelled' || end === 'skipped')) {
          this.status[task] = 'skipped';
          skipped.push(task);
        } else if (ends.every((end) => end === 'completed')) {
          this.status[task] = 'ready';
          ready.push(task);
        } else continue;
        moved = true;
      }
    }
    return { ready, skipped };
  }
}

const graphs = fc
  .integer({ min: 0, max: 25 })
  .chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, task) =>
        task === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(task - 1), { maxLength: Math.min(task, 4) }),
      ),
    ),
  );
const ends = fc.array(
  fc.record({
    which: fc.nat(30),
    how: fc.oneof(
      { weight: 5, arbitrary: fc.constant<TaskEnd>('completed') },
      { weight: 1, arbitrary: fc.constantFrom<TaskEnd>('failed', 'cancelled', 'skipped') },
    ),
    isPending: fc.boolean(),
    cancelAll: fc.oneof({ weight: 40, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  { maxLength: 60, size: 'max' },
);

function expectSame(frontier: RunFrontier, reference: Reference): void {
  const { status } = reference;
  expect(status.map((_, task) => frontier.status(task))).toEqual(status);
  const count = (...words: TaskStatus[]) => status.filter((word) => words.includes(word)).length;
  for (const how of ['completed', 'failed', 'cancelled', 'skipped'] as const)
    expect(frontier.count(how)).toBe(count(how));
  expect(frontier.pending).toBe(count('pending'));
  expect(frontier.open).toBe(count('pending', 'ready'));
  for (const [task, word] of status.entries()) {
    expect(frontier.isPending(task)).toBe(word === 'pending');
    expect(frontier.isEnded(task)).toBe(word !== 'pending' && word !== 'ready');
  }
}

describe('a frontier', () => {
  it('does on any graph what each task would decide for itself', () => {
    fc.assert(
      fc.property(graphs, ends, (dependencies, history) => {
        const frontier = new RunFrontier(rowsOf(dependencies));
        const reference = new Reference(dependencies);
        expect(frontier.start()).toEqual(reference.settle().ready);
        expect(frontier.start()).toEqual([]);
        for (const { which, how, isPending, cancelAll } of history) {
          if (cancelAll) {
            const pending = dependencies.flatMap((_, task) => (reference.status[task] === 'pending' ? [task] : []));
            for (const task of pending) reference.status[task] = 'cancelled';
            expect(frontier.cancelPending()).toEqual(pending);
          }
          const wanted = isPending && how === 'cancelled' ? ['pending'] : ['ready'];
          const open = dependencies.flatMap((_, task) => (wanted.includes(reference.status[task] ?? '') ? [task] : []));
          const task = open[which % Math.max(1, open.length)];
          if (task === undefined) continue;
          const ready: number[] = [];
          const skipped: number[] = [];
          frontier.end(task, how, ready, skipped);
          reference.status[task] = how;
          const expected = reference.settle();
          expect({ ready: ready.sort((a, b) => a - b), skipped: [...skipped].sort((a, b) => a - b) }).toEqual({
            ready: expected.ready.sort((a, b) => a - b),
            skipped: expected.skipped.sort((a, b) => a - b),
          });
          // The cause is a dependency of its own that did not complete, and was told of before.
          for (const one of skipped) {
            const cause = frontier.skipCause(one);
            expect(dependencies[one]).toContain(cause);
            expect(cause === task || skipped.indexOf(cause) < skipped.indexOf(one)).toBe(true);
          }
          expectSame(frontier, reference);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('passes a skip on at once, whatever else the skipped ones wait for', () => {
    const frontier = new RunFrontier(rowsOf([[], [], [0, 1], [2], [3, 1]]));
    expect(frontier.start()).toEqual([0, 1]);
    const ready: number[] = [];
    const skipped: number[] = [];
    frontier.end(0, 'failed', ready, skipped);
    expect({ ready, skipped }).toEqual({ ready: [], skipped: [2, 3, 4] });
    expect([2, 3, 4].map((task) => frontier.skipCause(task))).toEqual([0, 2, 3]);
    frontier.end(1, 'completed', ready, skipped);
    expect({ ready, skipped }).toEqual({ ready: [], skipped: [2, 3, 4] });
    expect(frontier.open).toBe(0);
  });

  it('restored from the ends of an earlier life, in any order, stands where that one stood', () => {
    const graphs = fc.array(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), { maxLength: 10 });
    const ends = fc.array(
      fc.tuple(fc.nat(), fc.constantFrom<TaskEnd>('completed', 'completed', 'failed', 'cancelled')),
    );
    fc.assert(
      fc.property(graphs, ends, fc.integer(), (lists, chosen, order) => {
        const dependencies = lists.map((list, task) => [...new Set(list.filter((other) => other < task))]);
        const live = new RunFrontier(rowsOf(dependencies));
        const open = live.start();
        const recorded: [number, TaskEnd][] = [];
        for (const [pick, how] of chosen) {
          const [task] = open.splice(pick % Math.max(1, open.length), 1);
          if (task === undefined) break;
          const skipped: number[] = [];
          live.end(task, how, open, skipped);
          recorded.push([task, how], ...skipped.map((each): [number, TaskEnd] => [each, 'skipped']));
        }
        const restored = new RunFrontier(rowsOf(dependencies));
        const [ready, skipped]: number[][] = [[], []];
        recorded.sort(([a], [b]) => ((a * 7919) ^ order) - ((b * 7919) ^ order));
        restored.restore(new Map(recorded), ready ?? [], skipped ?? []);
        const handedOut = [...(ready ?? []).filter((task) => !restored.isEnded(task)), ...restored.start()];
        expect(skipped).toEqual([]);
        expect(handedOut.sort()).toEqual(open.sort());
        for (const task of dependencies.keys()) expect(restored.status(task)).toBe(live.status(task));
        expect(restored.open).toBe(live.open);
      }),
    );
  });

  it('lets no task end twice', () => {
    const frontier = new RunFrontier(rowsOf([[]]));
    frontier.start();
    frontier.end(0, 'completed', [], []);
    expect(() => frontier.end(0, 'failed', [], [])).toThrow(/ends once/);
  });

  it('of no tasks is at its end from the start', () => {
    const frontier = new RunFrontier(rowsOf([]));
    expect(frontier.start()).toEqual([]);
    expect([frontier.open, frontier.pending, frontier.count('completed')]).toEqual([0, 0, 0]);
  });

  it.each(['completed', 'failed'] as const)('follows a chain of a million tasks whose first one %s', (how) => {
    const size = 1_000_000;
    const dependencyOffsets = Int32Array.from({ length: size + 1 }, (_, task) => Math.max(0, task - 1));
    const dependentOffsets = Int32Array.from({ length: size + 1 }, (_, task) => Math.min(task, size - 1));
    const dependents = Int32Array.from({ length: size - 1 }, (_, task) => task + 1);
    const dependencies = Int32Array.from({ length: size - 1 }, (_, task) => task);
    const frontier = new RunFrontier({ size, dependencyOffsets, dependencies, dependentOffsets, dependents });
    const ready = frontier.start();
    const skipped: number[] = [];
    for (let task = ready.pop(); task !== undefined; task = ready.pop()) frontier.end(task, how, ready, skipped);
    expect(frontier.open).toBe(0);
    expect(frontier.count(how)).toBe(how === 'completed' ? size : 1);
    expect(skipped.length).toBe(how === 'completed' ? 0 : size - 1);
  });
});
