// Simulated worlds by the thousand, each held against every invariant, and proof that they met what they are about: a
// run of seeds in which no record was torn has shown nothing about torn records.
// YARDMASTER_SEEDS says how many worlds (default below), YARDMASTER_FIRST_SEED where to begin.

import { describe, expect, it } from 'vitest';
import { simulate } from './simulation.ts';
import { HAPPENINGS, type Happening, Tally } from './tally.ts';
import { Violation } from './violation.ts';

const SEEDS = Number(process.env.YARDMASTER_SEEDS ?? 3_000);
const FIRST_SEED = Number(process.env.YARDMASTER_FIRST_SEED ?? 1);
/** Far more than a world takes on a busy machine. */
const LONGEST_SEED_MS = 200;
/** The counts below are of so many seeds. */
const COUNTED_SEEDS = 2_000;

/** How often each must have happened in so many worlds; a good deal less than it does. */
const LEAST = {
  lives: 2_500,
  'recovered runs': 800,
  'single tasks': 1_000,
  'recovered tasks': 150,
  'tasks submitted again': 300,
  'single tasks cancelled': 20,
  crashes: 500,
  'crashes inside an append': 300,
  'crashes at a turning point': 80,
  'crashes inside a shutdown': 20,
  'failing writes': 60,
  shutdowns: 150,
  'suspended runs': 120,
  'parked runs': 20,
  'released runs': 10,
  'lost records': 1_000,
  'torn records': 120,
  'reordered records': 60,
  congestions: 150,
  bodies: 12_000,
  'dead threads': 400,
  'killed threads': 250,
  'late results': 100,
  'returned attempts': 150,
  'interrupted attempts': 400,
  retries: 900,
  're-armed retries': 60,
  'attempts timed out': 200,
  'heartbeats missed': 50,
  'tasks expired': 60,
  'tasks failed': 800,
  'tasks skipped': 2_000,
  'conditions false': 300,
  'tasks cancelled while running': 100,
  'tasks cancelled otherwise': 400,
  'runs paused': 100,
  'runs completed': 1_500,
  'runs failed': 500,
  'runs cancelled': 80,
  'runs timed out': 40,
  'runs started again': 300,
  'results told again': 5,
  'runs whose start was lost': 80,
  'runs done again': 200,
  'adopted outputs': 300,
  'requests done': 60,
  'requests refused': 40,
  'actors crashed': 500,
  'effects that threw': 100,
  'runs started anew': 300,
} as const satisfies Record<Happening, number>;

/** Lives through a world; a breach says how to see it again. */
async function live(seed: number, tally: Tally, trace?: (line: string) => void): Promise<void> {
  try {
    await simulate({ seed, tally, ...(trace === undefined ? {} : { trace }) });
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const replay = `node test/simulation/run-seeds.ts --seed ${seed} --trace`;
    throw new Error(`seed ${seed}: ${error.message}; replay: ${replay}`, { cause: error });
  }
}

describe('simulated worlds', () => {
  it(
    `hold every invariant in ${SEEDS} seeds, and meet every kind of fault`,
    async () => {
      const tally = new Tally();
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) await live(seed, tally);
      console.log(`${SEEDS} seeds from ${FIRST_SEED}\n${tally}`);
      const share = SEEDS / COUNTED_SEEDS;
      const rare = HAPPENINGS.filter((happening) => tally.counts[happening] < Math.floor(LEAST[happening] * share));
      expect(rare.map((happening) => `${happening}: ${tally.counts[happening]}`)).toEqual([]);
    },
    SEEDS * LONGEST_SEED_MS,
  );

  it('come out the same from the same seed, step by step', async () => {
    for (const seed of [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]) {
      const traces: string[][] = [[], []];
      for (const lines of traces) await live(seed, new Tally(), (line) => lines.push(line));
      expect(traces[0]?.length).toBeGreaterThan(5);
      expect(traces[1]).toEqual(traces[0]);
    }
  });

  it('differ from seed to seed', async () => {
    const traces = new Set<string>();
    for (let seed = 1; seed <= 30; seed++) {
      const lines: string[] = [];
      await live(seed, new Tally(), (line) => lines.push(line));
      traces.add(lines.join('\n'));
    }
    expect(traces.size).toBe(30);
  });
});
