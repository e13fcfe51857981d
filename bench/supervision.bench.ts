// Owns the bench of supervision: what a supervised child costs from start to stop, with few siblings and with many, and
// against a plain machine that spawns its children. Each process is one observation.

import { z } from 'zod';
import { type BenchOptions, type BenchRow, medianOf, refuseUndone, rowOf } from './measurement.ts';
import { observe } from './processes/observation.ts';

export const description =
  'A supervised child, an XState machine of one state: its start by request and its orderly stop with all others, under ' +
  'one_for_one (each child with a spec of its own) and simple_one_for_one (children of one template). Beside it the same ' +
  'children without supervision, spawned by a machine with spawnChild, one event each, and stopped with it.';

const foundSchema = z.object({
  startMs: z.array(z.number()).min(1),
  stopMs: z.array(z.number()).min(1),
  started: z.number(),
  stopped: z.number(),
});
const findingsSchema = z.object({
  listedFew: foundSchema,
  listedSome: foundSchema,
  listedMany: foundSchema,
  dynamicFew: foundSchema,
  dynamicSome: foundSchema,
  dynamicMany: foundSchema,
  spawnedFew: foundSchema,
  spawnedSome: foundSchema,
});
type Findings = z.infer<typeof findingsSchema>;
type Kind = keyof Findings;

const WAYS = { listed: 'one_for_one', dynamic: 'simple_one_for_one', spawned: 'plain machine, spawnChild' } as const;
const SIZES = { Few: '1,000', Some: '10,000', Many: '100,000' } as const;
const KINDS = Object.keys(findingsSchema.shape) as Kind[];

const NAMES = [
  ...KINDS.flatMap((kind) => [nameOf(kind, 'start'), nameOf(kind, 'stop')]),
  ...(['listed', 'dynamic'] as const).flatMap((way) => [
    growthName(way),
    spawnedName(way, 'Few'),
    spawnedName(way, 'Some'),
  ]),
];

export async function run({ tiny }: BenchOptions): Promise<BenchRow[]> {
  const plan = tiny
    ? { few: 20, some: 40, many: 80, rounds: 1 }
    : { few: 1_000, some: 10_000, many: 100_000, rounds: 3 };
  const processes = tiny ? 1 : 3;
  const found = await observe('supervision-process.ts', plan, findingsSchema, processes);
  const sizeOf = (kind: Kind): number =>
    kind.endsWith('Few') ? plan.few : kind.endsWith('Some') ? plan.some : plan.many;
  const costs = (kind: Kind, part: 'start' | 'stop'): number[] =>
    found.map((each) => (medianOf(part === 'start' ? each[kind].startMs : each[kind].stopMs) * 1_000) / sizeOf(kind));
  const wholes = (kind: Kind): number[] =>
    costs(kind, 'start').map((cost, index) => cost + (costs(kind, 'stop')[index] ?? 0));
  const proof = (...kinds: Kind[]) => {
    const work: Record<string, number> = {};
    const expected: Record<string, number> = {};
    for (const kind of kinds) {
      const turns = (kind === 'spawnedSome' ? 1 : plan.rounds) * processes;
      for (const part of ['started', 'stopped'] as const) {
        work[`${part}, ${kind}`] = found.reduce((sum, each) => sum + each[kind][part], 0);
        expected[`${part}, ${kind}`] = sizeOf(kind) * turns;
      }
    }
    return { observed: 'process' as const, work, expected };
  };
  const ratio = (name: string, kind: Kind, base: Kind): BenchRow => {
    const bases = wholes(base);
    const values = wholes(kind).map((cost, index) => cost / (bases[index] ?? Number.NaN));
    return rowOf(name, 'ratio', values, proof(kind, base));
  };
  return [
    ...KINDS.flatMap((kind) => [
      rowOf(nameOf(kind, 'start'), 'µs', costs(kind, 'start'), proof(kind)),
      rowOf(nameOf(kind, 'stop'), 'µs', costs(kind, 'stop'), proof(kind)),
    ]),
    ...(['listed', 'dynamic'] as const).flatMap((way) => [
      ratio(growthName(way), `${way}Many`, `${way}Few`),
      ratio(spawnedName(way, 'Few'), `${way}Few`, 'spawnedFew'),
      ratio(spawnedName(way, 'Some'), `${way}Some`, 'spawnedSome'),
    ]),
  ];
}

export function verify(rows: readonly BenchRow[]): void {
  refuseUndone(rows, NAMES);
}

function nameOf(kind: Kind, part: 'start' | 'stop'): string {
  const [, way = '', size = ''] = kind.match(/^([a-z]+)([A-Z][a-z]+)$/) ?? [];
  return `${Reflect.get(WAYS, way)}, ${Reflect.get(SIZES, size)} children: ${part} of one`;
}

function growthName(way: 'listed' | 'dynamic'): string {
  return `${WAYS[way]}, start + stop of one: 100,000 / 1,000 children`;
}

function spawnedName(way: 'listed' | 'dynamic', size: 'Few' | 'Some'): string {
  return `start + stop of one at ${SIZES[size]}: ${WAYS[way]} / spawnChild`;
}
