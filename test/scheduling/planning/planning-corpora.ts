// Owns the reading of the corpora with known optima into problems of the planning tests.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ListedTask } from './planning-problems.ts';

const CORPORA = fileURLToPath(new URL('../../../../shared/corpora/', import.meta.url));
export const HAS_CORPORA = existsSync(CORPORA);
/** To be put behind the name of a suite that needs the corpora. */
export const CORPORA_NOTE = HAS_CORPORA ? '' : ' (skipped: ../shared/corpora is not there)';

export interface Project {
  readonly name: string;
  readonly tasks: readonly ListedTask[];
  readonly capacities: readonly number[];
  readonly optimum: number;
}

export interface TaskGraphFile {
  readonly name: string;
  readonly tasks: readonly ListedTask[];
  /** Recorded optimum by number of workers. */
  readonly optima: Readonly<Record<string, number>>;
}

export function corpusText(path: string): string {
  return readFileSync(`${CORPORA}${path}`, 'utf8');
}

/** PSPLIB, projects of 30 tasks and four capacities: https://www.om-db.wi.tum.de/psplib. */
export function readProjects(): Project[] {
  const expected = z
    .array(z.object({ file: z.string(), upper: z.number() }))
    .parse(JSON.parse(corpusText('psplib/expected.json')));
  return expected.map(({ file, upper }) => {
    const lines = corpusText(`psplib/${file}`).split('\n');
    const rowsBehind = (title: RegExp, skip: number) =>
      rowsFrom(lines, lines.findIndex((line) => title.test(line)) + skip);
    const after = new Map<number, number[]>();
    for (const [job = 0, , , ...successors] of rowsBehind(/^PRECEDENCE/, 2)) {
      for (const successor of successors) after.set(successor, [...(after.get(successor) ?? []), job - 1]);
    }
    const tasks = rowsBehind(/^REQUESTS/, 3).map(([job = 0, , seconds = 0, ...units]) => ({
      seconds,
      after: after.get(job) ?? [],
      needs: Object.fromEntries(
        units.map((amount, resource) => [resource, amount]).filter(([, amount]) => amount !== 0),
      ),
    }));
    return { name: file, tasks, capacities: rowsBehind(/^RESOURCEAVAIL/, 2)[0] ?? [], optimum: upper };
  });
}

/** Standard Task Graph Set: T. Tobita, H. Kasahara, J. Sched. 5, 2002. Every task needs one of the workers. */
export function readTaskGraphs(): TaskGraphFile[] {
  const shape = z.array(z.object({ file: z.string(), opt: z.record(z.string(), z.number()) }));
  return shape.parse(JSON.parse(corpusText('stg/expected.json'))).map(({ file, opt }) => {
    const rows = rowsFrom(corpusText(`stg/${file}`).split('\n'), 1);
    const tasks = rows.map(([, seconds = 0, , ...after]) => ({ seconds, after, needs: { 0: 1 } }));
    return { name: file.replace(/^.*\/|\.stg$/g, ''), tasks, optima: opt };
  });
}

function rowsFrom(lines: readonly string[], start: number): number[][] {
  const rows: number[][] = [];
  for (let index = start; /^\s*\d/.test(lines[index] ?? ''); index++) {
    rows.push((lines[index] ?? '').trim().split(/\s+/).map(Number));
  }
  return rows;
}
