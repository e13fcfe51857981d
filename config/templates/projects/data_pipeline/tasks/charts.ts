// Draws the revenue that data-processing found as SVG charts, and puts them on a page.

import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';
import { formatCsv, parseCsv } from '../pipelines/csv.ts';
import { addUp, faultOf, REVENUE_COLUMNS, revenueRow } from '../pipelines/revenue.ts';
import { drawBars, drawLine, escapeText, type Point } from '../pipelines/svg.ts';

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface PrepareParameters extends ProjectParameters {
  /** Table of raw orders, used where there is no table of revenue yet. */
  input: string;
  /** Table of revenue by month and region. */
  revenue: string;
}

/** Adds revenue up by month and by region, from the table of revenue or else from the raw orders. */
export async function prepare({ root = '.', input, revenue }: PrepareParameters, context: TaskContext) {
  const file = resolve(root, revenue);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    context.log('info', `${revenue} is not there yet: making it from ${input}`);
    const orders = parseCsv(await readFile(resolve(root, input), 'utf8')).filter((row) => faultOf(row) === undefined);
    await write(file, formatCsv(REVENUE_COLUMNS, addUp(orders).map(revenueRow)));
  }
  const rows = parseCsv(await readFile(file, { encoding: 'utf8', signal: context.signal }));
  const sumBy = (column: string): Point[] => {
    const groups = Map.groupBy(rows, (row) => row[column] ?? '');
    const points = [...groups].map(([label, group]) => ({
      label,
      value: Math.round(group.reduce((sum, row) => sum + Number(row.revenue), 0) * 100) / 100,
    }));
    return points.sort((a, b) => (a.label < b.label ? -1 : 1));
  };
  return { months: sumBy('month'), regions: sumBy('region') };
}

interface ChartParameters extends ProjectParameters {
  /** What stands above it. */
  title: string;
  /** What is drawn, from left to right. */
  points: Point[];
  /** File to write. */
  output: string;
}

/** Draws a bar for each point; gives the SVG as well. */
export async function barChart({ root = '.', title, points, output }: ChartParameters, context: TaskContext) {
  context.signal.throwIfAborted();
  return { output, svg: await write(resolve(root, output), drawBars(title, points)) };
}

/** Joins the points by a line; gives the SVG as well. */
export async function lineChart({ root = '.', title, points, output }: ChartParameters, context: TaskContext) {
  context.signal.throwIfAborted();
  return { output, svg: await write(resolve(root, output), drawLine(title, points)) };
}

interface PageParameters extends ProjectParameters {
  /** What stands above it. */
  title: string;
  /** What the charts came to. */
  charts: { output: string; svg: string }[];
  /** File to write. */
  output: string;
}

/** Puts the charts on one page. */
export async function page({ root = '.', title, charts, output }: PageParameters, context: TaskContext) {
  const heading = escapeText(title);
  const head = `<!doctype html>\n<meta charset="utf-8">\n<title>${heading}</title>\n<h1>${heading}</h1>\n`;
  await write(resolve(root, output), head + charts.map(({ svg }) => `<figure>\n${svg}</figure>\n`).join(''));
  context.log('info', `wrote ${output} with ${charts.length} charts`);
  return { output, charts: charts.length };
}

async function write(file: string, text: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return text;
}
