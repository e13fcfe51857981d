// Owns the bench of scheduling decisions: what the end of a task and the choice of the next cost, with few and with many
// tasks that are ready. All kinds run in one process and in turns; each process is one observation.

import { z } from 'zod';
import { type BenchOptions, type BenchRow, medianOf, refuseUndone, rowOf } from './measurement.ts';
import { observe } from './processes/observation.ts';

export const description =
  'A decision: the end of a task and the start of the next, on 8 slots, in virtual time, mode resource_aware with known ' +
  'durations. Ready tasks of four lanes ask for up to four units of some of three resources (496 classes), over five ' +
  'levels; or for a slot only; or for one unit of one resource; or each for another amount of it. In steady state a new task comes for each that ends.';

const NAMES = {
  drainFew: 'next + finished, 1,000 ready tasks',
  drainMany: 'next + finished, 100,000 ready tasks',
  drainRatio: 'next + finished, 100,000 / 1,000 ready tasks',
  steadyFew: 'steady state, 1,000 ready tasks',
  steadyMany: 'steady state, 100,000 ready tasks',
  steadyRatio: 'steady state, 100,000 / 1,000 ready tasks',
  plainFew: 'steady state, one class without resources, 1,000 ready tasks',
  plainMany: 'steady state, one class without resources, 100,000 ready tasks',
  plainRatio: 'steady state, one class without resources, 100,000 / 1,000 ready tasks',
  sameFew: 'steady state, each one unit of one resource, 1,000 ready tasks',
  sameMany: 'steady state, each one unit of one resource, 100,000 ready tasks',
  sameRatio: 'steady state, each one unit of one resource, 100,000 / 1,000 ready tasks',
  distinct: 'steady state, 20,000 classes of one resource',
} as const;

const foundSchema = z.object({ timesMs: z.array(z.number()).min(1), done: z.number(), kept: z.number() });
const findingsSchema = z.object({
  drainFew: foundSchema,
  drainMany: foundSchema,
  steadyFew: foundSchema,
  steadyMany: foundSchema,
  plainFew: foundSchema,
  plainMany: foundSchema,
  sameFew: foundSchema,
  sameMany: foundSchema,
  distinct: foundSchema,
});
type Findings = z.infer<typeof findingsSchema>;
type Kind = keyof Findings;

export async function run({ tiny }: BenchOptions): Promise<BenchRow[]> {
  const plan = tiny
    ? { few: 200, many: 2_000, classes: 200, decisions: 100, rounds: 1 }
    : { few: 1_000, many: 100_000, classes: 20_000, decisions: 800, rounds: 15 };
  const processes = tiny ? 1 : 7;
  const found = await observe('scheduling-process.ts', plan, findingsSchema, processes);
  const perDecision = (kind: Kind) => found.map((each) => (medianOf(each[kind].timesMs) * 1_000) / plan.decisions);
  const ratio = (kind: Kind, base: Kind) =>
    found.map((each) => medianOf(each[kind].timesMs) / medianOf(each[base].timesMs));
  const sizeOf = (kind: Kind) => (kind === 'distinct' ? plan.classes : kind.endsWith('Few') ? plan.few : plan.many);
  const proof = (...kinds: Kind[]) => {
    const work: Record<string, number> = {};
    const expected: Record<string, number> = {};
    for (const kind of kinds) {
      const turns = plan.rounds * processes;
      work[`decisions, ${kind}`] = found.reduce((sum, each) => sum + each[kind].done, 0);
      expected[`decisions, ${kind}`] = plan.decisions * turns;
      if (kind.startsWith('drain')) continue;
      // Nothing is lost on the way, and nothing comes twice.
      work[`tasks, ${kind}`] = found.reduce((sum, each) => sum + each[kind].kept, 0);
      expected[`tasks, ${kind}`] = sizeOf(kind) * turns;
    }
    return { observed: 'process' as const, work, expected };
  };
  const row = (kind: Kind) => rowOf(NAMES[kind], 'µs', perDecision(kind), proof(kind));
  const ratioRow = (name: string, kind: Kind, base: Kind) => rowOf(name, 'ratio', ratio(kind, base), proof(kind, base));
  return [
    row('drainFew'),
    row('drainMany'),
    ratioRow(NAMES.drainRatio, 'drainMany', 'drainFew'),
    row('steadyFew'),
    row('steadyMany'),
    ratioRow(NAMES.steadyRatio, 'steadyMany', 'steadyFew'),
    row('plainFew'),
    row('plainMany'),
    ratioRow(NAMES.plainRatio, 'plainMany', 'plainFew'),
    row('sameFew'),
    row('sameMany'),
    ratioRow(NAMES.sameRatio, 'sameMany', 'sameFew'),
    row('distinct'),
  ];
}

export function verify(rows: readonly BenchRow[]): void {
  refuseUndone(rows, Object.values(NAMES));
}
