// Owns one thread of the contended rows of the ledger bench: waits for the others, then takes and gives back in a loop.

import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { CapacityLedger } from '../../src/resources/capacity-ledger.ts';

const { buffer, barrier, indices, pairs, threads } = z
  .object({
    buffer: z.instanceof(SharedArrayBuffer),
    barrier: z.instanceof(SharedArrayBuffer),
    indices: z.array(z.number()),
    pairs: z.number(),
    threads: z.number(),
  })
  .parse(workerData);

const ledger = CapacityLedger.attach(buffer);
const arrived = new Int32Array(barrier);
const units = indices.map(() => 1);
takeAndGive(Math.min(pairs, 50_000));

Atomics.add(arrived, 0, 1);
// Spins: a thread that sleeps here would wake up after the other one has begun.
while (Atomics.load(arrived, 0) < threads);
const start = performance.now();
const done = takeAndGive(pairs);
parentPort?.postMessage({ elapsedMs: performance.now() - start, done });

function takeAndGive(count: number): number {
  let complete = 0;
  for (let pair = 0; pair < count; pair++) {
    if (ledger.takeAll(indices, units) !== 'granted') continue;
    let given = 0;
    for (const index of indices) if (ledger.give(index, 1) === 'given') given += 1;
    if (given === indices.length) complete += 1;
  }
  return complete;
}
