// Owns the bench of the journal: what a fact costs until it is durable, in each store, and what the writing costs the main
// thread. Stores take turns within a process; each process is one observation of the ratios.

import { z } from 'zod';
import { type BenchOptions, type BenchRow, medianOf, refuseUndone, rowOf } from './measurement.ts';
import { observe, variantFindingsSchema } from './processes/observation.ts';

export const description =
  'Facts of one run in bursts of 200, each burst a turn of the event loop, until all are durable: in memory, and in SQLite ' +
  'with each durability (`full` syncs every commit). Then 20,000 facts a second while the delay of a 1 ms timer is ' +
  'watched, against the same loop without them.';

const STORES = ['full', 'normal', 'none', 'memory'] as const;
type Store = (typeof STORES)[number];
const APPENDED = ['full', 'memory'] as const;

const NAMES = {
  perFact: (store: Store) => `${storeName(store)}, time a fact until durable`,
  append: (store: Store) => `${storeName(store)}, time of append on the main thread`,
  ratio: 'SQLite full / memory, time a fact until durable',
  relaxed: 'SQLite full / none, time a fact until durable',
  delay: (loop: string) => `p99 delay of the event loop, ${loop}`,
} as const;
const LOOPS = { idle: 'no facts', memory: '20,000 facts/s in memory', full: '20,000 facts/s in SQLite, full' } as const;

const perStore = <Schema extends z.ZodType>(schema: Schema) =>
  z.object({ full: schema, normal: schema, none: schema, memory: schema });
const findingsSchema = z.object({
  throughput: perStore(variantFindingsSchema),
  appendMs: perStore(z.number()),
  delays: z.object({ idle: z.array(z.number()), full: z.array(z.number()), memory: z.array(z.number()) }),
  kept: perStore(z.number()),
  paced: z.number(),
});
type Findings = z.infer<typeof findingsSchema>;

export async function run({ tiny }: BenchOptions): Promise<BenchRow[]> {
  const plan = { facts: tiny ? 2_000 : 200_000, rounds: tiny ? 1 : 5, pacedMs: tiny ? 50 : 1_000 };
  const processes = tiny ? 1 : 5;
  const found = await observe('journal-process.ts', plan, findingsSchema, processes);
  const perFact = (each: Findings, store: Store) => (medianOf(each.throughput[store].timesMs) * 1_000) / plan.facts;
  const proof = (...stores: Store[]) => proofOf(found, plan, stores);
  const row = (name: string, unit: BenchRow['unit'], value: (each: Findings) => number, ...stores: Store[]) =>
    rowOf(name, unit, found.map(value), proof(...stores));
  const measured = plan.facts * plan.rounds;
  return [
    ...STORES.map((store) => row(NAMES.perFact(store), 'µs', (each) => perFact(each, store), store)),
    row(NAMES.ratio, 'ratio', (each) => perFact(each, 'full') / perFact(each, 'memory'), 'full', 'memory'),
    row(NAMES.relaxed, 'ratio', (each) => perFact(each, 'full') / perFact(each, 'none'), 'full', 'none'),
    ...APPENDED.map((store) =>
      row(NAMES.append(store), 'µs', (each) => (each.appendMs[store] * 1_000) / measured, store),
    ),
    ...(['idle', 'memory', 'full'] as const).map((loop) =>
      row(NAMES.delay(LOOPS[loop]), 'ms', (each) => medianOf(each.delays[loop]), 'full', 'memory'),
    ),
  ];
}

function proofOf(
  found: readonly Findings[],
  plan: { readonly facts: number; readonly rounds: number },
  stores: readonly Store[],
): Pick<BenchRow, 'work' | 'expected' | 'observed'> {
  const timed = plan.facts * plan.rounds * found.length;
  // One more round warms up; paced facts come on top.
  const sumOf = (value: (each: Findings) => number) => found.reduce((sum, each) => sum + value(each), 0);
  const paced = sumOf((each) => each.paced);
  const kept = plan.facts * (plan.rounds + 1) * found.length * STORES.length + paced;
  return {
    observed: 'process',
    work: {
      ...Object.fromEntries(stores.map((store) => [`durable in ${store}`, doneBy(found, store)])),
      'facts read back': sumOf(sumKept),
    },
    expected: {
      ...Object.fromEntries(stores.map((store) => [`durable in ${store}`, timed])),
      'facts read back': kept,
    },
  };
}

function sumKept({ kept }: Findings): number {
  return STORES.reduce((sum, store) => sum + kept[store], 0);
}

export function verify(rows: readonly BenchRow[]): void {
  refuseUndone(rows, [
    ...STORES.map(NAMES.perFact),
    NAMES.ratio,
    NAMES.relaxed,
    ...APPENDED.map(NAMES.append),
    ...Object.values(LOOPS).map(NAMES.delay),
  ]);
}

function storeName(store: Store): string {
  return store === 'memory' ? 'memory' : `SQLite ${store}`;
}

function doneBy(found: readonly Findings[], store: Store): number {
  return found.reduce((sum, each) => sum + each.throughput[store].done, 0);
}
