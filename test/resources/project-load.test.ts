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

interface ReadyTask {
  readonly job: number;
  readonly task: ProjectTask;
  readonly prepared: PreparedRequest;
}

/** Runs a project in virtual time, each task as soon as the guard grants what it needs. */
class ProjectRun {
  readonly guard: CapacityGuard;
  readonly #time: VirtualTime;
  readonly #project: Project;
  readonly #missing = new Map<number, number>();
  readonly #ready: ReadyTask[] = [];
  readonly #running = new Map<number, Record<string, number>>();
  ended = 0;
  mostUsed = 0;

  constructor(project: Project) {
    const { guard, time } = createTestGuard();
    this.guard = guard;
    this.#time = time;
    this.#project = project;
    for (const [i, capacity] of project.capacities.entries()) guard.register(`R${i + 1}`, 'custom', capacity);
    for (const { dependents } of project.tasks.values()) {
      for (const dependent of dependents) this.#missing.set(dependent, (this.#missing.get(dependent) ?? 0) + 1);
    }
    guard.onFreed(() => this.#dispatch());
  }

  /** Gives the makespan. */
  async run(): Promise<number> {
    const started = this.#time.now();
    for (const job of this.#project.tasks.keys()) if ((this.#missing.get(job) ?? 0) === 0) this.#makeReady(job);
    for (let tick = 0; this.ended < this.#project.tasks.size && tick < 10_000; tick++) {
      await settle();
      // A task that needs nothing frees nothing, but its end may have made others ready.
      this.#dispatch();
      const before = this.ended;
      this.#time.advance(0);
      if (this.ended === before) this.#time.advance(1);
    }
    return this.#time.now() - started;
  }

  #makeReady(job: number): void {
    const task = this.#project.tasks.get(job);
    if (task !== undefined) this.#ready.push({ job, task, prepared: this.guard.prepare(task.request) });
  }

  #dispatch(): void {
    for (const entry of [...this.#ready]) {
      if (!this.guard.tryGrant(entry.prepared)) continue;
      this.#ready.splice(this.#ready.indexOf(entry), 1);
      this.#running.set(entry.job, entry.task.request);
      this.#expectWithinCapacity();
      this.#time.schedule(this.#time.now() + entry.task.durationMs, () => this.#end(entry));
    }
  }

  #end({ job, task, prepared }: ReadyTask): void {
    this.#running.delete(job);
    this.ended += 1;
    for (const dependent of task.dependents) {
      const left = (this.#missing.get(dependent) ?? 0) - 1;
      this.#missing.set(dependent, left);
      if (left === 0) this.#makeReady(dependent);
    }
    this.guard.giveBack(prepared);
  }

  #expectWithinCapacity(): void {
    for (const [i, capacity] of this.#project.capacities.entries()) {
      const id = `R${i + 1}`;
      const sum = [...this.#running.values()].reduce((total, request) => total + (request[id] ?? 0), 0);
      expect(sum).toBeLessThanOrEqual(capacity);
      expect(this.guard.getUsage(id).current).toBe(sum);
      this.mostUsed = Math.max(this.mostUsed, sum / capacity);
    }
  }
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
        const project = new ProjectRun(parseProject(readFileSync(new URL(file, FOLDER), 'utf8')));
        const makespan = await project.run();
        expect(project.ended).toBe(32);
        expect(makespan).toBeGreaterThanOrEqual(upper);
        expect(project.mostUsed).toBeGreaterThan(0);
        if (makespan === upper) optimal += 1;
        for (let i = 1; i <= 4; i++) expect(project.guard.getUsage(`R${i}`)).toMatchObject({ current: 0, waiting: 0 });
      }
      // A run that does nothing in parallel would reach the optimum nowhere.
      expect(optimal).toBeGreaterThan(0);
    }, 60_000);
  },
);
