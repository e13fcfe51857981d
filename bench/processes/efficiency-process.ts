// Owns one observation of the efficiency bench: the same CPU-bound work on one and on two threads, through the engine,
// through bare Piscina, and as one message a thread, which is the least that any scheduler could cost.

import { z } from 'zod';
import { mix } from '../tasks/fixed-work.ts';
import { defaultPool } from './bare-pool.ts';
import { defineSteps, outputsOf, startEngine } from './engine-work.ts';
import { interleave, readPlan, reportFindings } from './observation.ts';

const planSchema = z.object({ steps: z.number(), few: z.number(), many: z.number(), rounds: z.number() });
const { steps, few, many, rounds } = readPlan(planSchema);
const THREADS = 2;

const checksum = mix({ steps });
const wholeChecksum = mix({ steps: (steps * many) / THREADS });
const countRight = (outputs: readonly unknown[], right: number) => outputs.filter((output) => output === right).length;

await using one = await startEngine(1);
await using two = await startEngine(THREADS);
const pool = defaultPool(THREADS);
const bodies = (count: number) => Array.from({ length: count }, () => ({ steps }));
for (const engine of [one, two]) defineSteps(engine, 'few', 'mix', bodies(few));
defineSteps(two, 'many', 'mix', bodies(many));

const onPool = (tasks: readonly { readonly steps: number }[]) =>
  Promise.all(tasks.map((task) => pool.run(task, { name: 'mix' })));
const wholes = Array.from({ length: THREADS }, () => ({ steps: (steps * many) / THREADS }));
const variants = {
  fewOnOne: { run: async () => countRight(await outputsOf(one, 'few'), checksum) },
  fewOnTwo: { run: async () => countRight(await outputsOf(two, 'few'), checksum) },
  engine: { run: async () => countRight(await outputsOf(two, 'many'), checksum) },
  piscina: { run: async () => countRight(await onPool(bodies(many)), checksum) },
  whole: { run: async () => countRight(await onPool(wholes), wholeChecksum) },
};

await interleave(variants, 1);
reportFindings(await interleave(variants, rounds));
await pool.destroy();
