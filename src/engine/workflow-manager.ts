// Owns the workflows an engine knows: loaded from its folder or made by the program; and the questions about task
// graphs that need no engine.

import { DAGValidationError } from '../dag/dag-errors.ts';
import { WorkflowDAG } from '../dag/workflow-dag.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import { ExecutionStatus, type WorkflowStatus } from '../domain/statuses.ts';
import type { WorkflowDefinition } from '../domain/workflow-definition.ts';
import { requireList, requireObject, requirePositive, requireText } from './argument-checks.ts';
import { ExecutionResult } from './execution-result.ts';
import type { TaskOptions } from './task.ts';
import { type CompiledWorkflow, compileWorkflow } from './workflow-compiler.ts';
import type { WorkflowExecution } from './workflow-execution.ts';
import type { WorkflowLoadError } from './workflow-files.ts';
import type { WorkflowRun } from './workflow-run-handle.ts';
import { createWorkflowDefinition, type LooseStep } from './workflow-steps.ts';
import { type SavedWorkflow, WorkflowStore } from './workflow-store.ts';

/** A task of a group: named, with the names it depends on. */
export interface GraphTask extends TaskOptions {
  readonly name: string;
}

/** What `executeParallelWorkflow` takes. */
export interface ParallelWorkflow {
  readonly tasks: readonly GraphTask[];
  /** By task, the names it depends on; on top of each task's own `dependencies`. */
  readonly dependencies?: Readonly<Record<string, readonly string[]>>;
  readonly maxParallel?: number;
  readonly timeoutMs?: number;
}

export interface ParallelWorkflowResult {
  readonly status: 'completed' | 'partial_failure' | 'failed';
  readonly totalTasks: number;
  readonly completedTasks: number;
  readonly failedTasks: number;
  readonly taskResults: Readonly<Record<string, ExecutionResult>>;
}

/** What the manager needs of the engine: to run, and to look runs up. */
export interface WorkflowLauncher {
  startCompiled(workflow: CompiledWorkflow, options: { readonly params?: JsonObject }): WorkflowRun;
  executeWorkflow(name: string, params?: JsonObject): Promise<WorkflowExecution>;
  findRun(runId: string): WorkflowRun | undefined;
  reportLoadError(error: WorkflowLoadError): void;
}

/** Figures over all runs of a workflow in this engine's life. */
export interface WorkflowPerformance {
  runs: number;
  completed: number;
  failed: number;
  cancelled: number;
  totalDurationMs: number;
  averageDurationMs: number;
}

export class WorkflowManager {
  readonly #launcher: WorkflowLauncher;
  readonly #store: WorkflowStore;
  readonly #workflows = new Map<string, CompiledWorkflow>();
  readonly #performance = new Map<string, WorkflowPerformance>();
  #loadErrors: readonly WorkflowLoadError[] = [];

  /** For the engine. */
  constructor(launcher: WorkflowLauncher, folder: string) {
    this.#launcher = launcher;
    this.#store = new WorkflowStore(folder);
  }

  /** Files of the workflows folder that could not be loaded, each with every fault. */
  get loadErrors(): readonly WorkflowLoadError[] {
    return this.#loadErrors;
  }

  /** Loads every `*.json` of the folder; a bad file becomes an entry of `loadErrors` and stops no other. */
  async loadFolder(): Promise<void> {
    const { definitions, loadErrors } = await this.#store.load();
    for (const definition of definitions) this.addDefinition(definition);
    this.#loadErrors = loadErrors;
    for (const error of loadErrors) this.#launcher.reportLoadError(error);
  }

  /** Defines a workflow from loose steps. @throws RuntimeError WORKFLOW_INVALID listing every fault, WORKFLOW_EXISTS */
  createWorkflow(name: string, steps: readonly LooseStep[]): WorkflowDefinition {
    this.#requireFree(name);
    return this.addDefinition(createWorkflowDefinition(name, steps));
  }

  /**
   * Defines a workflow and keeps it as a file of the workflows folder, where every later engine and the shell find it.
   * Runs that go on with an earlier workflow of the name are not touched.
   * @param document an object of the workflow file format, with a name
   * @throws RuntimeError WORKFLOW_INVALID listing every fault, WORKFLOW_EXISTS unless `replace`, ARGUMENT_INVALID, FILE_UNWRITABLE
   */
  async saveWorkflow(document: JsonObject, { replace = false }: SaveOptions = {}): Promise<SavedWorkflow> {
    if (!replace && typeof document?.name === 'string') this.#requireFree(document.name);
    const saved = await this.#store.save(document, { replace });
    this.addDefinition(saved.definition);
    return saved;
  }

  /** The file that keeps a workflow; undefined for one that the program made. */
  fileOf(name: string): string | undefined {
    return this.#store.fileOf(name);
  }

  /** Takes a definition in, in place of one of the same name. @throws RuntimeError WORKFLOW_INVALID */
  addDefinition(definition: WorkflowDefinition): WorkflowDefinition {
    this.#workflows.set(definition.name, compileOrThrow(definition));
    return definition;
  }

  getWorkflow(name: string): WorkflowDefinition | undefined {
    return this.#workflows.get(name)?.definition;
  }

  /** A workflow ready to run. @throws RuntimeError WORKFLOW_NOT_FOUND */
  getCompiled(name: string): CompiledWorkflow {
    requireText(name, 'the name of a workflow');
    const workflow = this.#workflows.get(name);
    if (workflow !== undefined) return workflow;
    const hint = suggestion(new NearNames(this.#workflows.keys()).nearest(name));
    throw new RuntimeError(
      'WORKFLOW_NOT_FOUND',
      `no workflow ${quoteName(name)} is loaded${hint}; listWorkflows() names those that are, loadErrors what failed`,
      { details: { workflow: name } },
    );
  }

  /** Names, sorted. */
  listWorkflows(): string[] {
    return [...this.#workflows.keys()].sort();
  }

  executeWorkflow(name: string, params?: JsonObject): Promise<WorkflowExecution> {
    return this.#launcher.executeWorkflow(name, params);
  }

  /** A graph of tasks, for validation, order, levels, critical path and drawings. */
  createWorkflowDag(tasks: readonly GraphTask[]): WorkflowDAG {
    return new WorkflowDAG(tasks);
  }

  /** Every fault of a group's dependencies; empty when it is sound. */
  validateWorkflowDependencies(tasks: readonly GraphTask[]): string[] {
    try {
      new WorkflowDAG(tasks).validate();
      return [];
    } catch (error) {
      if (error instanceof DAGValidationError) return error.faults.map((fault) => fault.message);
      if (isRuntimeError(error)) return [error.message];
      throw error;
    }
  }

  /** Levels of a group: each level needs only those before it. @throws DAGValidationError */
  getWorkflowExecutionOrder(tasks: readonly GraphTask[]): string[][] {
    return new WorkflowDAG(tasks).getExecutionLevels();
  }

  /** Runs a group of tasks by their dependencies, without defining a workflow. @throws RuntimeError WORKFLOW_INVALID */
  async executeParallelWorkflow(group: ParallelWorkflow): Promise<ParallelWorkflowResult> {
    const workflow = compileOrThrow(definitionOfGroup('parallel', group));
    const execution = await this.#launcher.startCompiled(workflow, {}).result();
    const taskResults = resultsOf(workflow, execution);
    const { total, completed, failed } = execution.tasks;
    const status = completed === total ? 'completed' : completed > 0 ? 'partial_failure' : 'failed';
    return { status, totalTasks: total, completedTasks: completed, failedTasks: failed, taskResults };
  }

  /** The status of a run that goes on or has ended. @throws RuntimeError RUN_NOT_FOUND */
  getExecutionStatus(runId: string): {
    runId: string;
    workflow: string;
    status: WorkflowStatus;
    tasks: WorkflowRun['tasks'];
  } {
    const run = this.#launcher.findRun(runId);
    if (run === undefined) {
      throw new RuntimeError('RUN_NOT_FOUND', `no run '${runId}' in this engine`, { details: { runId } });
    }
    return { runId, workflow: run.workflow, status: run.status, tasks: run.tasks };
  }

  /** Figures by workflow over the runs that have ended. */
  getPerformanceSummary(): Readonly<Record<string, Readonly<WorkflowPerformance>>> {
    return Object.fromEntries([...this.#performance].map(([name, figures]) => [name, { ...figures }]));
  }

  /** For the engine: a run has ended. */
  recordExecution(execution: WorkflowExecution): void {
    const figures = this.#performance.get(execution.workflow) ?? {
      runs: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
      totalDurationMs: 0,
      averageDurationMs: 0,
    };
    figures.runs++;
    if (execution.status === 'completed') figures.completed++;
    else if (execution.status === 'failed') figures.failed++;
    else figures.cancelled++;
    figures.totalDurationMs += execution.durationMs;
    figures.averageDurationMs = figures.totalDurationMs / figures.runs;
    this.#performance.set(execution.workflow, figures);
  }

  #requireFree(name: string): void {
    if (!this.#workflows.has(name)) return;
    throw new RuntimeError('WORKFLOW_EXISTS', `a workflow ${quoteName(name)} exists already; choose another name`, {
      details: { workflow: name },
    });
  }
}

/** How `saveWorkflow` treats a workflow of the same name. */
export interface SaveOptions {
  /** Default false: an existing one is an error. */
  readonly replace?: boolean;
}

/** Compiles, or throws with every fault listed. @throws RuntimeError WORKFLOW_INVALID */
export function compileOrThrow(definition: WorkflowDefinition): CompiledWorkflow {
  const compiled = compileWorkflow(definition);
  if (compiled.kind === 'compiled') return compiled.workflow;
  const { faults } = compiled;
  const list = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw new RuntimeError('WORKFLOW_INVALID', `workflow ${quoteName(definition.name)}: ${list}`, {
    details: { workflow: definition.name, faults },
  });
}

/** A group of tasks as a definition. @throws RuntimeError WORKFLOW_INVALID, ARGUMENT_INVALID */
export function definitionOfGroup(name: string, group: ParallelWorkflow): WorkflowDefinition {
  const { tasks, maxParallel } = requireObject(group, 'a group of tasks');
  const dependencies = requireObject(group.dependencies ?? {}, 'dependencies');
  const timeoutMs = requirePositive(group.timeoutMs, 'timeoutMs');
  const steps = requireList(tasks, 'the tasks of a group').map((task) => ({
    ...requireObject(task, 'a task of a group'),
    dependencies: [...new Set([...(task.dependencies ?? []), ...(dependencies[task.name] ?? [])])],
  }));
  const names = new Set(tasks.map((task) => task.name));
  const strangers = Object.keys(dependencies).filter((task) => !names.has(task));
  if (strangers.length > 0) {
    const list = strangers.map(quoteName).join(', ');
    throw new RuntimeError('WORKFLOW_INVALID', `dependencies name ${list}, which are no tasks of the group`, {
      details: { tasks: strangers },
    });
  }
  return {
    ...createWorkflowDefinition(name, steps),
    ...(maxParallel === undefined ? {} : { maxParallel: requireCount(maxParallel, 'maxParallel') }),
    ...(timeoutMs === null ? {} : { timeoutMs }),
  };
}

/** The outcome of each task of a group. */
export function resultsOf(workflow: CompiledWorkflow, execution: WorkflowExecution): Record<string, ExecutionResult> {
  const results: Record<string, ExecutionResult> = Object.create(null);
  for (const { name } of workflow.steps) {
    const error: SerializedError | undefined = execution.errors[name];
    const skip = execution.skipped[name];
    const status = Object.hasOwn(execution.outputs, name)
      ? ExecutionStatus.COMPLETED
      : error?.code === 'TASK_TIMEOUT'
        ? ExecutionStatus.TIMEOUT
        : error !== undefined
          ? ExecutionStatus.FAILED
          : execution.timedOut && skip === undefined
            ? ExecutionStatus.TIMEOUT
            : ExecutionStatus.CANCELLED;
    const reason = skip === undefined ? execution.reason : skip.reason;
    results[name] = new ExecutionResult({
      name,
      status,
      output: execution.outputs[name] ?? null,
      error:
        error ??
        (status === ExecutionStatus.COMPLETED
          ? null
          : serializeError(new RuntimeError(skip?.code ?? 'TASK_CANCELLED', reason ?? 'it was cancelled'))),
    });
  }
  return results;
}

function requireCount(value: number, name: string): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RuntimeError('ARGUMENT_INVALID', `${name} must be a whole number from 1, not ${value}`);
}
