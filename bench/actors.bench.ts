// Owns the bench of task actors: what the life of one costs, interpreted by XState and compiled to a table, and what very
// many live ones cost to start, hold and stop, under a registry as the engine has them.

import { z } from 'zod';
import { type BenchOptions, type BenchRow, medianOf, refuseUndone, rowOf } from './measurement.ts';
import { observe, variantFindingsSchema } from './processes/observation.ts';

export const description =
  'A life: create, start, three events (its attempt starts, runs out of time, has ended) and done, with empty effects. Forms in ' +
  'turns within a process, each process one observation. Live actors: task actors under one registry, all of them ' +
  'alive at once; each form and number in a process of its own, which starts with its code warm.';

const NAMES = {
  interpretedLife: 'life of a task actor, interpreted, under a registry',
  compiledLife: 'life of a task actor, compiled, under a registry',
  ratio: 'life of a task actor, interpreted / compiled',
  interpretedRoot: 'life of a task actor, interpreted, a root of its own',
  compiledRoot: 'life of a task actor, compiled, a root of its own',
} as const;

const MEASURES = [
  ['start', 'µs'],
  ['stop', 'µs'],
  ['heap', 'bytes'],
  ['resident', 'bytes'],
] as const;

/** What fewer of them take of the process comes partly out of what it has anyway. */
const LEAST_RESIDENT = 1_000_000;

const lifeSchema = z.object({
  interpretedLife: variantFindingsSchema,
  compiledLife: variantFindingsSchema,
  interpretedRoot: variantFindingsSchema,
  compiledRoot: variantFindingsSchema,
});
type Life = keyof z.infer<typeof lifeSchema>;

const liveSchema = z.object({
  startMs: z.number(),
  stopMs: z.number(),
  heapBytes: z.number(),
  residentBytes: z.number(),
  started: z.number(),
  alive: z.number(),
  left: z.number(),
});

export async function run({ tiny }: BenchOptions): Promise<BenchRow[]> {
  const plan = tiny ? { lives: 200, rounds: 2 } : { lives: 5_000, rounds: 15 };
  const processes = tiny ? 1 : 7;
  const found = await observe('actor-lives-process.ts', plan, lifeSchema, processes);
  const microseconds = (life: Life) => found.map((each) => (medianOf(each[life].timesMs) * 1_000) / plan.lives);
  const proof = (...lives: Life[]) => {
    const count = (life: Life) => found.reduce((sum, each) => sum + each[life].done, 0);
    return {
      observed: 'process' as const,
      work: Object.fromEntries(lives.map((life) => [`lives, ${life}`, count(life)])),
      expected: Object.fromEntries(lives.map((life) => [`lives, ${life}`, plan.lives * plan.rounds * processes])),
    };
  };
  const row = (life: Life) => rowOf(NAMES[life], 'µs', microseconds(life), proof(life));
  const ratios = found.map((each) => medianOf(each.interpretedLife.timesMs) / medianOf(each.compiledLife.timesMs));
  return [
    row('interpretedLife'),
    row('compiledLife'),
    rowOf(NAMES.ratio, 'ratio', ratios, proof('interpretedLife', 'compiledLife')),
    row('interpretedRoot'),
    row('compiledRoot'),
    ...(await liveRows('compiled', tiny ? 5_000 : 1_000_000, tiny ? 1 : 3)),
    ...(await liveRows('interpreted', tiny ? 1_000 : 100_000, tiny ? 1 : 3)),
    ...(await liveRows('compiled', tiny ? 1_000 : 100_000, tiny ? 1 : 3)),
  ];
}

export function verify(rows: readonly BenchRow[]): void {
  refuseUndone(rows, Object.values(NAMES));
  for (const measure of ['start', 'stop', 'heap']) {
    for (const form of ['compiled', 'interpreted']) {
      if (!rows.some(({ name }) => name.startsWith(`${measure} of one of`) && name.endsWith(form)))
        throw new Error(`bench row missing: ${measure} of one of many live actors, ${form}`);
    }
  }
}

async function liveRows(form: 'compiled' | 'interpreted', actors: number, processes: number): Promise<BenchRow[]> {
  const plan = { actors, isCompiled: form === 'compiled' ? 1 : 0 };
  const found = await observe('live-actors-process.ts', plan, liveSchema, processes);
  const sum = (key: 'started' | 'alive' | 'left') => found.reduce((total, each) => total + each[key], 0);
  const proof = {
    observed: 'process' as const,
    work: { started: sum('started'), alive: sum('alive'), left: sum('left') },
    expected: { started: actors * processes, alive: actors * processes, left: 0 },
  };
  const values = (measure: (typeof MEASURES)[number][0]) =>
    found.map(({ startMs, stopMs, heapBytes, residentBytes }) => {
      const total = { start: startMs * 1_000, stop: stopMs * 1_000, heap: heapBytes, resident: residentBytes };
      return total[measure] / actors;
    });
  const many = actors.toLocaleString('en-US');
  const measures = MEASURES.filter(([measure]) => measure !== 'resident' || actors >= LEAST_RESIDENT);
  return measures.map(([measure, unit]) =>
    rowOf(`${measure} of one of ${many} live actors, ${form}`, unit, values(measure), proof),
  );
}
