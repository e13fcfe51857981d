// Owns the checks behind `doctor`. Each one tries the real thing: a thread runs a task, a file is written. They leave
// nothing behind, and one that fails stops no other.

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { serializeError } from '../domain/serialized-error.ts';
import type { ResolvedConfig } from '../engine/engine-config.ts';
import type { FolderFlags } from './command-flags.ts';
import { describeError, faultText } from './error-lines.ts';
import { listModuleNames } from './task-modules.ts';

/** One finding; `remedy` says what to do where it is not ok. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly remedy?: string;
}

const OLDEST_NODE = [22, 18] as const;
const LITTLE_MEMORY_BYTES = 512 * 1024 * 1024;
const MEGABYTE = 1024 * 1024;

/** All checks, each as soon as it is known. */
export async function* runChecks(flags: FolderFlags): AsyncGenerator<Check> {
  yield checkNode();
  yield checkSharedMemory();
  yield checkMachine();
  let settings: ResolvedConfig;
  try {
    const { settingsOf } = await import('./shell-config.ts');
    settings = settingsOf(flags);
  } catch (error) {
    yield failure('configuration', error, 'correct config/default.json or the flag');
    return;
  }
  yield ok('configuration', `${settings.maxWorkers} threads, mode ${settings.defaultMode}`);
  yield* checkTaskFolders(settings.tasksDirs);
  yield* checkWorkflows(settings);
  yield checkDataFolder(settings);
  yield await checkThreads(settings);
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const detail = `${process.versions.node}, ${process.execPath}`;
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
    ? ok('node', detail)
    : { name: 'node', status: 'fail', detail, remedy: `install Node ${OLDEST_NODE.join('.')} or newer` };
}

function checkSharedMemory(): Check {
  try {
    const words = new Int32Array(new SharedArrayBuffer(8));
    Atomics.store(words, 0, 1);
    const swapped = Atomics.compareExchange(words, 0, 1, 2) === 1 && Atomics.load(words, 0) === 2;
    return swapped
      ? ok('shared memory', 'SharedArrayBuffer and Atomics work')
      : {
          name: 'shared memory',
          status: 'fail',
          detail: 'compare-exchange did not exchange',
          remedy: 'use another Node',
        };
  } catch (error) {
    return failure('shared memory', error, 'start Node without flags that turn SharedArrayBuffer off');
  }
}

function checkMachine(): Check {
  // Inside a container the limit counts, not the machine.
  const memoryBytes = Math.min(process.constrainedMemory() || totalmem(), totalmem());
  const cpus = availableParallelism();
  const heapMb = Math.round(getHeapStatistics().heap_size_limit / MEGABYTE);
  const detail = `${cpus} CPUs, ${Math.round(memoryBytes / MEGABYTE)} MB memory, heap limit ${heapMb} MB a thread`;
  if (memoryBytes < LITTLE_MEMORY_BYTES) {
    return { name: 'machine', status: 'warn', detail, remedy: 'give it 512 MB or more, or use --workers 1' };
  }
  return cpus === 1
    ? { name: 'machine', status: 'warn', detail, remedy: 'one CPU runs one CPU-heavy task at a time' }
    : ok('machine', detail);
}

function* checkTaskFolders(tasksDirs: readonly string[]): Generator<Check> {
  for (const dir of tasksDirs) {
    if (!isFolder(dir)) {
      const remedy = 'make it, or name your own with --tasks; module `core` needs none';
      yield { name: 'tasks folder', status: 'warn', detail: `${dir} does not exist`, remedy };
    } else yield ok('tasks folder', `${dir}: ${listModuleNames([dir]).length} modules`);
  }
}

async function* checkWorkflows({ workflowsDir, tasksDirs }: ResolvedConfig): AsyncGenerator<Check> {
  const name = 'workflows folder';
  if (!isFolder(workflowsDir)) {
    yield { name, status: 'warn', detail: `${workflowsDir} does not exist`, remedy: 'name yours with --workflows' };
    return;
  }
  const { readWorkflowFile } = await import('../engine/workflow-files.ts');
  const { unknownModules } = await import('./workflow-source.ts');
  const files = readdirSync(workflowsDir).filter((file) => file.toLowerCase().endsWith('.json'));
  let sound = 0;
  for (const file of files.sort()) {
    const path = join(workflowsDir, file);
    const load = await readWorkflowFile(path);
    const faults = load.kind === 'faulty' ? load.faults : load.locate(unknownModules(load.definition, tasksDirs));
    const [first] = faults;
    if (first === undefined) sound += 1;
    else {
      const detail = `${file}: ${faults.length} faults, first ${first.code}: ${faultText(path, first)}`;
      yield { name: 'workflow', status: 'warn', detail, remedy: `\`yardmaster validate ${path}\` lists all` };
    }
  }
  yield ok(name, `${workflowsDir}: ${sound} of ${files.length} workflows can run`);
}

function checkDataFolder({ dataDir, inMemory }: ResolvedConfig): Check {
  const name = 'data folder';
  if (inMemory) return ok(name, 'none, runs are kept in memory');
  // It is made by the first run; what matters until then is the folder that it will be made in.
  let folder = dataDir;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    const probe = mkdtempSync(join(folder, '.yardmaster-doctor-'));
    try {
      writeFileSync(join(probe, 'probe'), 'written');
    } finally {
      rmSync(probe, { recursive: true, force: true });
    }
    return ok(name, folder === dataDir ? `${dataDir} is writable` : `${dataDir} will be made`);
  } catch (error) {
    return failure(name, error, 'make it writable, or name another one with --data-dir');
  }
}

/** An engine of one thread runs one real task. */
async function checkThreads({ workflowsDir, tasksDirs, resources }: ResolvedConfig): Promise<Check> {
  const name = 'threads';
  const startedMs = performance.now();
  try {
    const { OrchestrationEngine } = await import('../engine/orchestration-engine.ts');
    await using engine = await OrchestrationEngine.create({
      dataDir: ':memory:',
      maxWorkers: 1,
      workflowsDir,
      tasksDirs,
      resources,
    });
    const taskId = engine.submitTask({ module: 'core', action: 'burn', parameters: { ms: 5 } });
    const { status, error } = await engine.waitForTask(taskId);
    if (status === 'completed') {
      return ok(name, `one started and ran a task in ${Math.round(performance.now() - startedMs)} ms`);
    }
    const detail = error === null ? `the task ended ${status}` : describeError(error, false);
    return { name, status: 'fail', detail, remedy: 'see the error; YARDMASTER_DEBUG=1 shows more' };
  } catch (error) {
    return failure(name, error, 'check limits on threads (ulimit -u) and memory');
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function ok(name: string, detail: string): Check {
  return { name, status: 'ok', detail };
}

function failure(name: string, thrown: unknown, remedy: string): Check {
  const error = serializeError(thrown, 'INTERNAL');
  return { name, status: 'fail', detail: `${error.code}: ${describeError(error, true)}`, remedy };
}
