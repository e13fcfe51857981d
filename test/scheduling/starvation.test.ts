// No task starves: in virtual time, a thousand seeds each. The bounds are those that the documentation states.

import { describe, expect, it } from 'vitest';
import { ExecutionMode, TaskPriority } from '../../src/domain/statuses.ts';
import { Lane } from '../../src/scheduling/lane.ts';
import { levelOf } from '../../src/scheduling/mode-level.ts';
import { seededRandom } from '../../src/scheduling/seeded-random.ts';
import { type AmountRequest, requestOf } from './memory-capacity.ts';
import { type TimedTask, VirtualSlots } from './virtual-slots.ts';

const SEEDS = 1_000;
/** Longest duration of a task. */
const LONGEST_MS = 100;
const ONE = requestOf([0, 1]);

function createLane(slots: VirtualSlots, mode: ExecutionMode): Lane<AmountRequest> {
  const group = { limit: Number.POSITIVE_INFINITY, inFlight: 0 };
  const lane = new Lane<AmountRequest>({ mode, limit: Number.POSITIVE_INFINITY, group });
  slots.scheduler.addLane(lane);
  return lane;
}

interface Load {
  readonly slots: VirtualSlots;
  readonly lanes: readonly Lane<AmountRequest>[];
  /** Tasks of each lane that wait at any time. */
  readonly backlog: number;
  readonly enqueue: (lane: Lane<AmountRequest>) => void;
}

/** Fills every lane up and starts what may start, again and again until nothing may. */
function startAll({ slots, lanes, backlog, enqueue }: Load, except: TimedTask | null, onChange = () => {}): void {
  for (let hasStarted = true; hasStarted; ) {
    for (const lane of lanes) {
      const waiting = [...lane.queued()].filter((task) => task !== except?.task).length;
      for (let n = waiting; n < backlog; n++) enqueue(lane);
    }
    hasStarted = slots.startNext() !== undefined;
    onChange();
  }
}

/** The load alone, for some time. */
function warmUp(load: Load, turns: number): void {
  for (let turn = 0; turn < turns; turn++) {
    startAll(load, null);
    load.slots.advance();
  }
  startAll(load, null);
}

/** The load goes on until a task has started. */
function runUntilStarted(load: Load, timed: TimedTask, onChange = () => {}): void {
  for (let turn = 0; ; turn++) {
    if (turn > 5_000) throw new Error(`it waits still at ${load.slots.nowMs} ms`);
    startAll(load, timed, onChange);
    if (!Number.isNaN(timed.startedAtMs)) return;
    load.slots.advance();
    onChange();
  }
}

/** An endless load of critical tasks in some lanes, from which one task of the least priority must get its turn. */
function waitUnderCriticalLoad(seed: number, mode: ExecutionMode, place: 'same lane' | 'another lane', units: number) {
  const random = seededRandom(seed);
  const count = 1 + Math.floor(random() * 4);
  const ageingMs = 50 + random() * 1_000;
  // With a resource it is that which is short, and not the slots.
  const slots = new VirtualSlots(units > 0 ? 2 * count : count, [count], { ageingMs });
  const request = units > 0 ? ONE : null;
  const laneCount = place === 'same lane' ? 1 : 1 + Math.floor(random() * 3);
  const lanes = Array.from({ length: laneCount }, () => createLane(slots, 'priority'));
  const load: Load = {
    slots,
    lanes,
    backlog: 2 * count,
    enqueue: (lane) => slots.enqueue(lane, 1 + random() * (LONGEST_MS - 1), { level: TaskPriority.CRITICAL, request }),
  };
  warmUp(load, random() * 20);
  const level = levelOf(mode, TaskPriority.BACKGROUND);
  const own = place === 'same lane' ? lanes[0] : createLane(slots, mode);
  if (own === undefined) throw new Error('a lane');
  const readyAtMs = slots.nowMs;
  const background = slots.enqueue(own, 10, { level, request });
  runUntilStarted(load, background);
  const gainedAtMs = readyAtMs + level * ageingMs;
  // Those that had become ready before that go first, and each lane has its turn: so many rounds of all slots.
  const ahead = lanes.length * load.backlog + lanes.length + 1;
  const rounds = Math.ceil(ahead / count) + 1;
  return {
    waitedMs: background.startedAtMs - readyAtMs,
    boundMs: level * ageingMs + ageingMs / 64 + rounds * LONGEST_MS,
    passedLater: slots.started.filter(
      ({ task, startedAtMs }) => task.readyAtMs >= gainedAtMs + ageingMs / 64 && startedAtMs < background.startedAtMs,
    ).length,
  };
}

describe('under an endless load of critical tasks', () => {
  it.each([
    ['for slots', 0],
    ['for units of a resource', 1],
  ] as const)(
    '%s, a background task of the same lane starts before all that become ready 4 × ageingMs later',
    (_name, units) => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const { waitedMs, boundMs, passedLater } = waitUnderCriticalLoad(seed, 'priority', 'same lane', units);
        expect(passedLater, `seed ${seed}`).toBe(0);
        expect(waitedMs, `seed ${seed}`).toBeLessThanOrEqual(boundMs);
      }
    },
  );

  it.each(
    Object.values(ExecutionMode).flatMap((mode) => [
      [mode, 'slots', 0] as const,
      [mode, 'units of a resource', 1] as const,
    ]),
  )('a background task of another lane of mode %s, short of %s, has its turn', (mode, _name, units) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { waitedMs, boundMs } = waitUnderCriticalLoad(seed, mode, 'another lane', units);
      expect(waitedMs, `seed ${seed}`).toBeLessThanOrEqual(boundMs);
    }
  });
});

type Durations = 'exact' | 'wrong' | 'unknown';

/** An endless stream of narrow tasks, and one that needs all of their resource: when it started, and when it had to. */
function waitAmongNarrowOnes(seed: number, mode: ExecutionMode, place: 'same lane' | 'another lane', known: Durations) {
  const random = seededRandom(seed);
  const capacity = 3 + Math.floor(random() * 6);
  // More slots than units: it is units that are short.
  const slots = new VirtualSlots(2 * capacity, [capacity]);
  const lanes = Array.from({ length: 1 + Math.floor(random() * 3) }, () => createLane(slots, mode));
  const expectedOf = (durationMs: number) =>
    known === 'exact' ? durationMs : known === 'wrong' ? 1 + random() * (LONGEST_MS - 1) : Number.POSITIVE_INFINITY;
  const enqueue = (lane: Lane<AmountRequest>) => {
    const durationMs = 1 + Math.floor(random() * LONGEST_MS);
    const request = random() < 0.8 ? ONE : requestOf([0, 2]);
    // Of a better place in the order than the wide one: that is no right to pass it.
    slots.enqueue(lane, durationMs, { request, expectedMs: expectedOf(durationMs), order: 0 });
  };
  const load: Load = { slots, lanes, backlog: 3, enqueue };
  const own = place === 'same lane' ? lanes[0] : createLane(slots, mode);
  if (own === undefined) throw new Error('a lane');
  warmUp(load, random() * 20);
  const order = mode === 'resource_aware' ? 1 : 0;
  const wide = slots.enqueue(own, 10, { request: requestOf([0, capacity]), expectedMs: 10, order });
  return watchReservation(load, wide);
}

/** Runs until the wide task has started; what ran and what was told when it had reserved, and who passed it since. */
function watchReservation(load: Load, wide: TimedTask) {
  const { slots } = load;
  const enqueuedAtMs = slots.nowMs;
  let reserved: { atMs: number; ranUntilMs: number; toldMs: number; starts: number } | null = null;
  runUntilStarted(load, wide, () => {
    const holder = slots.scheduler.reservedFor(0);
    // One who came to wait before it, and was just being tried, has taken its turn.
    if (holder !== wide.task && Number.isNaN(wide.startedAtMs)) reserved = null;
    if (reserved !== null || holder !== wide.task) return;
    const ends = (endOf: (timed: TimedTask) => number) => Math.max(slots.nowMs, ...[...slots.running].map(endOf));
    reserved = {
      atMs: slots.nowMs,
      ranUntilMs: ends(({ startedAtMs, durationMs }) => startedAtMs + durationMs),
      toldMs: ends(({ task }) => task.expectedEndMs),
      starts: slots.started.length,
    };
  });
  const { atMs, ranUntilMs, toldMs, starts } = reserved ?? {
    atMs: wide.startedAtMs,
    ranUntilMs: wide.startedAtMs,
    toldMs: wide.startedAtMs,
    starts: slots.started.length - 1,
  };
  const passed = slots.started.slice(starts).filter((timed) => timed !== wide);
  return { startedAtMs: wide.startedAtMs, atMs, ranUntilMs, toldMs, passed, waitedForItMs: atMs - enqueuedAtMs };
}

const places = ['same lane', 'another lane'] as const;

describe('a task that needs all of a resource, in an endless stream of narrow ones', () => {
  it.each(
    (['parallel', 'priority', 'resource_aware'] as const).flatMap((mode) =>
      places.flatMap((place) => (['exact', 'wrong', 'unknown'] as const).map((known) => [mode, place, known] as const)),
    ),
  )('mode %s, in the %s, durations %s: starts when what ran at its reservation has ended', (mode, place, known) => {
    let reservations = 0;
    let passers = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const { startedAtMs, atMs, ranUntilMs, toldMs, passed, waitedForItMs } = waitAmongNarrowOnes(
        seed,
        mode,
        place,
        known,
      );
      if (startedAtMs > atMs) reservations++;
      passers += passed.length;
      // Those who passed it were to end before it could start: they put it off by their overrun at the most.
      const overrunsMs = passed.map(
        ({ task, startedAtMs: from, durationMs }) => from + durationMs - task.expectedEndMs,
      );
      const boundMs = Math.max(ranUntilMs, toldMs + Math.max(0, ...overrunsMs));
      expect(startedAtMs, `seed ${seed}`).toBeLessThanOrEqual(passed.length === 0 ? ranUntilMs : boundMs);
      if (known === 'exact') expect(startedAtMs, `seed ${seed}`).toBeLessThanOrEqual(toldMs);
      // Its turn to reserve comes when those who came to wait before it have started.
      expect(waitedForItMs, `seed ${seed}`).toBeLessThanOrEqual(8 * LONGEST_MS);
    }
    expect(reservations).toBeGreaterThan(SEEDS / 2);
    // Back-filling does happen, where durations are known, and nowhere else.
    const mayPass = mode === 'resource_aware' && known !== 'unknown';
    if (mayPass) expect(passers).toBeGreaterThan(0);
    else expect(passers).toBe(0);
  });
});
