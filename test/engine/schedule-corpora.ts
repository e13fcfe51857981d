// Owns the scheduling problems from outside, with their proven optima, as workflow documents: STG graphs on processors and
// PSPLIB projects with four capacities. Read where they lie; a note for a test's name says when they are not there.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckedTask } from '../support/schedule-checker.ts';
import { step } from './simulated-workflows.ts';
import { CORPORA } from './workflow-corpus.ts';

export const HAS_SCHEDULES = existsSync(join(CORPORA, 'stg')) && existsSync(join(CORPORA, 'psplib'));
export const SCHEDULES_NOTE = HAS_SCHEDULES ? '' : ' (skipped: ../shared/corpora is not there)';

export interface StgProblem {
  readonly file: string;
  readonly tasks: readonly CheckedTask[];
  /** Optimal makespans by processors. */
  readonly optima: Readonly<Record<string, number>>;
}

export interface ProjectProblem {
  readonly file: string;
  readonly tasks: readonly CheckedTask[];
  readonly capacities: readonly number[];
  readonly optimum: number;
}

/** A workflow document with estimates, as anybody could write it. */
export function documentOf(name: string, tasks: readonly CheckedTask[], capacities: readonly number[] = []) {
  return {
    name,
    resources: capacities.map((capacity, index) => ({ id: `R${index + 1}`, type: 'custom', capacity })),
    steps: tasks.map((task) => step(task.name, task.duration, task.dependencies, { resources: task.resources ?? {} })),
  };
}

export function stgProblems(): StgProblem[] {
  const rows: { file: string; opt: Record<string, number> }[] = expected('stg');
  return rows.map(({ file, opt }) => ({ file, optima: opt, tasks: stgTasks(read('stg', file)) }));
}

export function projectProblems(): ProjectProblem[] {
  const rows: { file: string; upper: number }[] = expected('psplib');
  return rows.map(({ file, upper }) => ({ file, optimum: upper, ...project(read('psplib', file)) }));
}

function expected<Row>(folder: string): Row[] {
  return JSON.parse(read(folder, 'expected.json'));
}

function read(folder: string, file: string): string {
  return readFileSync(join(CORPORA, folder, file), 'utf8');
}

// The first number is the count of tasks without the two empty ones at the ends; then `id time nPred pred…` a line.
function stgTasks(text: string): CheckedTask[] {
  const rows = text
    .split('\n')
    .filter((line) => /^\s*\d/.test(line))
    .map((line) => line.trim().split(/\s+/).map(Number))
    .slice(1);
  return rows.map(([id = 0, duration = 0, , ...before]) => ({
    name: `t${id}`,
    duration,
    dependencies: before.map((other) => `t${other}`),
  }));
}

function project(text: string): { readonly tasks: CheckedTask[]; readonly capacities: number[] } {
  const lines = text.split('\n');
  const numbersAfter = (title: RegExp, skip: number): number[][] => {
    const rows: number[][] = [];
    const start = lines.findIndex((line) => title.test(line)) + skip;
    for (let at = start; /^\s*\d/.test(lines[at] ?? ''); at++)
      rows.push((lines[at] ?? '').trim().split(/\s+/).map(Number));
    return rows;
  };
  const before = new Map<number, string[]>();
  for (const [job = 0, , , ...successors] of numbersAfter(/^PRECEDENCE/, 2)) {
    for (const successor of successors) before.set(successor, [...(before.get(successor) ?? []), `j${job}`]);
  }
  const tasks = numbersAfter(/^REQUESTS/, 3).map(([job = 0, , duration = 0, ...amounts]) => ({
    name: `j${job}`,
    duration,
    dependencies: before.get(job) ?? [],
    resources: Object.fromEntries(
      amounts.map((amount, index) => [`R${index + 1}`, amount] as const).filter(([, amount]) => amount > 0),
    ),
  }));
  return { tasks, capacities: numbersAfter(/^RESOURCEAVAILABILITIES/, 2)[0] ?? [] };
}
