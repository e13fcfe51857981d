// Kills for real: a process with an SQLite journal is ended with SIGKILL at random points, again and again, and started
// again until its run is done. What was recorded as completed must never run again, and the end must be that of an
// undisturbed run, each finished task's effect there exactly once.
//   YARDMASTER_KILLS=5000   this many kills instead of 200
//   YARDMASTER_SEED=7       the same random points again, as far as the machine's timing is the same

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { foldRun, type RunHistory } from '../../src/journal/run-history.ts';
import { openSqliteJournal } from '../../src/journal/stores/sqlite.ts';
import { seededRandom } from '../../src/scheduling/seeded-random.ts';
import { createEffectFolder, KILLED_RUN, readExecutions } from './diamond-workflow.ts';

const PROGRAM = fileURLToPath(new URL('fixtures/run-process.ts', import.meta.url));
const KILLS = Number(process.env.YARDMASTER_KILLS ?? 200);
const SEED = Number(process.env.YARDMASTER_SEED ?? Date.now() % 1_000_000);
const TASKS = 60;
const TASK_MS = 4;
/** Of one run; then it is let go to its end and another one begins. */
const KILLS_PER_RUN = 25;
/** Runs at one time. */
const LANES = 2;
const TIMEOUT_MS = 120_000 + KILLS * 4_000;

const root = mkdtempSync(join(tmpdir(), 'yardmaster-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const clock = new SystemTimers();

const endSchema = z.object({
  status: z.string(),
  tasks: z.record(z.string(), z.number()),
  outputs: z.record(z.string(), z.object({ digest: z.string() })),
  errors: z.record(z.string(), z.unknown()),
});
type End = z.infer<typeof endSchema>;

interface Timing {
  /** From the start of the process to its engine being open. */
  readonly openMs: number;
  /** From there to its end. */
  readonly runMs: number;
}

class Life {
  readonly process: ChildProcess;
  readonly #startedAtMs = performance.now();
  readonly opened = Promise.withResolvers<void>();
  openMs = Number.NaN;
  end: End | undefined;
  errors = '';
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;

  constructor(folder: string, durability: string) {
    // Without what each life would compile anew, it begins in half the time.
    const env = { ...process.env, NODE_COMPILE_CACHE: join(root, 'compiled') };
    this.process = spawn(process.execPath, [PROGRAM, folder, durability, String(TASK_MS)], { env });
    const { stdout, stderr } = this.process;
    if (stdout === null || stderr === null) throw new Error('a spawned process has pipes');
    createInterface({ input: stdout }).on('line', (line) => this.#heard(line));
    stderr.on('data', (chunk) => {
      this.errors += String(chunk);
    });
    this.exited = once(this.process, 'close').then(([code, signal]) => {
      this.opened.resolve();
      return { code, signal };
    });
  }

  get ageMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  #heard(line: string): void {
    if (line === 'open') {
      this.openMs = this.ageMs;
      this.opened.resolve();
    } else this.end = endSchema.parse(JSON.parse(line));
  }
}

/** Runs to its end without a kill. */
async function liveOut(folder: string, durability: string): Promise<{ end: End; timing: Timing }> {
  const life = new Life(folder, durability);
  const exit = await life.exited;
  expect({ ...exit, errors: life.errors }).toEqual({ code: 0, signal: null, errors: '' });
  if (life.end === undefined) throw new Error('a process that ended well says how its run ended');
  return { end: life.end, timing: { openMs: life.openMs, runMs: life.ageMs - life.openMs } };
}

/** What the journal holds, read from a copy: the next life must find what the kill has left, untouched. */
async function historyOf(folder: string): Promise<RunHistory | undefined> {
  if (!existsSync(join(folder, 'data'))) return undefined;
  const copy = mkdtempSync(join(root, 'copy-'));
  try {
    cpSync(join(folder, 'data'), copy, { recursive: true });
    const journal = await openSqliteJournal({ dataDir: copy, durability: 'none', clock });
    try {
      return foldRun(journal.read(KILLED_RUN));
    } finally {
      await journal.close();
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function completedIn(history: RunHistory | undefined): ReadonlySet<string> {
  const completed = [...(history?.tasks.values() ?? [])].filter(({ status }) => status === 'completed');
  return new Set(completed.map(({ task }) => task));
}

describe.each(['normal', 'full'])('a run killed again and again, durability %s', (durability) => {
  const undisturbed = createEffectFolder(join(root, `undisturbed-${durability}`));
  const counts = { kills: 0, beforeOpen: 0, lives: 0, runs: 0, interrupted: 0, afterEnd: 0 };
  let expected: End;
  let timing: Timing;

  beforeAll(async () => {
    ({ end: expected, timing } = await liveOut(undisturbed, durability));
    expect(expected).toMatchObject({ status: 'completed', tasks: { completed: TASKS } });
  }, TIMEOUT_MS);

  it(
    'ends like an undisturbed one, and nothing that was recorded as completed ran again',
    async () => {
      const wanted = Math.ceil(KILLS / 2);
      const startedAtMs = performance.now();
      let [granted, seed] = [0, SEED];
      const lane = async (): Promise<void> => {
        while (granted < wanted) {
          const kills = Math.min(KILLS_PER_RUN, wanted - granted);
          granted += kills;
          const used = await tormentRun(seededRandom(seed++), kills);
          granted -= kills - used;
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
      console.info(
        `durability ${durability}: ${counts.kills} kills in ${counts.lives} lives of ${counts.runs} runs, ` +
          `${counts.beforeOpen} before the engine was open, ${counts.afterEnd} after the run's end; ` +
          `${counts.interrupted} attempts interrupted and made again; ${seconds} s; seed ${SEED}`,
      );
      expect(counts.kills).toBeGreaterThanOrEqual(wanted);
      // Kills at all stages of a life were among them, and enough of them hit a body.
      expect(counts.beforeOpen).toBeGreaterThan(0);
      expect(counts.interrupted).toBeGreaterThan(wanted / 10);
    },
    TIMEOUT_MS,
  );

  /** One run in a folder of its own: killed at most so often, then let go to its end. Gives how often it was killed. */
  async function tormentRun(random: () => number, most: number): Promise<number> {
    const folder = createEffectFolder(mkdtempSync(join(root, `${durability}-`)));
    let completed: ReadonlySet<string> = new Set();
    let kills = 0;
    while (kills < most) {
      const known = readExecutions(folder).length;
      if (await liveAndKill(folder, random)) kills += 1;
      expectNoneAgain(folder, known, completed);
      const history = await historyOf(folder);
      completed = completedIn(history);
      // Nothing is left to be hit: the rest of the kills goes to the next run.
      if ((history?.record.endedAtMs ?? null) !== null) break;
    }
    const known = readExecutions(folder).length;
    const { end } = await liveOut(folder, durability);
    counts.runs += 1;
    counts.lives += 1;
    expectNoneAgain(folder, known, completed);
    expect(end).toEqual(expected);
    expectEffects(folder, end);
    counts.interrupted += expectAttempts(folder, await historyOf(folder));
    rmSync(folder, { recursive: true, force: true });
    return kills;
  }

  /** Whether it was killed, and had not ended before. */
  async function liveAndKill(folder: string, random: () => number): Promise<boolean> {
    const life = new Life(folder, durability);
    counts.lives += 1;
    // One in five while it opens its journal and recovers; the others within the run, more often early than late, so
    // that a run takes many of them.
    if (random() < 0.2) await Promise.race([wait(random() * timing.openMs), life.exited]);
    else {
      await life.opened.promise;
      await Promise.race([wait(random() ** 2 * timing.runMs * 0.4), life.exited]);
    }
    life.process.kill('SIGKILL');
    const { code, signal } = await life.exited;
    if (signal === 'SIGKILL') {
      counts.kills += 1;
      if (Number.isNaN(life.openMs)) counts.beforeOpen += 1;
      if (life.end !== undefined) counts.afterEnd += 1;
    }
    // A life that was quicker than its kill ended well; one that could not open, because of a lock left behind or a
    // journal that it does not understand, did not.
    expect({ code, errors: life.errors }).toEqual({ code: signal === 'SIGKILL' ? null : 0, errors: '' });
    if (life.end !== undefined) expect(life.end).toEqual(expected);
    return signal === 'SIGKILL';
  }

  function expectNoneAgain(folder: string, known: number, completed: ReadonlySet<string>): void {
    const since = readExecutions(folder).slice(known);
    expect(since.filter(({ task }) => completed.has(task))).toEqual([]);
  }

  function expectEffects(folder: string, end: End): void {
    const dir = join(folder, 'effects');
    // What a killed body was in the middle of writing is no effect yet.
    const effects = readdirSync(dir).filter((name) => !name.endsWith('.tmp'));
    const tasks = Object.keys(end.outputs);
    expect(effects.sort()).toEqual(tasks.map((task) => encodeURIComponent(`${KILLED_RUN}/${task}`)).sort());
    for (const task of tasks) {
      const effect = readFileSync(join(dir, encodeURIComponent(`${KILLED_RUN}/${task}`)), 'utf8');
      expect({ task, effect }).toEqual({ task, effect: `${end.outputs[task]?.digest}\n` });
    }
  }

  /** Attempts count on without a gap over all lives, and each execution is one of them. How many were interrupted. */
  function expectAttempts(folder: string, history: RunHistory | undefined): number {
    const executions = readExecutions(folder);
    let interrupted = 0;
    for (const { task, status, attempts, interruptions } of history?.tasks.values() ?? []) {
      const numbers = attempts.map(({ attempt }) => attempt);
      expect({ task, status, numbers }).toEqual({ task, status: 'completed', numbers: numbers.map((_, at) => at + 1) });
      const ran = executions.filter((one) => one.task === task && one.what === 'began');
      expect(ran.filter(({ attempt }) => attempt > attempts.length)).toEqual([]);
      expect(ran.map(({ attempt }) => attempt)).toContain(attempts.length);
      interrupted += interruptions;
    }
    expect(history?.tasks.size).toBe(TASKS);
    return interrupted;
  }
});
