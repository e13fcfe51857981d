// Tortures the ledger: real threads take, wait, cancel and give back at random and are killed at random moments (sealed
// before, at any instruction, by their own exit inside an operation) and replaced at once, while the main thread takes,
// waits, resizes and takes out of service. At no sample more is in use than there is; at every census each unit in use
// belongs to somebody; what a dead thread held comes back, exactly once.
//
// The full run, which is 1,000,000 operations and 200 kills:
//   YARDMASTER_TORTURE_OPERATIONS=1000000 YARDMASTER_TORTURE_KILLS=200 npx vitest run test/stress/ledger-torture.test.ts
// YARDMASTER_SEED gives the seed; threads are not steered by it, so it repeats what they try, not how they interleave.

import { expect, it } from 'vitest';
import { BoardWord, TORTURE_RESOURCES } from './ledger-torture-board.ts';
import { TortureRun } from './ledger-torture-run.ts';

const OPERATIONS = Number(process.env.YARDMASTER_TORTURE_OPERATIONS ?? 150_000);
const KILLS = Number(process.env.YARDMASTER_TORTURE_KILLS ?? 60);
const SEED = Number(process.env.YARDMASTER_SEED ?? Date.now() % 1_000_000);
const THREADS = 4;

it(`the ledger stays exact under ${OPERATIONS} operations and ${KILLS} kills (seed ${SEED})`, async () => {
  const startedMs = performance.now();
  const run = new TortureRun({ seed: SEED, threads: THREADS, operations: OPERATIONS, kills: KILLS });
  try {
    await run.run();
    expect(run.faults).toEqual([]);
    for (const { id, capacity } of TORTURE_RESOURCES) {
      const { current, waiting, allocationCount, peak } = run.guard.getUsage(id);
      expect({ id, current, waiting, allocationCount }).toEqual({ id, current: 0, waiting: 0, allocationCount: 0 });
      expect(peak).toBeGreaterThan(0);
      expect(peak).toBeLessThanOrEqual(capacity);
    }
  } finally {
    await run.close();
    process.stdout.write(`${reportOf(run, (performance.now() - startedMs) / 1_000)}\n`);
  }
  const { deaths } = run;
  expect(run.count(BoardWord.OPERATIONS)).toBeGreaterThanOrEqual(OPERATIONS);
  // Whatever could happen did: all endings, deaths with and without something held, inside and outside operations, all
  // ends of waits.
  for (const ending of ['sealed', 'terminated', 'exit', 'stopped'] as const) {
    expect(deaths.filter((death) => death.ending === ending).length).toBeGreaterThan(0);
  }
  expect(deaths.some(({ interrupted }) => interrupted)).toBe(true);
  expect(run.reclaimedUnits).toBeGreaterThan(0);
  const { GRANTED, REFUSED, RELEASED, WAITS_GRANTED, WAITS_TIMED_OUT, WAITS_CANCELLED, SAMPLES } = BoardWord;
  for (const word of [GRANTED, REFUSED, RELEASED, WAITS_GRANTED, WAITS_TIMED_OUT, WAITS_CANCELLED, SAMPLES]) {
    expect(run.count(word)).toBeGreaterThan(0);
  }
}, 600_000);

function reportOf(run: TortureRun, seconds: number): string {
  const { deaths } = run;
  const kills = (ending: string) => deaths.filter((death) => death.ending === ending).length;
  const inside = deaths.filter(({ interrupted }) => interrupted).length;
  const off = deaths.filter(({ pending }) => pending).length;
  const waits = [BoardWord.WAITS_GRANTED, BoardWord.WAITS_TIMED_OUT, BoardWord.WAITS_CANCELLED].map((word) =>
    run.count(word),
  );
  return [
    `torture of the ledger, seed ${SEED}, ${THREADS} threads, ${seconds.toFixed(1)} s`,
    `  operations of threads ${run.count(BoardWord.OPERATIONS)}, of the main thread ${run.mainOperations}`,
    `  tries granted ${run.count(BoardWord.GRANTED)}, refused ${run.count(BoardWord.REFUSED)}; released ${run.count(BoardWord.RELEASED)}`,
    `  waits granted (some at once) ${waits[0]}, timed out ${waits[1]}, cancelled ${waits[2]}`,
    `  killed: sealed ${kills('sealed')}, terminated ${kills('terminated')}, own exit inside ${kills('exit')}; ended ${kills('stopped')}`,
    `  died inside an operation ${inside}, settled later ${off}; units given back ${run.reclaimedUnits}`,
    `  samples ${run.count(BoardWord.SAMPLES)}, censuses ${run.censuses}, faults ${run.faults.length}`,
  ].join('\n');
}
