// The names that the package root promises: all there, and of the kind that they are said to be.

import { describe, expect, it } from 'vitest';
import * as yardmaster from '../../src/index.ts';

const CLASSES = [
  'OrchestrationEngine',
  'OrchestrationSession',
  'WorkflowManager',
  'WorkflowStep',
  'WorkflowExecution',
  'WorkflowRun',
  'WorkflowDAG',
  'DAGValidationError',
  'CycleDetectedError',
  'TaskOrchestrator',
  'Task',
  'TaskResource',
  'TaskResult',
  'ParallelExecutor',
  'ExecutionResult',
  'ResourceManager',
  'Resource',
  'ResourceUsage',
  'ResourceAllocation',
  'ProjectManager',
  'Project',
  'ProjectTemplate',
  'DocumentationGenerator',
  'RuntimeError',
  'ActorSupervisor',
] as const;

const FUNCTIONS = [
  'createTask',
  'createWorkflowSteps',
  'executeTask',
  'executeWorkflow',
  'getOrchestrationEngine',
  'getWorkflowManager',
  'getTaskOrchestrator',
  'getResourceManager',
  'getProjectManager',
  'createProject',
  'getMcpTools',
  'getMcpToolDefinitions',
  'executeMcpTool',
  'startSupervisor',
  'isRuntimeError',
  'openDashboard',
  'openInspector',
  'recordTrace',
  'collectMetrics',
  'logEvents',
] as const;

const WORDS = {
  SessionStatus: 'pending active completed cancelled failed',
  TaskStatus: 'pending blocked ready running retrying cancelling completed failed cancelled skipped',
  WorkflowStatus: 'pending running paused completed failed cancelled',
  ExecutionStatus: 'pending running completed failed cancelled timeout',
  ExecutionMode: 'sequential parallel priority resource_aware',
  ResourceType: 'compute memory storage network api_quota database custom file_handle thread process lock',
  ResourceStatus: 'available allocated busy maintenance offline depleted unknown',
  ProjectStatus: 'planning active paused completed archived failed',
  ProjectType: 'ai_analysis web_application data_pipeline ml_model documentation research custom',
} as const;

describe('the package root', () => {
  it.each(CLASSES)('has the class %s', (name) => {
    const found: unknown = Reflect.get(yardmaster, name);
    expect(typeof found === 'function' ? [found.name, String(found).slice(0, 6)] : found).toEqual([name, 'class ']);
  });

  it.each(FUNCTIONS)('has the function %s', (name) => {
    expect(typeof Reflect.get(yardmaster, name)).toBe('function');
  });

  it.each(Object.entries(WORDS))('has the words of %s, keys in upper case', (name, words) => {
    const set: Readonly<Record<string, string>> = Reflect.get(yardmaster, name);
    expect(Object.values(set)).toEqual(words.split(' '));
    expect(Object.keys(set)).toEqual(words.toUpperCase().split(' '));
  });

  it('has the priorities as numbers', () => {
    expect(yardmaster.TaskPriority).toEqual({ CRITICAL: 0, HIGH: 1, NORMAL: 2, LOW: 3, BACKGROUND: 4 });
  });

  it('has the machines, ready to be started and drawn', () => {
    const machines = Object.entries(yardmaster).filter(([name]) => name.endsWith('Machine'));
    expect(machines.map(([name]) => name).sort()).toEqual(
      ['dispatcher', 'journal', 'project', 'resourceManager', 'session', 'task', 'workerPool', 'workflow'].map(
        (id) => `${id}Machine`,
      ),
    );
    for (const [, machine] of machines) expect(machine).toHaveProperty('definition.states');
  });

  it('knows its errors by their codes, over copies of the package too', () => {
    const error = new yardmaster.RuntimeError('TASK_TIMEOUT', 'x');
    expect(yardmaster.isRuntimeError(error)).toBe(true);
    expect(yardmaster.isRuntimeError(new Error('x'))).toBe(false);
    expect(yardmaster.ERROR_CODES.TASK_TIMEOUT).toMatchObject({ retryable: true });
    const dag = new yardmaster.WorkflowDAG([
      { name: 'a', dependencies: ['b'] },
      { name: 'b', dependencies: ['a'] },
    ]);
    expect(() => dag.validate()).toThrow(yardmaster.CycleDetectedError);
  });
});
