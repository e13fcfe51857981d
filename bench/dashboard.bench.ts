// Owns the bench of the dashboard: what it costs a run that somebody looks, and how fluid the page is meanwhile.
// All sides run in one process and in turns; each process is one observation. Without a browser on the machine the rows
// of the page are left out, and said to be.

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { BROWSER } from '../test/support/browser.ts';
import { type BenchOptions, type BenchRow, medianOf, refuseUndone, rowOf } from './measurement.ts';
import { observe } from './processes/observation.ts';

export const description =
  'A run of empty tasks on all threads, from its start to its end: with nobody looking, with a client in a process of its own that ' +
  'reads the run\u2019s stream, and with a headless Chromium on the run\u2019s graph, which shares the processors with the engine. ' +
  'Busy time is the processor time of the engine\u2019s main thread. The page is panned at the end of each run.';

const NAMES = {
  alone: 'nobody looks, the run',
  readerOver: 'a client reads the stream / nobody looks',
  readerBusy: 'a client reads the stream / nobody looks, busy time',
} as const;
const PAGE_NAMES = {
  pageOver: 'the page is open / nobody looks',
  pageBusy: 'the page is open / nobody looks, busy time',
  between: 'between two frames of the stream, the page open',
  panning: 'between two frames on the screen while panning, median',
  panningSlow: 'between two frames on the screen while panning, 95th percentile',
  heap: 'heap of the page after all runs',
  memory: 'memory of the engine\u2019s process after all runs',
} as const;

const looksSchema = z.object({ timesMs: z.array(z.number()), busyMs: z.array(z.number()) });
const findingsSchema = z.object({
  alone: looksSchema,
  reader: looksSchema,
  page: looksSchema,
  completed: z.number(),
  frames: z.array(z.number()),
  frameMs: z.array(z.number()),
  heapBytes: z.number(),
  rssBytes: z.number(),
});
type Findings = z.infer<typeof findingsSchema>;

export async function run({ tiny }: BenchOptions): Promise<BenchRow[]> {
  const hasPage = BROWSER !== undefined;
  if (!hasPage) process.stderr.write('dashboard: no browser on this machine, the rows of the page are left out\n');
  const plan = { tasks: tiny ? 50 : 10_000, rounds: tiny ? 1 : 5, threads: availableParallelism() };
  const processes = tiny ? 1 : 5;
  const found = await observe('dashboard-process.ts', plan, findingsSchema, processes);
  const sides = hasPage ? 3 : 2;
  const proof = {
    observed: 'process' as const,
    work: { 'tasks completed': found.reduce((sum, { completed }) => sum + completed, 0) },
    expected: { 'tasks completed': plan.tasks * plan.rounds * processes * sides },
  };
  return [...runRows(found, proof), ...(hasPage ? pageRows(found, proof) : [])];
}

type Proof = Parameters<typeof rowOf>[3];

function runRows(found: readonly Findings[], proof: Proof): BenchRow[] {
  const alone = found.map((each) => medianOf(each.alone.timesMs));
  return [
    rowOf(NAMES.alone, 'ms', alone, proof),
    rowOf(NAMES.readerOver, 'ratio', over(found, 'reader', 'timesMs'), proof),
    rowOf(NAMES.readerBusy, 'ratio', over(found, 'reader', 'busyMs'), proof),
  ];
}

function pageRows(found: readonly Findings[], proof: Proof): BenchRow[] {
  const between = found.map(({ frames }) => 1_000 / medianOf(frames));
  const panning = found.map(({ frameMs }) => medianOf(frameMs));
  const slow = found.map(({ frameMs }) => shareOf(frameMs, 0.95));
  const heap = found.map(({ heapBytes }) => heapBytes);
  const memory = found.map(({ rssBytes }) => rssBytes);
  return [
    rowOf(PAGE_NAMES.pageOver, 'ratio', over(found, 'page', 'timesMs'), proof),
    rowOf(PAGE_NAMES.pageBusy, 'ratio', over(found, 'page', 'busyMs'), proof),
    rowOf(PAGE_NAMES.between, 'ms', between, proof),
    rowOf(PAGE_NAMES.panning, 'ms', panning, proof),
    rowOf(PAGE_NAMES.panningSlow, 'ms', slow, proof),
    rowOf(PAGE_NAMES.heap, 'bytes', heap, proof),
    rowOf(PAGE_NAMES.memory, 'bytes', memory, proof),
  ];
}

/** What it takes when somebody looks, over what it takes when nobody does; one ratio a process. */
function over(found: readonly Findings[], side: 'reader' | 'page', measure: keyof Findings['alone']): number[] {
  return found.map((each) => medianOf(each[side][measure]) / medianOf(each.alone[measure]));
}

export function verify(rows: readonly BenchRow[]): void {
  refuseUndone(rows, Object.values(BROWSER === undefined ? NAMES : { ...NAMES, ...PAGE_NAMES }));
}

/** The value below which this share of them lies. */
function shareOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}
