// Owns the one engine behind the package's `get…` functions: made on first use, shared by all of them.

import type { JsonObject } from '../domain/json-value.ts';
import { OrchestrationEngine } from './orchestration-engine.ts';
import type { ResourceManager } from './resource-manager.ts';
import type { Task, TaskOptions, TaskResult } from './task.ts';
import type { TaskOrchestrator } from './task-orchestrator.ts';
import type { WorkflowExecution } from './workflow-execution.ts';
import type { WorkflowManager } from './workflow-manager.ts';

let current: Promise<OrchestrationEngine> | undefined;

/** The default engine; a new one once the last was shut down. @throws as OrchestrationEngine.create */
export async function getOrchestrationEngine(): Promise<OrchestrationEngine> {
  for (;;) {
    current ??= OrchestrationEngine.create();
    const made = current;
    let engine: OrchestrationEngine | undefined;
    try {
      engine = await made;
      if (!engine.isClosed) return engine;
    } finally {
      // Whoever finds it closed or failed clears it once: the next to ask makes the next, and all others share that.
      if (current === made && engine?.isClosed !== false) current = undefined;
    }
  }
}

/** The default engine's workflows. */
export async function getWorkflowManager(): Promise<WorkflowManager> {
  return (await getOrchestrationEngine()).workflows;
}

/** The default engine's single tasks. */
export async function getTaskOrchestrator(): Promise<TaskOrchestrator> {
  return (await getOrchestrationEngine()).tasks;
}

/** The default engine's capacity. */
export async function getResourceManager(): Promise<ResourceManager> {
  return (await getOrchestrationEngine()).resources;
}

/** Runs one task on the default engine and gives its result. @throws as TaskOrchestrator.submitTask */
export async function executeTask(task: Task | TaskOptions): Promise<TaskResult> {
  const engine = await getOrchestrationEngine();
  return engine.waitForTask(engine.submitTask(task));
}

/** Runs a workflow on the default engine to its end. @throws as OrchestrationEngine.executeWorkflow */
export async function executeWorkflow(name: string, params: JsonObject = {}): Promise<WorkflowExecution> {
  return (await getOrchestrationEngine()).executeWorkflow(name, params);
}
