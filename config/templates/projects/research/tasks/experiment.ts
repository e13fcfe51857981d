// The experiment itself, a queue at one counter. Chance comes from seeds alone, so that a result can be
// had again.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';

/** What an experiment's file says. */
interface Experiment {
  question: string;
  arrivals_per_hour: number;
  services_per_hour: number;
  /** Customers of a batch that count. */
  customers: number;
  /** Customers before them, who find the queue too short. */
  warm_up: number;
  batches: number;
  seed: number;
}

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface PlanParameters extends ProjectParameters {
  /** File of the experiment. */
  experiment: string;
}

/** Reads the experiment and gives each batch a seed of its own. */
export async function plan({ root = '.', experiment }: PlanParameters, context: TaskContext) {
  const text = await readFile(resolve(root, experiment), { encoding: 'utf8', signal: context.signal });
  const settings: Experiment = JSON.parse(text);
  if (settings.arrivals_per_hour >= settings.services_per_hour) {
    throw new Error(`${experiment}: the queue grows without end; let arrivals_per_hour be less than services_per_hour`);
  }
  const seeds = Array.from({ length: settings.batches }, (_, batch) => settings.seed + batch);
  context.log('info', settings.question);
  return { settings, seeds };
}

interface SimulateParameters extends ProjectParameters {
  /** What the experiment's file says. */
  settings: Experiment;
  /** Whole number that all chance of the batch follows from. */
  seed: number;
  /** File for the batch's result. */
  output: string;
}

/** Simulates one batch of customers; gives the mean hours from arrival to end of service. */
export async function simulate({ root = '.', settings, seed, output }: SimulateParameters, context: TaskContext) {
  const { arrivals_per_hour, services_per_hour, customers, warm_up } = settings;
  const random = generator(seed);
  const draw = (rate: number) => -Math.log(1 - random()) / rate;
  let now = 0;
  let counterFree = 0;
  let hours = 0;
  for (let customer = 0; customer < warm_up + customers; customer++) {
    if (customer % 1_000 === 0) {
      context.signal.throwIfAborted();
      context.progress(customer / (warm_up + customers), `customer ${customer}`);
    }
    now += draw(arrivals_per_hour);
    counterFree = Math.max(now, counterFree) + draw(services_per_hour);
    if (customer >= warm_up) hours += counterFree - now;
  }
  const result = { seed, customers, meanHours: hours / customers };
  await mkdir(dirname(resolve(root, output)), { recursive: true });
  await writeFile(resolve(root, output), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** Numbers from 0 up to 1; mulberry32 by T. Ettinger. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
