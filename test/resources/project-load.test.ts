// Tests the guard under real project schedules with known optima.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import type { PreparedRequest } from '../../src/resources/capacity-request.ts';
import { createTestGuard, settle, type VirtualTime } from './virtual-time.ts';

// PSPLIB: projects of 30 tasks with precedence and four capacities, with the proven shortest makespan.
const FOLDER = new URL('../../../shared/corpora/psplib/', import.meta.url);
const missing = !existsSync(FOLDER);

interface ProjectTask {
  readonly durationMs: number;
  readonly request: Record<string, number>;
  readonly dependents: readonly number[];
}

interface Project {
  readonly capacities: readonly number[];
  readonly tasks: ReadonlyMap<number, ProjectTask>;
}

function parseProject(text: string): Project {
  const numbersAfter = (title: RegExp, skip: number) => {
    const lines = text.split('\n');
    const start = lines.findIndex((line) => title.test(line)) + skip;
    const rows: number[][] = [];
    for (let at = start; /^\s*\d/.test(lines[at] ?? ''); at++)
      rows.push((lines[at] ?? '').trim().split(/\s+/).map(Number));
    return rows;
  };
  const tasks = new Map<number, ProjectTask>();
  const precedence = new Map(numbersAfter(/^PRECEDENCE/, 2).map((row) => [row[0], row.slice(3)]));
  for (const [job = 0, , duration = 0, ...amounts] of numbersAfter(/^REQUESTS/, 3)) {
    const wanted = amounts.map((amount, i) => [`R${i + 1}`, amount] as const).filter(([, amount]) => amount > 0);
    tasks.set(job, {
      durationMs: duration,
      request: Object.fromEntries(wanted),
      dependents: precedence.get(job) ?? [],
    });
  }
  return { capacities: numbersAfter(/^RESOURCEAVAILABILITIES/, 2)[0] ?? [], tasks };
}

/** Runs a project in virtual time, each task as soon as the guard grants what it needs. */
async function runProject(project: Project, guard: CapacityGuard, time: VirtualTime) {
  project.capacities.forEach((capacity, i) => {
    guard.register(`R${i + 1}`, 'custom', capacity);
  });
  const missingCount = new Map<number, number>();
  for (const { dependents } of project.tasks.values()) {
    for (const dependent of dependents) missingCount.set(dependent, (missingCount.get(dependent) ?? 0) + 1);
  }
  const ready: { job: number; task: ProjectTask; prepared: PreparedRequest }[] = [];
  const running = new Map<number, Record<string, number>>();
  const ended = new Set<number>();
  const started = time.now();
  let mostUsed = 0;
  const makeReady = (job: number) => {
    const task = project.tasks.get(job);
    if (task !== undefined) ready.push({ job, task, prepared: guard.prepare(task.request) });
  };
  const dispatch = () => {
    for (const entry of [...ready]) {
      if (!guard.tryGrant(entry.prepared)) continue;
      ready.splice(ready.indexOf(entry), 1);
      running.set(entry.job, entry.task.request);
      project.capacities.forEach((capacity, i) => {
        const sum = [...running.values()].reduce((total, request) => total + (request[`R${i + 1}`] ?? 0), 0);
        expect(sum).toBeLessThanOrEqual(capacity);
        expect(guard.getUsage(`R${i + 1}`).current).toBe(sum);
        mostUsed = Math.max(mostUsed, sum / capacity);
      });
      time.schedule(time.now() + entry.task.durationMs, () => {
        running.delete(entry.job);
        ended.add(entry.job);
        for (const dependent of entry.task.dependents) {
          const left = (missingCount.get(dependent) ?? 0) - 1;
          missingCount.set(dependent, left);
          if (left === 0) makeReady(dependent);
        }
        guard.giveBack(entry.prepared);
      });
    }
  };
  guard.onFreed(dispatch);
  for (const job of project.tasks.keys()) if ((missingCount.get(job) ?? 0) === 0) makeReady(job);
  dispatch();
  for (let tick = 0; ended.size < project.tasks.size && tick < 10_000; tick++) {
    await settle();
    // A task that needs nothing frees nothing, but its end may have made others ready.
    dispatch();
    const before = ended.size;
    time.advance(0);
    if (ended.size === before) time.advance(1);
  }
  return { ended: ended.size, makespan: time.now() - started, mostUsed };
}

describe.skipIf(missing)(
  `43. PSPLIB j30 under the guard${missing ? ' (skipped: the test data is not here)' : ''}`,
  () => {
    it('never runs above a capacity, ends every task, and is never faster than the proven optimum', async () => {
      const expected: { file: string; upper: number }[] = JSON.parse(
        readFileSync(new URL('expected.json', FOLDER), 'utf8'),
      );
      const files = readdirSync(new URL('j30/', FOLDER));
      let optimal = 0;
      for (const { file, upper } of expected) {
        if (!files.includes(file.replace('j30/', ''))) continue;
        const { guard, time } = createTestGuard();
        const project = parseProject(readFileSync(new URL(file, FOLDER), 'utf8'));
        const { ended, makespan, mostUsed } = await runProject(project, guard, time);
        expect(ended).toBe(32);
        expect(makespan).toBeGreaterThanOrEqual(upper);
        expect(mostUsed).toBeGreaterThan(0);
        if (makespan === upper) optimal += 1;
        for (let i = 1; i <= 4; i++) expect(guard.getUsage(`R${i}`)).toMatchObject({ current: 0, waiting: 0 });
      }
      // A run that does nothing in parallel would reach the optimum nowhere.
      expect(optimal).toBeGreaterThan(0);
    }, 60_000);
  },
);
