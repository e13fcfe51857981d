// Joins the batches into an estimate with its uncertainty, compares it with theory, and reports.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';

/** Quantiles of Student's distribution for 95 % by degrees of freedom, from 1. */
const STUDENT_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** What a batch came to. */
interface Batch {
  seed: number;
  customers: number;
  meanHours: number;
}

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface CombineParameters extends ProjectParameters {
  /** What the batches came to. */
  batches: Batch[];
  /** What the experiment's file says. */
  settings: { arrivals_per_hour: number; services_per_hour: number };
  /** File to write. */
  output: string;
}

/** Estimates the mean over the batches with its 95 % interval, and what theory says. */
export async function combine({ root = '.', batches, settings, output }: CombineParameters, context: TaskContext) {
  if (batches.length < 2) throw new Error('one batch tells nothing of its uncertainty; run at least two');
  const means = batches.map(({ meanHours }) => meanHours);
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1);
  const halfWidth = (STUDENT_95[means.length - 2] ?? 1.96) * Math.sqrt(variance / means.length);
  // Time in an M/M/1 queue: L. Kleinrock, Queueing Systems I, 1975.
  const theory = 1 / (settings.services_per_hour - settings.arrivals_per_hour);
  const result = {
    mean: round(mean),
    low: round(mean - halfWidth),
    high: round(mean + halfWidth),
    relative_error: round(halfWidth / mean),
    theory: round(theory),
    agrees: Math.abs(mean - theory) <= halfWidth,
  };
  await mkdir(dirname(resolve(root, output)), { recursive: true });
  await writeFile(resolve(root, output), `${JSON.stringify({ ...result, batches }, null, 2)}\n`);
  context.log('info', `${result.mean} hours, between ${result.low} and ${result.high}; theory says ${result.theory}`);
  return result;
}

interface ReportParameters extends ProjectParameters {
  /** What the experiment is to answer. */
  question: string;
  /** The mean with its interval, beside theory. */
  estimate: { mean: number; low: number; high: number; theory: number; agrees: boolean };
  /** What the batches came to. */
  batches: Batch[];
  /** File to write. */
  output: string;
}

/** Writes the answer for people. */
export async function report(
  { root = '.', question, estimate, batches, output }: ReportParameters,
  context: TaskContext,
) {
  const { mean, low, high, theory, agrees } = estimate;
  const rows = batches.map(({ seed, customers, meanHours }) => `| ${seed} | ${customers} | ${round(meanHours)} |\n`);
  const text = [
    `# ${question}\n\n`,
    `**${mean} hours**, between ${low} and ${high} with 95 % confidence.\n`,
    `Theory says ${theory}, which ${agrees ? 'agrees' : 'does not agree'} with it.\n\n`,
    `| Seed | Customers | Mean hours |\n| --- | --- | --- |\n${rows.join('')}`,
  ];
  await mkdir(dirname(resolve(root, output)), { recursive: true });
  await writeFile(resolve(root, output), text.join(''));
  context.log('info', `wrote ${output}`);
  return { output };
}

interface AdviseParameters extends ProjectParameters {
  /** Half of the interval's width by its mean. */
  relative_error: number;
  /** Customers that each batch counted. */
  customers: number;
  /** What it should be at most. */
  wanted: number;
  /** File to write. */
  output: string;
}

/** Says how many customers a batch needs for the uncertainty that is wanted. */
export async function advise(parameters: AdviseParameters, context: TaskContext) {
  const { root = '.', relative_error, customers, wanted, output } = parameters;
  // The error falls with the square root of what is simulated.
  const needed = Math.ceil(customers * (relative_error / wanted) ** 2);
  const text = `The error is ${relative_error}, and ${wanted} is wanted: simulate about ${needed} customers a batch.\n`;
  await writeFile(resolve(root, output), text);
  context.log('warn', text.trim());
  return { output, customers: needed };
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
