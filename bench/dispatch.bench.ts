// Owns the bench of dispatch: what a task costs beyond its body, for the whole engine against bare Piscina.
// Both sides run in one process and in turns; each process is one observation of the ratio.

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { type BenchOptions, type BenchRow, medianOf, refuseUndone, rowOf } from './measurement.ts';
import { observe, variantFindingsSchema } from './processes/observation.ts';

export const description =
  'Empty tasks on all threads, all submitted at once: a workflow run of independent steps through the whole engine ' +
  '(actors, capacity, dispatcher, journal in memory and on disk), against one `piscina.run` a task at Piscina’s defaults and at its ' +
  'best (64 concurrent tasks a thread, its ring buffer, no histograms).';

const NAMES = {
  engine: 'engine, time a task',
  durable: 'engine with its journal on disk, every commit synced, time a task',
  defaults: 'Piscina at its defaults, time a task',
  fastest: 'Piscina at its best, time a task',
  overDefaults: 'engine / Piscina at its defaults',
  overFastest: 'engine / Piscina at its best',
  overMemory: 'engine with its journal on disk / in memory',
} as const;

const findingsSchema = z.object({
  engine: variantFindingsSchema,
  durable: variantFindingsSchema,
  defaults: variantFindingsSchema,
  fastest: variantFindingsSchema,
});
type Findings = z.infer<typeof findingsSchema>;

export async function run({ tiny }: BenchOptions): Promise<BenchRow[]> {
  const plan = { tasks: tiny ? 50 : 10_000, rounds: tiny ? 1 : 5, threads: availableParallelism() };
  const processes = tiny ? 1 : 7;
  const found = await observe('dispatch-process.ts', plan, findingsSchema, processes);
  const perTask = (variant: keyof Findings) =>
    found.map((each) => (medianOf(each[variant].timesMs) * 1_000) / plan.tasks);
  const ratio = (variant: keyof Findings, base: keyof Findings) =>
    found.map((each) => medianOf(each[variant].timesMs) / medianOf(each[base].timesMs));
  const proof = (...variants: (keyof Findings)[]) => ({
    observed: 'process' as const,
    work: Object.fromEntries(variants.map((name) => [`tasks through ${name}`, doneBy(found, name)])),
    expected: Object.fromEntries(
      variants.map((name) => [`tasks through ${name}`, plan.tasks * plan.rounds * processes]),
    ),
  });
  return [
    rowOf(NAMES.engine, 'µs', perTask('engine'), proof('engine')),
    rowOf(NAMES.durable, 'µs', perTask('durable'), proof('durable')),
    rowOf(NAMES.defaults, 'µs', perTask('defaults'), proof('defaults')),
    rowOf(NAMES.fastest, 'µs', perTask('fastest'), proof('fastest')),
    rowOf(NAMES.overDefaults, 'ratio', ratio('engine', 'defaults'), proof('engine', 'defaults')),
    rowOf(NAMES.overFastest, 'ratio', ratio('engine', 'fastest'), proof('engine', 'fastest')),
    rowOf(NAMES.overMemory, 'ratio', ratio('durable', 'engine'), proof('durable', 'engine')),
  ];
}

export function verify(rows: readonly BenchRow[]): void {
  refuseUndone(rows, Object.values(NAMES));
}

function doneBy(found: readonly Findings[], variant: keyof Findings): number {
  return found.reduce((sum, each) => sum + each[variant].done, 0);
}
