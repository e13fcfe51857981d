// How a run follows its plan: alone, and through the scheduler in virtual time.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lane } from '../../src/scheduling/lane.ts';
import { PlanCourse } from '../../src/scheduling/plan-course.ts';
import type { ReadyTask } from '../../src/scheduling/ready-task.ts';
import { type AmountRequest, requestOf } from './memory-capacity.ts';
import { type TimedTask, VirtualSlots } from './virtual-slots.ts';

/** What is allowed for starting a task and hearing of its end, and in parts of the makespan. */
const LEAST_TOLERANCE_MS = 20;
const TOLERANCE = 0.005;
const ORIGIN_MS = 1_700_000_000_000;

interface Row {
  readonly startS: number;
  readonly durationS: number;
  readonly isHeld: boolean;
}

function courseOf(rows: readonly Row[]): PlanCourse {
  const order = Int32Array.from(rows.keys()).sort((a, b) => (rows[a]?.startS ?? 0) - (rows[b]?.startS ?? 0) || a - b);
  return new PlanCourse({
    order,
    starts: Float64Array.from(rows, ({ startS }) => startS),
    durations: Float64Array.from(rows, ({ durationS }) => durationS),
    isHeld: Uint8Array.from(rows, ({ isHeld }) => (isHeld ? 1 : 0)),
  });
}

function toleranceMsOf(rows: readonly Row[]): number {
  const makespanMs = Math.max(0, ...rows.map(({ startS, durationS }) => (startS + durationS) * 1_000));
  return Math.max(LEAST_TOLERANCE_MS, makespanMs * TOLERANCE);
}

const rows = fc.array(
  fc.record({
    startS: fc.integer({ min: 0, max: 50 }),
    durationS: fc.integer({ min: 1, max: 9 }),
    isHeld: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
);

describe('a course', () => {
  it('holds a task until all that the plan starts before it have started, and never one that is not to be held', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const course = courseOf(given);
        const order = [...given.keys()].sort((a, b) => (given[a]?.startS ?? 0) - (given[b]?.startS ?? 0) || a - b);
        // All at the beginning: no planned start has come yet, but for those at 0.
        const nowMs = ORIGIN_MS;
        for (const [place, task] of order.entries()) {
          for (const later of order.slice(place)) {
            const isFirst = later === task;
            expect(course.isHeld(later, nowMs)).toBe(given[later]?.isHeld === true && !isFirst);
          }
          expect(course.started(task, nowMs)).toBe(true);
        }
      }),
    );
  });

  it('lets go one that was started out of order only when those before it have started too', () => {
    const course = courseOf([
      { startS: 0, durationS: 5, isHeld: false },
      { startS: 1, durationS: 5, isHeld: false },
      { startS: 2, durationS: 5, isHeld: true },
    ]);
    expect(course.started(1, ORIGIN_MS)).toBe(false);
    expect(course.isHeld(2, ORIGIN_MS)).toBe(true);
    expect(course.started(0, ORIGIN_MS)).toBe(true);
    expect(course.isHeld(2, ORIGIN_MS)).toBe(false);
  });

  it('lets a task go at the latest at its planned start and what is tolerated, counted from its first question', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const course = courseOf(given);
        const toleranceMs = toleranceMsOf(given);
        for (const [task, { startS }] of given.entries()) {
          const untilMs = course.untilMs(task, ORIGIN_MS);
          expect(untilMs).toBeCloseTo(ORIGIN_MS + startS * 1_000 + toleranceMs, 3);
          expect(course.isHeld(task, untilMs)).toBe(false);
        }
      }),
    );
  });

  it('departs when a task ends earlier or later than is tolerated, tells it once, and holds nothing from then on', () => {
    fc.assert(
      fc.property(rows, fc.nat(), fc.integer({ min: -60_000, max: 60_000 }), (given, which, offMs) => {
        const course = courseOf(given);
        const task = which % given.length;
        const { startS = 0, durationS = 0 } = given[task] ?? {};
        course.started(task, ORIGIN_MS);
        const isOff = Math.abs(offMs) > toleranceMsOf(given);
        const endMs = ORIGIN_MS + (startS + durationS) * 1_000 + offMs;
        expect(course.ended(task, endMs)).toBe(isOff);
        expect(course.hasDeparted).toBe(isOff);
        if (!isOff) return;
        expect(course.ended(task, endMs)).toBe(false);
        expect(course.depart()).toBe(false);
        for (const other of given.keys()) expect(course.isHeld(other, ORIGIN_MS)).toBe(false);
      }),
    );
  });

  it('departs by order, once', () => {
    const course = courseOf([{ startS: 3, durationS: 1, isHeld: true }]);
    expect(course.depart()).toBe(true);
    expect(course.depart()).toBe(false);
    expect(course.isHeld(0, ORIGIN_MS)).toBe(false);
  });

  it('departs from nothing before something has begun', () => {
    expect(courseOf([{ startS: 0, durationS: 9, isHeld: false }]).ended(0, ORIGIN_MS)).toBe(false);
  });
});

/** A lane that follows a plan, on slots of its own. */
function createPlanned(given: readonly Row[], slotCount = 9, capacities: readonly number[] = []) {
  const slots = new VirtualSlots(slotCount, capacities);
  slots.nowMs = ORIGIN_MS;
  const lane = new Lane<AmountRequest>({
    mode: 'resource_aware',
    limit: Number.POSITIVE_INFINITY,
    group: { limit: Number.POSITIVE_INFINITY, inFlight: 0 },
    course: courseOf(given),
  });
  slots.scheduler.addLane(lane);
  return { slots, lane };
}

function startAll(slots: VirtualSlots): TimedTask[] {
  const started: TimedTask[] = [];
  for (let timed = slots.startNext(); timed !== undefined; timed = slots.startNext()) started.push(timed);
  return started;
}

/** The second waits for the first, by plan, although there is room for both. */
const TWO: readonly Row[] = [
  { startS: 0, durationS: 10, isHeld: false },
  { startS: 4, durationS: 10, isHeld: true },
];

describe('through the scheduler, a task that a plan keeps back', () => {
  it('is held, told as such, counted as waiting, and queued when it is let go', () => {
    const { slots, lane } = createPlanned([...TWO, { startS: 5, durationS: 1, isHeld: true }]);
    const { scheduler } = slots;
    const first = slots.enqueue(lane, 10_000);
    const second = slots.enqueue(lane, 10_000);
    const third = slots.enqueue(lane, 1_000);
    const untilMs = ORIGIN_MS + 4_000 + 14_000 * TOLERANCE;
    expect(second.task.state).toBe('held');
    expect(scheduler.standing(second.task, slots.nowMs)).toEqual({ kind: 'held', untilMs });
    expect(scheduler.queueDepth[2]).toBe(3);
    expect(scheduler.parkedCount).toBe(0);
    expect(scheduler.wakeAtMs()).toBe(untilMs);
    // With the start of the first, the second may; with that of the second, the third.
    expect(startAll(slots)).toEqual([first, second, third]);
    expect(scheduler.wakeAtMs()).toBeNull();
  });

  it('starts at the latest at its planned start and what is tolerated, though what comes before it never does', () => {
    const { slots, lane } = createPlanned(TWO);
    const second = slots.enqueue(lane, 10_000);
    // Number 0 of the plan is number 0 of the lane's tasks: here it is the held one's elder that is missing.
    expect(second.task.index).toBe(0);
    const held = slots.enqueue(lane, 10_000);
    slots.scheduler.remove(second.task);
    expect(startAll(slots)).toEqual([]);
    const untilMs = slots.scheduler.wakeAtMs();
    expect(untilMs).toBe(ORIGIN_MS + 4_000 + 14_000 * TOLERANCE);
    slots.nowMs = (untilMs ?? 0) - 1;
    expect(startAll(slots)).toEqual([]);
    slots.nowMs = untilMs ?? 0;
    expect(startAll(slots)).toEqual([held]);
  });

  it('wakes nobody again when its time has come and no slot is free', () => {
    const { slots, lane } = createPlanned(TWO, 1);
    const elder = slots.enqueue(lane, 10_000);
    const held = slots.enqueue(lane, 10_000);
    slots.scheduler.remove(elder.task);
    const busy = slots.enqueue(lane, 30_000);
    expect(startAll(slots)).toEqual([busy]);
    const untilMs = slots.scheduler.wakeAtMs(slots.nowMs) ?? 0;
    expect(slots.scheduler.wakeAtMs(untilMs - 1)).toBe(untilMs);
    expect(slots.scheduler.wakeAtMs(untilMs)).toBeNull();
    expect(held.task.state).toBe('queued');
    slots.advance();
    expect(startAll(slots)).toEqual([held]);
  });

  it('can be taken back, and is not started afterwards', () => {
    const { slots, lane } = createPlanned(TWO);
    slots.enqueue(lane, 10_000);
    const held = slots.enqueue(lane, 10_000);
    expect(slots.scheduler.remove(held.task)).toBe(true);
    expect(slots.scheduler.remove(held.task)).toBe(false);
    expect(held.task.state).toBe('idle');
    expect(slots.scheduler.wakeAtMs()).toBeNull();
    expect(startAll(slots)).toHaveLength(1);
    expect(slots.waiting).toBe(0);
    // And may come again.
    slots.scheduler.enqueue(held.task, slots.nowMs);
    expect(startAll(slots)).toHaveLength(1);
  });

  it('is let go when a task ends off the plan, and when the plan is given up', () => {
    for (const giveUp of ['ended', 'departed'] as const) {
      const { slots, lane } = createPlanned([
        { startS: 0, durationS: 5, isHeld: false },
        { startS: 1, durationS: 5, isHeld: false },
        { startS: 9, durationS: 5, isHeld: true },
      ]);
      // Ends after one second instead of five.
      const early = slots.enqueue(lane, 1_000);
      const missing = slots.enqueue(lane, 1_000);
      slots.scheduler.remove(missing.task);
      const held = slots.enqueue(lane, 1_000);
      expect(startAll(slots)).toEqual([early]);
      if (giveUp === 'ended') slots.advance();
      else slots.scheduler.departed(lane, slots.nowMs);
      expect(startAll(slots)).toEqual([held]);
      expect(slots.nowMs - ORIGIN_MS).toBe(giveUp === 'ended' ? 1_000 : 0);
    }
  });

  it('follows another plan once there is one: kept back as that says, or not at all', () => {
    const { slots, lane } = createPlanned(TWO);
    const elder = slots.enqueue(lane, 10_000);
    const held = slots.enqueue(lane, 10_000);
    slots.scheduler.remove(elder.task);
    const later = TWO.map((row) => ({ ...row, startS: row.startS * 2 }));
    slots.scheduler.reorder(lane, (index) => index, courseOf(later), slots.nowMs);
    expect(held.task.state).toBe('held');
    expect(slots.scheduler.wakeAtMs()).toBe(ORIGIN_MS + 8_000 + toleranceMsOf(later));
    slots.scheduler.reorder(lane, (index) => index, courseOf(TWO), slots.nowMs);
    expect(slots.scheduler.wakeAtMs()).toBe(ORIGIN_MS + 4_000 + toleranceMsOf(TWO));
    slots.scheduler.reorder(lane, (index) => index, null, slots.nowMs);
    expect(slots.scheduler.wakeAtMs()).toBeNull();
    expect(startAll(slots)).toEqual([held]);
  });

  it('competes as any other when it is let go: it waits for capacity and keeps its place in the order', () => {
    const { slots, lane } = createPlanned(TWO, 9, [1]);
    const first = slots.enqueue(lane, 10_000, { request: requestOf([0, 1]), order: 0 });
    const second = slots.enqueue(lane, 10_000, { request: requestOf([0, 1]), order: 1 });
    expect(startAll(slots)).toEqual([first]);
    expect(second.task.isInLine).toBe(true);
    slots.advance();
    expect(startAll(slots)).toEqual([second]);
  });

  it('does not stop a paused lane from being paused', () => {
    const { slots, lane } = createPlanned(TWO);
    const elder = slots.enqueue(lane, 10_000);
    const held = slots.enqueue(lane, 10_000);
    slots.scheduler.remove(elder.task);
    slots.scheduler.setPaused(lane, true);
    slots.nowMs = slots.scheduler.wakeAtMs() ?? 0;
    expect(startAll(slots)).toEqual([]);
    slots.scheduler.setPaused(lane, false);
    expect(startAll(slots)).toEqual([held]);
  });

  it('does not keep a run from its end, whatever the plan says and however long tasks really take', () => {
    fc.assert(
      fc.property(rows, fc.array(fc.nat(20_000), { minLength: 20, maxLength: 20 }), (given, really) => {
        const { slots, lane } = createPlanned(given, 2);
        const tasks = given.map((_, place) => slots.enqueue(lane, really[place] ?? 1));
        const latest = new Map<ReadyTask, number>();
        for (const { task } of tasks) latest.set(task, lane.course?.untilMs(task.index, ORIGIN_MS) ?? 0);
        do {
          startAll(slots);
          for (const { task } of tasks) {
            if (task.state === 'held' && slots.running.size < 2)
              expect(slots.nowMs).toBeLessThan(latest.get(task) ?? 0);
          }
        } while (slots.advance());
        expect(slots.started).toHaveLength(given.length);
      }),
    );
  });
});
