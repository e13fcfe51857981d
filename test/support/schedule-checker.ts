// Owns the check that a schedule could really be carried out: precedence, threads, capacities at every instant, quotas over
// every window, concurrency keys. It shares no code with what makes schedules, and works by looking at all pairs and moments.

export interface CheckedTask {
  readonly name: string;
  readonly duration: number;
  readonly dependencies: readonly string[];
  readonly resources?: Readonly<Record<string, number>>;
  readonly concurrency?: { readonly key: string; readonly limit: number } | null;
}

export interface CheckedSurroundings {
  readonly threads: number;
  /** Only their number counts, not which is which. */
  readonly areThreadsAlike?: boolean;
  readonly maxParallel?: number;
  /** Capacity by resource; with `period` a unit counts for that long after its grant. */
  readonly resources?: Readonly<Record<string, { readonly capacity: number; readonly period?: number }>>;
}

export interface ScheduledTask {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly thread: number | null;
}

/** Seconds by which times may miss each other through rounding. */
const DUST = 2e-6;

/** Everything that is wrong with a schedule, in words; empty when it could be carried out. */
export function scheduleFaults(
  tasks: readonly CheckedTask[],
  schedule: readonly ScheduledTask[],
  surroundings: CheckedSurroundings,
): string[] {
  const faults: string[] = [];
  const placed = new Map(schedule.map((entry) => [entry.name, entry]));
  const spans = tasks.flatMap((task) => {
    const at = placed.get(task.name);
    if (at === undefined) faults.push(`${task.name} is not in the schedule`);
    return at === undefined ? [] : [{ task, at }];
  });
  if (placed.size !== tasks.length) faults.push(`${placed.size} entries for ${tasks.length} tasks`);
  for (const { task, at } of spans) {
    if (!(at.start >= 0)) faults.push(`${task.name} starts at ${at.start}`);
    if (Math.abs(at.end - at.start - task.duration) > DUST) {
      faults.push(`${task.name} takes ${at.end - at.start}, not ${task.duration}`);
    }
    for (const dependency of task.dependencies) {
      const before = placed.get(dependency);
      if (before === undefined || before.end > at.start + DUST)
        faults.push(`${task.name} starts before ${dependency} ends`);
    }
  }
  if (surroundings.areThreadsAlike !== true) faults.push(...threadFaults(spans, surroundings.threads));
  const most = surroundings.maxParallel ?? Number.POSITIVE_INFINITY;
  for (const { at } of spans) {
    const count = spans.filter((other) => isUnderWay(other.at, at.start)).length;
    if (count > Math.min(most, surroundings.threads)) faults.push(`${count} tasks at once at ${at.start}`);
    faults.push(...resourceFaults(spans, at.start, surroundings.resources ?? {}), ...keyFaults(spans, at.start));
  }
  return faults;
}

type Span = { readonly task: CheckedTask; readonly at: ScheduledTask };

/** Half open: what ends at a moment is over at it; nothing is under way that takes no time. */
function isUnderWay(at: ScheduledTask, moment: number): boolean {
  return at.start <= moment + DUST && at.end > moment + DUST;
}

function threadFaults(spans: readonly Span[], threads: number): string[] {
  const faults: string[] = [];
  for (const { at } of spans) {
    if (at.thread === null || at.thread < 0 || at.thread >= threads)
      faults.push(`${at.name} runs on thread ${at.thread}`);
    for (const { at: other } of spans) {
      if (other === at || other.thread !== at.thread || at.end - at.start <= DUST) continue;
      if (other.start >= at.start && other.start < at.end - DUST && other.end - other.start > DUST) {
        faults.push(`${at.name} and ${other.name} share thread ${at.thread}`);
      }
    }
  }
  return faults;
}

// What is in use only changes for the worse when something starts, so those moments are all that need a look.
function resourceFaults(
  spans: readonly Span[],
  moment: number,
  resources: NonNullable<CheckedSurroundings['resources']>,
): string[] {
  const faults: string[] = [];
  for (const [id, { capacity, period }] of Object.entries(resources)) {
    let used = 0;
    for (const { task, at } of spans) {
      const isOut =
        period === undefined ? isUnderWay(at, moment) : at.start <= moment + DUST && at.start + period > moment + DUST;
      if (isOut) used += task.resources?.[id] ?? 0;
    }
    if (used > capacity + 1e-9) faults.push(`${used} of ${id}, which has ${capacity}, at ${moment}`);
  }
  return faults;
}

function keyFaults(spans: readonly Span[], moment: number): string[] {
  const limits = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { task, at } of spans) {
    const key = task.concurrency?.key;
    if (key === undefined) continue;
    limits.set(key, Math.max(limits.get(key) ?? 0, task.concurrency?.limit ?? 0));
    if (isUnderWay(at, moment)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].flatMap(([key, count]) => {
    const limit = limits.get(key) ?? 0;
    return count > limit ? [`${count} tasks with key ${key} at ${moment}, and ${limit} may be`] : [];
  });
}
