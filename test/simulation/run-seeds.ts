// Owns the command that runs simulations: `node test/simulation/run-seeds.ts --from 1 --count 10000`, or one seed with its
// trace: `--seed N --trace`. Exits with 1 at the first seed that breaks an invariant, and says how to replay it.

import { parseArgs } from 'node:util';
import { simulate } from './simulation.ts';
import { Tally } from './tally.ts';

const PROGRESS_EVERY = 500;

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const from = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.count) : 1;
  if (!Number.isInteger(from) || !Number.isInteger(count) || count < 1) {
    console.error('--from, --count and --seed take whole numbers');
    return 2;
  }
  const tally = new Tally();
  const startedMs = performance.now();
  let broken = 0;
  for (let seed = from; seed < from + count; seed++) {
    const fault = await runSeed(seed, tally);
    if (fault !== null) {
      broken++;
      console.error(`seed ${seed}: ${fault}; replay: node test/simulation/run-seeds.ts --seed ${seed} --trace`);
      if (!values['keep-going']) break;
    }
    const done = seed - from + 1;
    if (done % PROGRESS_EVERY === 0) console.log(`${done} seeds, ${elapsedSeconds(startedMs)} s`);
  }
  console.log(`${tally}\n${count} seeds, ${elapsedSeconds(startedMs)} s, ${broken} broken`);
  return broken === 0 ? 0 : 1;
}

async function runSeed(seed: number, tally: Tally): Promise<string | null> {
  try {
    await simulate({ seed, tally, ...(values.trace ? { trace: (line: string) => console.log(line) } : {}) });
    return null;
  } catch (error) {
    return error instanceof Error && error.name === 'Violation'
      ? error.message
      : String((error as Error).stack ?? error);
  }
}

function elapsedSeconds(startedMs: number): string {
  return ((performance.now() - startedMs) / 1_000).toFixed(1);
}
