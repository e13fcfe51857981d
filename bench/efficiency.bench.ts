// Owns the bench of parallel efficiency: how much of two threads reaches CPU-bound bodies of a given length.
// Bodies are fixed work with a checksum, calibrated once to the wanted time, so that no variant can pass by waiting.

import { z } from 'zod';
import { type BenchOptions, type BenchRow, medianOf, refuseUndone, rowOf } from './measurement.ts';
import { observe, variantFindingsSchema } from './processes/observation.ts';
import { mix } from './tasks/fixed-work.ts';

export const description =
  'CPU-bound bodies of about 10, 1 and 0.1 ms. Speed-up: 8 bodies on two threads over the same on one, both through the ' +
  'engine (0.5 is ideal). Share of ideal: the time of the same work as one message a thread over the time as one task a body.';

const THREADS = 2;
const FEW = 8;

const findingsSchema = z.object({
  fewOnOne: variantFindingsSchema,
  fewOnTwo: variantFindingsSchema,
  engine: variantFindingsSchema,
  piscina: variantFindingsSchema,
  whole: variantFindingsSchema,
});
type Findings = z.infer<typeof findingsSchema>;
const variantNames = findingsSchema.keyof().options;

interface Body {
  readonly ms: number;
  /** Enough of them that a run lasts some hundred milliseconds. */
  readonly many: number;
}

const BODIES: readonly Body[] = [
  { ms: 10, many: 80 },
  { ms: 1, many: 600 },
  { ms: 0.1, many: 4_000 },
];
const TINY_BODIES: readonly Body[] = [{ ms: 0.1, many: 8 }];

export async function run({ tiny }: BenchOptions): Promise<BenchRow[]> {
  const stepsPerMs = calibrate();
  const rows: BenchRow[] = [];
  for (const body of tiny ? TINY_BODIES : BODIES) rows.push(...(await measure(body, stepsPerMs, tiny)));
  return rows;
}

export function verify(rows: readonly BenchRow[]): void {
  if (rows.length === 0) throw new Error('the efficiency bench measured nothing');
  refuseUndone(rows, []);
}

async function measure({ ms, many }: Body, stepsPerMs: number, tiny: boolean): Promise<BenchRow[]> {
  const plan = { steps: Math.round(stepsPerMs * ms), few: FEW, many, rounds: tiny ? 1 : 5 };
  const processes = tiny ? 1 : 5;
  const found = await observe('efficiency-process.ts', plan, findingsSchema, processes);
  const stretches = plan.rounds * processes;
  const over = (top: keyof Findings, bottom: keyof Findings) =>
    found.map((each) => medianOf(each[top].timesMs) / medianOf(each[bottom].timesMs));
  const proof = (counts: Partial<Record<keyof Findings, number>>) => {
    const named = variantNames.filter((name) => counts[name] !== undefined);
    const keyed = (count: (name: keyof Findings) => number) =>
      Object.fromEntries(named.map((name) => [`right checksums, ${name}`, count(name)]));
    return {
      observed: 'process' as const,
      work: keyed((name) => found.reduce((sum, each) => sum + each[name].done, 0)),
      expected: keyed((name) => (counts[name] ?? 0) * stretches),
    };
  };
  const label = `bodies of ${ms} ms`;
  return [
    rowOf(
      `${label}: ${FEW} on two threads / on one`,
      'ratio',
      over('fewOnTwo', 'fewOnOne'),
      proof({ fewOnOne: FEW, fewOnTwo: FEW }),
    ),
    rowOf(
      `${label}: engine, share of ideal`,
      'share',
      over('whole', 'engine'),
      proof({ engine: many, whole: THREADS }),
    ),
    rowOf(
      `${label}: Piscina, share of ideal`,
      'share',
      over('whole', 'piscina'),
      proof({ piscina: many, whole: THREADS }),
    ),
  ];
}

// The quickest of several tries: the others were disturbed.
function calibrate(): number {
  const steps = 2_000_000;
  let bestMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 10; attempt++) {
    const start = performance.now();
    mix({ steps });
    bestMs = Math.min(bestMs, performance.now() - start);
  }
  return steps / bestMs;
}
