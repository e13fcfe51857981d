// Owns how in-process benches sample a body: tinybench with bounds of ours, so that every subject is sampled alike.

import { Bench } from 'tinybench';
import type { BenchOptions } from './measurement.ts';

/** At least this many samples and this long, whichever takes more. */
const ITERATIONS = 20;
const TIME_MS = 500;
const WARMUP_ITERATIONS = 10;

/** Times of a body in milliseconds, one a call. `prepare` runs before each call and is not timed. */
export async function timeStretches(
  { tiny }: BenchOptions,
  body: () => void,
  prepare: () => void = () => {},
): Promise<readonly number[]> {
  const bench = new Bench({
    iterations: tiny ? 2 : ITERATIONS,
    time: tiny ? 0 : TIME_MS,
    warmupIterations: tiny ? 1 : WARMUP_ITERATIONS,
    warmupTime: 0,
    retainSamples: true,
    throws: true,
  });
  bench.add('body', body, { beforeEach: prepare });
  await bench.run();
  const result = bench.getTask('body')?.result;
  const samples = result !== undefined && 'latency' in result ? result.latency.samples : undefined;
  if (samples === undefined) throw new Error(`tinybench gave no samples: its task is ${result?.state}`);
  return samples;
}
