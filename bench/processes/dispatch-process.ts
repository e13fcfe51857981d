// Owns one observation of the dispatch bench: empty tasks through the whole engine, without and with a journal on
// disk, and through two bare pools, in turns.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { defaultPool, fastestPool } from './bare-pool.ts';
import { defineSteps, outputsOf, startEngine } from './engine-work.ts';
import { interleave, readPlan, reportFindings } from './observation.ts';

const { tasks, rounds, threads } = readPlan(z.object({ tasks: z.number(), rounds: z.number(), threads: z.number() }));
const parameters = Array.from({ length: tasks }, (_, index) => ({ index }));

await using engine = await startEngine(threads);
const dataDir = mkdtempSync(join(tmpdir(), 'yardmaster-bench-data-'));
const durable = await startEngine(threads, dataDir);
for (const each of [engine, durable]) defineSteps(each, 'empty', 'noop', parameters);
const defaults = defaultPool(threads);
const fastest = fastestPool(threads);

const throughPool = (pool: typeof defaults) => async () =>
  countIndices(await Promise.all(parameters.map((each) => pool.run(each, { name: 'noop' }))));
const variants = {
  engine: { run: async () => countIndices(await outputsOf(engine, 'empty')) },
  durable: { run: async () => countIndices(await outputsOf(durable, 'empty')) },
  defaults: { run: throughPool(defaults) },
  fastest: { run: throughPool(fastest) },
};

// Twice unmeasured: the first time loads code on the threads, the second lets it be compiled.
await interleave(variants, 2);
reportFindings(await interleave(variants, rounds));
await Promise.all([defaults.destroy(), fastest.destroy(), durable.shutdown()]);
rmSync(dataDir, { recursive: true });

// How many different tasks have given back their own index.
function countIndices(outputs: readonly unknown[]): number {
  const indices = new Set(outputs);
  return parameters.filter(({ index }) => indices.has(index)).length;
}
