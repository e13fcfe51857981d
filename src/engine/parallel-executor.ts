// Owns ParallelExecutor: a group of tasks with dependencies, run at once on threads of its own, without a workflow,
// a session or a journal that outlives it.

import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { requireList, requireObject } from './argument-checks.ts';
import type { EngineConfig } from './engine-config.ts';
import type { ExecutionResult } from './execution-result.ts';
import { OrchestrationEngine } from './orchestration-engine.ts';
import { compileOrThrow, definitionOfGroup, type GraphTask, resultsOf } from './workflow-manager.ts';

export interface ParallelExecutorOptions {
  /** Threads, default: what this machine can run at once. */
  readonly maxWorkers?: number;
  /** Bound on one call, default none; what still runs then is stopped. */
  readonly timeoutMs?: number;
  /** Folders of task modules, default as for an engine. */
  readonly tasksDirs?: readonly string[];
}

/**
 * Runs groups of tasks.
 * @example
 * await using executor = new ParallelExecutor({ maxWorkers: 2 });
 * const results = await executor.executeTasks(
 *   [{ name: 'a', module: 'core', action: 'echo', parameters: { message: 1 } }, { name: 'b', module: 'core', action: 'noop' }],
 *   { b: ['a'] },
 * );
 */
export class ParallelExecutor implements AsyncDisposable {
  readonly #options: ParallelExecutorOptions;
  #engine: Promise<OrchestrationEngine> | undefined;
  #isClosed = false;

  constructor(options: ParallelExecutorOptions = {}) {
    this.#options = requireObject(options, 'the options of a ParallelExecutor');
  }

  /**
   * Runs the tasks by their dependencies and gives the outcome of each by name, whatever it is.
   * @throws RuntimeError WORKFLOW_INVALID listing every fault, ARGUMENT_INVALID, CONFIG_INVALID, ENGINE_CLOSED
   */
  async executeTasks(
    tasks: readonly GraphTask[],
    dependencies: Readonly<Record<string, readonly string[]>> = {},
    options: { readonly timeoutMs?: number; readonly params?: JsonObject } = {},
  ): Promise<Record<string, ExecutionResult>> {
    this.#requireOpen();
    if (requireList(tasks, 'the tasks of a group').length === 0) return {};
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
    const group = { tasks, dependencies, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    const workflow = compileOrThrow(definitionOfGroup('parallel', group));
    const engine = await this.#startedEngine();
    this.#requireOpen();
    const run = engine.startCompiled(workflow, options.params === undefined ? {} : { params: options.params });
    return resultsOf(workflow, await run.result());
  }

  /** Runs tasks that do not depend on each other. @throws RuntimeError WORKFLOW_INVALID, ENGINE_CLOSED */
  executeTaskGroup(tasks: readonly GraphTask[]): Promise<Record<string, ExecutionResult>> {
    return this.executeTasks(tasks);
  }

  /** Stops what runs and ends the threads. Harmless when repeated. */
  async shutdown(): Promise<void> {
    this.#isClosed = true;
    // An engine that could not be started has nothing to stop; its caller was told.
    const engine = await this.#engine?.catch(() => undefined);
    await engine?.shutdown({ drainMs: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new RuntimeError('ENGINE_CLOSED', 'this executor was shut down; make a new one');
  }

  async #startedEngine(): Promise<OrchestrationEngine> {
    this.#engine ??= OrchestrationEngine.create(this.#engineConfig());
    try {
      return await this.#engine;
    } catch (error) {
      this.#engine = undefined;
      throw error;
    }
  }

  #engineConfig(): EngineConfig {
    const { maxWorkers, tasksDirs } = this.#options;
    return {
      dataDir: ':memory:',
      ...(maxWorkers === undefined ? {} : { maxWorkers }),
      ...(tasksDirs === undefined ? {} : { tasksDirs }),
    };
  }
}
