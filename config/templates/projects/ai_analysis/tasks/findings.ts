// Joins what was measured into reports that a person or an agent can act on.

import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';
import type { Duplicate, FileMetrics } from './code-metrics.ts';

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface ReportParameters extends ProjectParameters {
  /** What was measured of each part of the files. */
  parts: { files: FileMetrics[] }[];
  /** Runs of lines that stand in two places. */
  duplicates: Duplicate[];
  /** Functions above it are hot spots. */
  complexity_limit: number;
}

/** Writes the report as JSON and Markdown, and the metrics as a table; gives totals and hot spots. */
export async function report(parameters: ReportParameters, context: TaskContext) {
  const { root = '.', parts, duplicates, complexity_limit } = parameters;
  const files = parts.flatMap((part) => part.files).sort((a, b) => (a.file < b.file ? -1 : 1));
  const functions = files.flatMap(({ file, functions }) => functions.map((each) => ({ file, ...each })));
  const hotSpots = functions
    .filter(({ complexity }) => complexity > complexity_limit)
    .sort((a, b) => b.complexity - a.complexity);
  const totals = {
    files: files.length,
    lines: files.reduce((sum, { lines }) => sum + lines, 0),
    functions: functions.length,
    duplicates: duplicates.length,
  };
  const rows = functions.map(({ file, name, line, complexity }) => `${file},${name},${line},${complexity}\n`);
  await writeAll(root, {
    'reports/analysis.json': `${JSON.stringify({ totals, hotSpots, duplicates, files }, null, 2)}\n`,
    'reports/analysis.md': markdown(totals, files),
    'output/functions.csv': `file,function,line,complexity\n${rows.join('')}`,
  });
  context.log('info', `analysed ${totals.files} files with ${totals.functions} functions`);
  return { totals, hotSpots };
}

interface AdviseParameters extends ProjectParameters {
  /** Functions above the limit of complexity. */
  hot_spots: { file: string; name: string; line: number; complexity: number }[];
  /** Runs of lines that stand in two places. */
  duplicates: Duplicate[];
}

/** Writes what to do about hot spots and duplicates, worst first. */
export async function advise({ root = '.', hot_spots, duplicates }: AdviseParameters, context: TaskContext) {
  const advice = [
    ...hot_spots.map(
      ({ file, name, line, complexity }) =>
        `${file}:${line} ${name} has complexity ${complexity}: split it by what it decides`,
    ),
    ...duplicates.map(
      ({ lines, first, second }) =>
        `${second.file}:${second.line} repeats ${lines} lines of ${first.file}:${first.line}: keep them in one place`,
    ),
  ];
  await writeAll(root, { 'reports/advice.md': `# Advice\n\n${advice.map((line) => `- ${line}\n`).join('')}` });
  context.log('warn', `${advice.length} places need a look; see reports/advice.md`);
  return { output: 'reports/advice.md', places: advice.length };
}

interface GateParameters extends ProjectParameters {
  /** Imports that lead nowhere, in sentences. */
  missing: string[];
  /** Files that import each other in a ring. */
  in_cycles: string[];
}

/** Writes the outcome of the checks, and fails where a check found a fault. */
export async function gate({ root = '.', missing, in_cycles }: GateParameters, context: TaskContext) {
  const faults = [...missing, ...in_cycles.map((file) => `${file} imports itself through others`)];
  await writeAll(root, { 'reports/build.json': `${JSON.stringify({ ok: faults.length === 0, faults }, null, 2)}\n` });
  context.log(faults.length === 0 ? 'info' : 'error', `${faults.length} faults; see reports/build.json`);
  if (faults.length > 0) throw new Error(`${faults.length} faults, the first: ${faults[0]}`);
  return { ok: true };
}

function markdown(totals: Readonly<Record<string, number>>, files: readonly FileMetrics[]): string {
  const counts = Object.entries(totals).map(([what, count]) => `- ${count} ${what}\n`);
  const rows = files.map(({ file, lines, functions }) => {
    const worst = Math.max(0, ...functions.map(({ complexity }) => complexity));
    return `| \`${file}\` | ${lines} | ${functions.length} | ${worst} |\n`;
  });
  const head = '| File | Lines | Functions | Highest complexity |\n| --- | --- | --- | --- |\n';
  return `# Analysis\n\n${counts.join('')}\n${head}${rows.join('')}`;
}

async function writeAll(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(resolve(root, file, '..'), { recursive: true });
    await writeFile(resolve(root, file), text);
  }
}
