// Takes raw orders in, sets aside those that cannot be used, and adds the others up in partitions.
// Each action reads and writes files of the project and returns what later steps need: names of files and counts.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';
import { formatCsv, parseCsv, type Row } from '../pipelines/csv.ts';
import { addUp, faultOf, merge, ORDER_COLUMNS, REVENUE_COLUMNS, revenueRow, type Total } from '../pipelines/revenue.ts';

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface IngestParameters extends ProjectParameters {
  /** Table of raw orders. */
  input: string;
}

/** Reads the raw table and checks that it has every column; gives the number of its rows. */
export async function ingest({ root = '.', input }: IngestParameters, context: TaskContext) {
  const rows = parseCsv(await readFile(resolve(root, input), { encoding: 'utf8', signal: context.signal }));
  const missing = ORDER_COLUMNS.filter((column) => rows.length > 0 && !Object.hasOwn(rows[0] ?? {}, column));
  if (missing.length > 0) throw new Error(`${input} has no column ${missing.join(', ')}; add it`);
  context.log('info', `read ${rows.length} orders from ${input}`);
  return { input, rows: rows.length };
}

interface ValidateParameters extends ProjectParameters {
  /** Table of raw orders. */
  input: string;
  /** Where the sound orders go, one table a partition. */
  into: string;
  /** How many tables the sound orders are dealt out into. */
  partitions: number;
}

/** Sets orders with faults aside in `rejected.csv` and deals the sound ones out into partitions. */
export async function validate({ root = '.', input, into, partitions }: ValidateParameters, context: TaskContext) {
  const sound: Row[] = [];
  const rejected: Row[] = [];
  const orders = parseCsv(await readFile(resolve(root, input), 'utf8'));
  for (const [index, order] of orders.entries()) {
    context.signal.throwIfAborted();
    const reason = faultOf(order);
    if (reason === undefined) sound.push(order);
    else rejected.push({ ...order, reason });
    if (index % 50 === 0) context.progress(index / orders.length, `order ${index}`);
  }
  await writeTable(resolve(root, into, 'rejected.csv'), [...ORDER_COLUMNS, 'reason'], rejected);
  const size = Math.ceil(sound.length / partitions);
  const files = Array.from({ length: partitions }, (_, part) => `${into}/orders-${part + 1}.csv`);
  for (const [part, file] of files.entries()) {
    await writeTable(resolve(root, file), ORDER_COLUMNS, sound.slice(part * size, (part + 1) * size));
  }
  return { sound: sound.length, rejected: rejected.length, files };
}

interface TransformParameters extends ProjectParameters {
  /** Table of one partition. */
  input: string;
}

/** Adds up the revenue of one partition by month and region. */
export async function transform({ root = '.', input }: TransformParameters, context: TaskContext) {
  const orders = parseCsv(await readFile(resolve(root, input), { encoding: 'utf8', signal: context.signal }));
  return { input, orders: orders.length, totals: addUp(orders) };
}

interface SummarizeParameters extends ProjectParameters {
  /** What the partitions came to. */
  parts: { totals: Total[] }[];
  /** File to write. */
  output: string;
}

/** Joins the totals of all partitions into one table of revenue by month and region. */
export async function summarize({ root = '.', parts, output }: SummarizeParameters, context: TaskContext) {
  const totals = merge(parts.flatMap((part) => part.totals));
  await writeTable(resolve(root, output), REVENUE_COLUMNS, totals.map(revenueRow));
  const cents = totals.reduce((sum, total) => sum + total.cents, 0);
  context.log('info', `wrote ${totals.length} totals to ${output}`);
  return { output, rows: totals.length, revenue: cents / 100 };
}

interface ReportParameters extends ProjectParameters {
  /** How many orders were set aside. */
  rejected: number;
  /** Table of the orders that were set aside. */
  input: string;
  /** File to write. */
  output: string;
}

/** Lists the orders that were set aside, by reason. */
export async function reportRejected({ root = '.', rejected, input, output }: ReportParameters, context: TaskContext) {
  const orders = parseCsv(await readFile(resolve(root, input), 'utf8'));
  const lines = orders.map(({ order_id, reason }) => `order ${order_id}: ${reason}\n`);
  await writeFile(resolve(root, output), lines.join(''));
  context.log('warn', `${rejected} orders were set aside; see ${output}`);
  return { output, rejected };
}

async function writeTable(file: string, columns: readonly string[], rows: readonly Row[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, formatCsv(columns, rows));
}
