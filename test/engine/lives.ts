// Owns what the tests of durability share: a data folder, engines on it one after the other, and processes that work on
// it and are killed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { EngineConfig } from '../../src/engine/engine-config.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import type { WorkflowStepOptions } from '../../src/engine/workflow-step.ts';
import type { KilledProcess } from './fixtures/killed-process.ts';
import { TASKS_DIR } from './support.ts';

export interface Scene {
  readonly folder: string;
  /** Of the engines of all lives. */
  readonly config: EngineConfig;
  /** Where bodies note that they ran. */
  readonly file: string;
  /** Where it exists, bodies that hang end. */
  readonly open: string;
  /** `task#attempt` in the order in which bodies began, in whatever process. */
  began(): string[];
  /** A life that is killed; resolves when its process is gone. */
  killed(life: Partial<KilledProcess> & Pick<KilledProcess, 'steps'>): Promise<void>;
  /** Another life, in this process; its workflow `w` has these steps, if any. */
  engine(steps: readonly WorkflowStepOptions[], config?: EngineConfig): Promise<OrchestrationEngine>;
}

export function createScene(): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-lives-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'began');
  const base = {
    dataDir: join(folder, 'data'),
    maxWorkers: 2,
    workflowsDir: join(folder, 'no-workflows'),
    tasksDirs: [TASKS_DIR],
    cancelGraceMs: 50,
  };
  return {
    folder,
    config: base,
    file,
    open: join(folder, 'open'),
    began: () => readLines(file),
    killed: async ({ config = {}, steps, runs = [], oneAtATime = false, until = 'hang' }) => {
      const life = {
        config: { ...base, ...config },
        steps: [...steps],
        runs,
        oneAtATime,
        until,
      } satisfies KilledProcess;
      await killWhenReady('killed-process.ts', life);
    },
    engine: async (steps, config = {}) => {
      const engine = await OrchestrationEngine.create({ ...base, ...config });
      onTestFinished(() => engine.shutdown({ drainMs: 0 }));
      if (steps.length > 0) engine.workflows.createWorkflow('w', steps);
      return engine;
    },
  };
}

/** Runs a program of the fixtures until it says that it is ready, and kills it; resolves when its process is gone. */
export async function killWhenReady(program: string, argument: unknown): Promise<void> {
  const file = fileURLToPath(new URL(`fixtures/${program}`, import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(argument)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const ended = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), ended]);
  child.kill('SIGKILL');
  const [code, signal] = await ended;
  if (signal !== 'SIGKILL' || errors !== '') throw new Error(`a life to be killed ended with ${code}: ${errors}`);
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
