// Owns what the planning tests are made of: problems from lists, counted clocks, seeded chance, and two independent judges:
// a checker of feasibility and a plain list scheduler. The judges share nothing with what they judge.

import type { Plan, PlanningEffort, PlanningProblem } from '../../../src/scheduling/planning/planning-problem.ts';
import { seededRandom } from '../../../src/scheduling/seeded-random.ts';

export interface ListedTask {
  readonly seconds: number;
  readonly after: readonly number[];
  /** Units by resource. */
  readonly needs: Readonly<Record<number, number>>;
  readonly level?: number;
  readonly isRunning?: boolean;
}

export function problemOf(tasks: readonly ListedTask[], capacities: readonly number[]): PlanningProblem {
  const dependents = tasks.map((_, task) =>
    tasks.flatMap((other, index) => other.after.filter((dependency) => dependency === task).map(() => index)),
  );
  const requests = tasks.map(({ needs }) =>
    Object.entries(needs).map(([resource, units]) => [Number(resource), units]),
  );
  return {
    size: tasks.length,
    dependencyOffsets: offsetsOf(tasks.map(({ after }) => after)),
    dependencies: Int32Array.from(tasks.flatMap(({ after }) => after)),
    dependentOffsets: offsetsOf(dependents),
    dependents: Int32Array.from(dependents.flat()),
    durations: Float64Array.from(tasks, ({ seconds }) => seconds),
    levels: Uint8Array.from(tasks, ({ level }) => level ?? 2),
    capacities: Float64Array.from(capacities),
    requestOffsets: offsetsOf(requests),
    requestResources: Int32Array.from(requests.flat(), ([resource]) => resource ?? 0),
    requestUnits: Float64Array.from(requests.flat(), ([, units]) => units ?? 0),
    running: tasks.some(({ isRunning }) => isRunning)
      ? Uint8Array.from(tasks, (task) => (task.isRunning ? 1 : 0))
      : null,
  };
}

function offsetsOf(lists: readonly (readonly unknown[])[]): Int32Array {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + list.length;
  });
  return offsets;
}

/** A clock that goes on by this much whenever it is read: effort is then a count, the same on every machine. */
export function countedEffort(budgetMs: number, stepMs: number, seed = 7): PlanningEffort & { readings(): number } {
  let readings = 0;
  return { budgetMs, now: () => stepMs * readings++, random: seededRandom(seed), readings: () => readings };
}

export function realEffort(budgetMs: number, seed = 7): PlanningEffort {
  return { budgetMs, now: () => performance.now(), random: seededRandom(seed) };
}

/** Every breach of a plan: precedence, running tasks, capacity at every instant, and an order that goes back in time. */
export function breachesOf(tasks: readonly ListedTask[], capacities: readonly number[], plan: Plan): string[] {
  const startOf = (task: number) => plan.starts[task] ?? Number.NaN;
  const endOf = (task: number) => startOf(task) + (tasks[task]?.seconds ?? Number.NaN);
  const breaches: string[] = [];
  const places = new Map(Array.from(plan.order, (task, place) => [task, place]));
  if (places.size !== tasks.length || plan.order.length !== tasks.length) breaches.push('order is no permutation');
  tasks.forEach(({ after, isRunning }, task) => {
    if (!(startOf(task) >= 0)) breaches.push(`${task} starts at ${startOf(task)}`);
    if (isRunning && startOf(task) !== 0) breaches.push(`running ${task} starts at ${startOf(task)}`);
    for (const dependency of after) {
      if (startOf(task) < endOf(dependency)) breaches.push(`${task} starts before ${dependency} ends`);
      if ((places.get(task) ?? -1) < (places.get(dependency) ?? -1))
        breaches.push(`${task} is listed before ${dependency}`);
    }
  });
  for (let place = 1; place < plan.order.length; place++) {
    const [before = -1, task = -1] = [plan.order[place - 1], plan.order[place]];
    if (startOf(before) > startOf(task)) breaches.push(`${before} is listed before ${task}, which starts earlier`);
  }
  const last = tasks.reduce((latest, _, task) => Math.max(latest, endOf(task)), 0);
  if (last !== plan.makespan) breaches.push(`makespan ${plan.makespan}, but the last task ends at ${last}`);
  return [...breaches, ...overloadsOf(tasks, capacities, startOf, endOf)];
}

/** Use only rises at a start, so the starts are all instants to look at. */
function overloadsOf(
  tasks: readonly ListedTask[],
  capacities: readonly number[],
  startOf: (task: number) => number,
  endOf: (task: number) => number,
): string[] {
  return capacities.flatMap((capacity, resource) => {
    const users = tasks.flatMap(({ needs }, task) => ((needs[resource] ?? 0) > 0 ? [task] : []));
    return users.flatMap((first) => {
      const now = startOf(first);
      const inUse = users
        .filter((task) => startOf(task) <= now && now < endOf(task))
        .reduce((sum, task) => sum + (tasks[task]?.needs[resource] ?? 0), 0);
      return inUse > capacity * (1 + 1e-9) ? [`${inUse} of ${capacity} of resource ${resource} in use at ${now}`] : [];
    });
  });
}

/** Longest path from each task to the end; tasks depend on earlier ones in the list. */
export function plainRanks(tasks: readonly ListedTask[]): number[] {
  const ranks = tasks.map(({ seconds }) => seconds);
  for (let task = tasks.length - 1; task >= 0; task--) {
    for (const dependency of tasks[task]?.after ?? []) {
      const through = (tasks[dependency]?.seconds ?? 0) + (ranks[task] ?? 0);
      ranks[dependency] = Math.max(ranks[dependency] ?? 0, through);
    }
  }
  return ranks;
}

/** What a dispatcher makes of a list that never idles: by level and place in the list, whatever is ready and fits starts. */
export function plainListMakespan(
  tasks: readonly ListedTask[],
  capacities: readonly number[],
  list: Iterable<number>,
): number {
  const order = [...list].sort((one, other) => (tasks[one]?.level ?? 2) - (tasks[other]?.level ?? 2));
  const ends = new Map<number, number>();
  const isUnderWay = (task: number, now: number) => (ends.get(task) ?? -1) > now;
  const fits = (task: number, now: number) =>
    Object.entries(tasks[task]?.needs ?? {}).every(([resource, units]) => {
      const key = Number(resource);
      let inUse = units;
      for (const other of ends.keys()) if (isUnderWay(other, now)) inUse += tasks[other]?.needs[key] ?? 0;
      return inUse <= (capacities[key] ?? 0) * (1 + 1e-9);
    });
  tasks.forEach(({ seconds, isRunning }, task) => {
    if (isRunning) ends.set(task, seconds);
  });
  for (let now = 0; ; ) {
    const next = order.find((task) => {
      const isReady = tasks[task]?.after.every((dependency) => ends.has(dependency) && !isUnderWay(dependency, now));
      return !ends.has(task) && isReady && fits(task, now);
    });
    if (next !== undefined) {
      ends.set(next, now + (tasks[next]?.seconds ?? 0));
      continue;
    }
    const later = [...ends.values()].filter((end) => end > now);
    if (later.length === 0) return now;
    now = Math.min(...later);
  }
}
