// Cases 36 to 40 and 43 on capacity: requests for several resources at once, and a load whose optimum is known.

import { expect } from 'vitest';
import { HAS_SCHEDULES, type ProjectProblem, projectProblems } from '../engine/schedule-corpora.ts';
import type { Amount } from '../support/resource-commands.ts';
import type { ResourceActor, ResourceAdapter } from '../support/resource-face.ts';
import { refusalOf } from '../support/resource-face.ts';
import { of, oneOfEach, type ResourceCase, sumOf, take, waitInLine, within } from './resource-case.ts';

export const SEVERAL_CASES: readonly ResourceCase[] = [
  {
    number: 36,
    title: 'who lacks one of two resources holds nothing of the other meanwhile',
    run: async (adapter) => {
      await adapter.register('a', 'custom', 1);
      await adapter.register('b', 'custom', 1);
      const [holder, other] = await adapter.actors(2);
      if (holder === undefined || other === undefined) return expect.fail('no actors');
      const heldB = await take(holder, of(1, 'b'));
      expect(await other.tryAcquire(oneOfEach('a', 'b'))).toBeNull();
      const wait = await waitInLine(adapter, () => adapter.acquire(oneOfEach('a', 'b')), 1, 'b');
      expect(await adapter.usage('a')).toMatchObject({ used: 0, available: 1 });
      const heldA = await take(other, of(1, 'a'));
      await holder.release(heldB);
      await adapter.quiet();
      expect(wait.state).toBe('waiting');
      await other.release(heldA);
      await wait.granted;
      for (const id of ['a', 'b'])
        expect(await adapter.usage(id)).toEqual({ used: 1, peak: 1, available: 0, waiting: 0 });
    },
  },
  {
    number: 37,
    title: 'one that takes {A, B} and one that takes {B, A}, 10,000 times each: no deadlock',
    run: async (adapter) => {
      await adapter.register('a', 'custom', 1);
      await adapter.register('b', 'custom', 1);
      const orders = [oneOfEach('a', 'b'), oneOfEach('b', 'a')];
      const pair = await adapter.actors(2);
      const cycles = pair.map((actor, i) =>
        actor.cycle({ rounds: 10_000, requests: [orders[i] ?? []], way: 'acquire' }),
      );
      const reports = await within(60_000, 'the pair', Promise.all(cycles));
      expect(sumOf(reports)).toEqual({ granted: 20_000, refused: 0, timedOut: 0 });
      for (const id of ['a', 'b']) expect(adapter.witness.seen(id)).toEqual({ now: 0, most: 1 });
    },
  },
  {
    number: 38,
    title: 'five philosophers with five forks all eat, 300 times',
    run: async (adapter) => {
      for (let fork = 0; fork < 5; fork++) await adapter.register(`fork-${fork}`, 'custom', 1);
      const philosophers = await adapter.actors(5);
      const meals = philosophers.map((philosopher, i) => {
        const request = oneOfEach(`fork-${i}`, `fork-${(i + 1) % 5}`);
        return philosopher.cycle({ rounds: 300, requests: [request], way: 'acquire', spins: 10 });
      });
      const reports = await within(25_000, 'the meals', Promise.all(meals));
      expect(reports.map(({ granted }) => granted)).toEqual([300, 300, 300, 300, 300]);
      for (let fork = 0; fork < 5; fork++) expect(adapter.witness.seen(`fork-${fork}`)).toEqual({ now: 0, most: 1 });
    },
  },
  {
    number: 39,
    title: 'a resource named twice in one request counts as the sum or is an error, and never waits for itself',
    note: 'tries count the sum; a wait in a thread takes amounts by id, in which nothing can be named twice',
    run: async (adapter) => {
      await adapter.register('a', 'custom', 2);
      const twice = oneOfEach('a', 'a');
      const held = await take(adapter, twice);
      expect(await adapter.usage('a')).toMatchObject({ used: 2, available: 0 });
      await adapter.release(held);
      expect(await adapter.usage('a')).toMatchObject({ used: 0, available: 2 });
      const waited = adapter.acquire(twice, { timeout: 5_000 });
      if (adapter.face === 'main') {
        const id = await waited;
        expect(await adapter.usage('a')).toMatchObject({ used: 2 });
        await adapter.release(id);
      } else {
        expect(await refusalOf(waited)).toBe('ARGUMENT_INVALID');
      }
      expect(await refusalOf(adapter.tryAcquire([...twice, ...twice]))).toBe('RESOURCE_CAPACITY_EXCEEDED');
      expect(await adapter.usage('a')).toEqual({ used: 0, peak: 2, available: 2, waiting: 0 });
    },
  },
  {
    number: 40,
    title: 'an unknown resource in a request is an error, and nothing is taken',
    run: async (adapter) => {
      await adapter.register('a', 'custom', 2);
      const request = oneOfEach('a', 'b');
      expect(await refusalOf(adapter.tryAcquire(request))).toBe('RESOURCE_NOT_FOUND');
      expect(await refusalOf(adapter.acquire(request))).toBe('RESOURCE_NOT_FOUND');
      expect(await refusalOf(adapter.acquire(oneOfEach('b', 'a'), { timeout: 5 }))).toBe('RESOURCE_NOT_FOUND');
      expect(await adapter.usage('a')).toEqual({ used: 0, peak: 0, available: 2, waiting: 0 });
    },
  },
  {
    number: 43,
    title: 'PSPLIB j30: never above a capacity, every task ends, never faster than the proven optimum',
    ...(HAS_SCHEDULES ? {} : { missing: 'the test data is not here' }),
    run: async (adapter) => {
      let optimal = 0;
      const [worker] = await adapter.actors(1);
      if (worker === undefined) return expect.fail('no actor');
      const problems = projectProblems();
      for (const problem of problems) {
        const { makespan, mostUsed } = await runProject(adapter, worker, problem);
        expect(makespan).toBeGreaterThanOrEqual(problem.optimum);
        expect(mostUsed).toBeGreaterThan(0);
        if (makespan === problem.optimum) optimal += 1;
      }
      expect(problems.length).toBeGreaterThan(0);
      // A run that does nothing in parallel would reach the optimum nowhere.
      expect(optimal).toBeGreaterThan(0);
    },
  },
];

interface Running {
  readonly name: string;
  readonly endsAt: number;
  readonly allocationId: string | null;
  readonly amounts: readonly Amount[];
}

/** Runs a project in its own time, each task as soon as all before it have ended and it is given what it needs. */
async function runProject(
  adapter: ResourceAdapter,
  worker: ResourceActor,
  problem: ProjectProblem,
): Promise<{ readonly makespan: number; readonly mostUsed: number }> {
  const capacityOf = new Map(problem.capacities.map((capacity, i) => [`R${i + 1}`, capacity]));
  for (const [id, capacity] of capacityOf) {
    await adapter.register(id, 'custom', 1_000);
    await adapter.resize(id, capacity);
  }
  const ended = new Set<string>();
  let waiting = [...problem.tasks];
  let running: Running[] = [];
  let now = 0;
  let mostUsed = 0;
  while (ended.size < problem.tasks.length) {
    for (const task of waiting) {
      if (!task.dependencies.every((name) => ended.has(name))) continue;
      const amounts = Object.entries(task.resources ?? {}).map(([id, amount]) => ({ id, amount }));
      const allocationId = amounts.length === 0 ? null : await worker.tryAcquire(amounts);
      if (amounts.length > 0 && allocationId === null) continue;
      waiting = waiting.filter((other) => other !== task);
      running.push({ name: task.name, endsAt: now + task.duration, allocationId, amounts });
    }
    for (const [id, capacity] of capacityOf) {
      const sum = running
        .flatMap(({ amounts }) => amounts)
        .reduce((all, { id: of, amount }) => all + (of === id ? amount : 0), 0);
      expect(sum).toBeLessThanOrEqual(capacity);
      mostUsed = Math.max(mostUsed, sum / capacity);
    }
    if (running.length === 0) throw new Error(`${problem.file}: nothing runs and ${waiting.length} tasks are left`);
    now = Math.min(...running.map(({ endsAt }) => endsAt));
    for (const { name, endsAt, allocationId } of running) {
      if (endsAt > now) continue;
      ended.add(name);
      if (allocationId !== null) await worker.release(allocationId);
    }
    running = running.filter(({ endsAt }) => endsAt > now);
  }
  for (const [id] of capacityOf) expect(await adapter.usage(id)).toMatchObject({ used: 0, waiting: 0 });
  return { makespan: now, mostUsed };
}
