// Owns one observation of the scheduling bench: what a decision of the scheduler costs with few and with many tasks that
// are ready, in turns, in virtual time and on plain counts of capacity.

import { z } from 'zod';
import { Lane } from '../../src/scheduling/lane.ts';
import { type CapacityRequest, Pool, ReadyTask } from '../../src/scheduling/ready-task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import { UnitCapacity } from '../../src/scheduling/unit-capacity.ts';
import { readPlan, reportFindings } from './observation.ts';

const SLOTS = 8;
const LEVELS = 5;
const LANES = 4;

const { few, many, classes, decisions, rounds } = readPlan(
  z.object({
    few: z.number(),
    many: z.number(),
    classes: z.number(),
    decisions: z.number(),
    rounds: z.number(),
  }),
);

class BenchTask extends ReadyTask {
  constructor(lane: Lane, index: number, request: CapacityRequest | null) {
    super(lane, index, {
      pool: Pool.THREADS,
      level: index % LEVELS,
      order: (index * 7_919) % 100_003,
      request,
      concurrency: null,
      expectedMs: 1 + ((index * 31) % 50),
    });
  }
}

interface World {
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly running: BenchTask[];
  readonly lanes: readonly Lane[];
  readonly kind: Kind;
  made: number;
  nowMs: number;
}

interface Kind {
  readonly size: number;
  readonly capacities: readonly number[];
  readonly isRefilled: boolean;
  request(index: number): CapacityRequest | null;
}

/** Up to four units of some of three resources: 124 requests, in each lane classes of its own. */
function mixedRequest(index: number): CapacityRequest {
  const code = 1 + ((index * 101) % 124);
  const amounts = [code % 5, Math.floor(code / 5) % 5, Math.floor(code / 25) % 5];
  const indices = [0, 1, 2].filter((resource) => (amounts[resource] ?? 0) > 0);
  return { indices, units: indices.map((resource) => amounts[resource] ?? 0) };
}

const MIXED = { capacities: [10, 10, 10], request: mixedRequest };
const PLAIN = { capacities: [], request: () => null };
const SAME = { capacities: [4], request: () => ({ indices: [0], units: [1] }) };
const DISTINCT = {
  capacities: [classes],
  request: (index: number) => ({ indices: [0], units: [1 + ((index * 7_919) % classes)] }),
};

const kinds: Readonly<Record<string, Kind>> = {
  drainFew: { ...MIXED, size: few, isRefilled: false },
  drainMany: { ...MIXED, size: many, isRefilled: false },
  steadyFew: { ...MIXED, size: few, isRefilled: true },
  steadyMany: { ...MIXED, size: many, isRefilled: true },
  plainFew: { ...PLAIN, size: few, isRefilled: true },
  plainMany: { ...PLAIN, size: many, isRefilled: true },
  sameFew: { ...SAME, size: few, isRefilled: true },
  sameMany: { ...SAME, size: many, isRefilled: true },
  distinct: { ...DISTINCT, size: classes, isRefilled: true },
};

function createWorld(kind: Kind): World {
  const { size, capacities } = kind;
  const scheduler = new Scheduler<CapacityRequest>(new UnitCapacity(capacities), { ageingMs: 30_000 });
  const group = { limit: Number.POSITIVE_INFINITY, inFlight: 0 };
  const lanes = Array.from({ length: LANES }, () => {
    const lane = new Lane({ mode: 'resource_aware', limit: Number.POSITIVE_INFINITY, group });
    scheduler.addLane(lane);
    return lane;
  });
  const world = { scheduler, running: [], lanes, kind, made: 0, nowMs: 1 };
  while (world.made < size) enqueueOne(world);
  return world;
}

function enqueueOne(world: World): void {
  const index = world.made++;
  const lane = world.lanes[index % LANES];
  if (lane !== undefined) world.scheduler.enqueue(new BenchTask(lane, index, world.kind.request(index)), world.nowMs);
}

/** Starts whatever may start now. */
function fill({ scheduler, running, nowMs }: World): number {
  let started = 0;
  while (running.length < SLOTS) {
    const task = scheduler.next(0, nowMs);
    if (task === undefined) break;
    // The scheduler was given nothing else.
    running.push(task as BenchTask);
    started++;
  }
  return started;
}

/** So many starts, each with the end of a task before it; 0 are missing when all of them took place. */
function decide(world: World, isRefilled: boolean, count: number): number {
  const { scheduler, running } = world;
  let left = count;
  while (left > 0) {
    const ended = running.shift();
    if (ended === undefined) break;
    world.nowMs++;
    scheduler.finished(ended, world.nowMs);
    if (isRefilled) enqueueOne(world);
    left -= fill(world);
  }
  return Math.max(0, left);
}

interface Findings {
  readonly timesMs: number[];
  done: number;
  /** Of the tasks, those that wait or run at the end, over all rounds. */
  kept: number;
}

const findings: Record<string, Findings> = {};
const names = Object.keys(kinds);
for (const name of names) findings[name] = { timesMs: [], done: 0, kept: 0 };

// Once unmeasured: code is compiled by that.
for (let round = -1; round < rounds; round++) {
  for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
    const kind = kinds[name];
    const found = findings[name];
    if (kind === undefined || found === undefined) continue;
    const world = createWorld(kind);
    fill(world);
    // In steady state first: lines have formed.
    if (kind.isRefilled) decide(world, true, decisions);
    const startedAtMs = performance.now();
    const missing = decide(world, kind.isRefilled, decisions);
    const tookMs = performance.now() - startedAtMs;
    if (round < 0) continue;
    found.timesMs.push(tookMs);
    found.done += decisions - missing;
    found.kept += world.running.length + world.scheduler.queueDepth.reduce((sum, depth) => sum + depth, 0);
  }
}
reportFindings(findings);
