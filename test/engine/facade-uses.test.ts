// Every name that the package promises, imported from its root and used for what it is there for, on the one default
// engine and the folders of the current directory: engines, workflows, tasks, capacity, projects, documents, tools.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as yardmaster from '../../src/index.ts';

const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'yardmaster-test-'));

beforeAll(() => {
  mkdirSync(join(folder, 'config'));
  writeFileSync(join(folder, 'config/default.json'), JSON.stringify({ dataDir: ':memory:', maxWorkers: 1 }));
  process.chdir(folder);
});
afterAll(async () => {
  await (await yardmaster.getOrchestrationEngine()).shutdown({ drainMs: 0 });
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

const echo = (name: string, message: unknown, dependencies: string[] = []) => ({
  name,
  module: 'core',
  action: 'echo',
  parameters: { message: message as string },
  dependencies,
});

/** By name: what it is used for, and the proof that it did it. */
const USES: Readonly<Record<string, () => unknown>> = {
  async OrchestrationEngine() {
    await using engine = await yardmaster.OrchestrationEngine.create({ dataDir: ':memory:', maxWorkers: 1 });
    expect(engine.getHealthStatus().status).toBe('healthy');
  },
  async OrchestrationSession() {
    const engine = await yardmaster.getOrchestrationEngine();
    const session = engine.createSession('night', yardmaster.ExecutionMode.PRIORITY);
    expect(session).toBeInstanceOf(yardmaster.OrchestrationSession);
    expect(yardmaster.OrchestrationSession.fromJSON(JSON.parse(JSON.stringify(session)))).toEqual(session);
    const closed = await engine.closeSession(session.sessionId);
    expect(closed.status).toBe(yardmaster.SessionStatus.COMPLETED);
  },
  SessionStatus: () => expect(yardmaster.SessionStatus.ACTIVE).toBe('active'),
  ExecutionMode: () => expect(yardmaster.ExecutionMode.RESOURCE_AWARE).toBe('resource_aware'),
  async WorkflowManager() {
    const manager = await yardmaster.getWorkflowManager();
    expect(manager).toBeInstanceOf(yardmaster.WorkflowManager);
    expect(manager.validateWorkflowDependencies([echo('a', 1, ['nobody'])])).toHaveLength(1);
    expect(manager.getWorkflowExecutionOrder([echo('a', 1), echo('b', 2, ['a'])])).toEqual([['a'], ['b']]);
  },
  WorkflowStatus: () => expect(yardmaster.WorkflowStatus.PAUSED).toBe('paused'),
  async WorkflowStep() {
    const step = new yardmaster.WorkflowStep({ name: 'only', module: 'core', action: 'noop' });
    (await yardmaster.getWorkflowManager()).createWorkflow('of-one-step', [step]);
    expect((await yardmaster.executeWorkflow('of-one-step')).status).toBe('completed');
  },
  async WorkflowExecution() {
    const group = { tasks: [echo('a', 1), echo('b', '{{a.output}}')] };
    const result = await (await yardmaster.getWorkflowManager()).executeParallelWorkflow(group);
    expect(result).toMatchObject({ status: 'completed', totalTasks: 2, completedTasks: 2, failedTasks: 0 });
    (await yardmaster.getWorkflowManager()).createWorkflow('execution', group.tasks);
    const execution = await yardmaster.executeWorkflow('execution');
    expect(execution).toBeInstanceOf(yardmaster.WorkflowExecution);
    expect(execution.outputs).toEqual({ a: 1, b: 1 });
  },
  WorkflowDAG() {
    const dag = new yardmaster.WorkflowDAG({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] });
    expect(dag.getExecutionLevels()).toEqual([['a'], ['b', 'c'], ['d']]);
    expect(dag.toMermaid()).toContain('-->');
  },
  DAGValidationError() {
    const dag = new yardmaster.WorkflowDAG([{ name: 'a', dependencies: ['nobody'] }]);
    expect(() => dag.validate()).toThrow(yardmaster.DAGValidationError);
  },
  CycleDetectedError() {
    const dag = new yardmaster.WorkflowDAG([
      { name: 'a', dependencies: ['b'] },
      { name: 'b', dependencies: ['a'] },
    ]);
    expect(() => dag.validate()).toThrow(yardmaster.CycleDetectedError);
  },
  async TaskOrchestrator() {
    const tasks = await yardmaster.getTaskOrchestrator();
    expect(tasks).toBeInstanceOf(yardmaster.TaskOrchestrator);
    const taskId = tasks.submitTask({ module: 'core', action: 'noop' });
    await tasks.waitForCompletion();
    expect(tasks.getTaskStatus(taskId)).toBe(yardmaster.TaskStatus.COMPLETED);
  },
  async Task() {
    const task = new yardmaster.Task({ module: 'core', action: 'echo', parameters: { message: 'hi' } });
    expect((await yardmaster.executeTask(task)).output).toBe('hi');
  },
  TaskStatus: () => expect(yardmaster.TaskStatus.CANCELLING).toBe('cancelling'),
  async TaskPriority() {
    const task = yardmaster.createTask({ module: 'core', action: 'noop', priority: yardmaster.TaskPriority.CRITICAL });
    expect(task.priority).toBe(0);
    expect((await yardmaster.executeTask(task)).status).toBe('completed');
  },
  async TaskResource() {
    const manager = await yardmaster.getResourceManager();
    manager.registerResource('bench', yardmaster.ResourceType.CUSTOM, 2);
    const resources = [new yardmaster.TaskResource({ resourceId: 'bench', amount: 2 })];
    expect((await yardmaster.executeTask({ module: 'core', action: 'noop', resources })).status).toBe('completed');
    expect(manager.getUsage('bench')).toMatchObject({ current: 0, peak: 2 });
  },
  async TaskResult() {
    const result = await yardmaster.executeTask({ module: 'core', action: 'fail', parameters: { message: 'no' } });
    expect(result).toBeInstanceOf(yardmaster.TaskResult);
    expect(result).toMatchObject({ status: 'failed', error: { message: 'no' } });
  },
  async ParallelExecutor() {
    await using executor = new yardmaster.ParallelExecutor({ maxWorkers: 1 });
    const results = await executor.executeTasks([echo('a', 1), echo('b', 2)], { b: ['a'] });
    expect(results.b).toBeInstanceOf(yardmaster.ExecutionResult);
    expect(results.b).toMatchObject({ status: yardmaster.ExecutionStatus.COMPLETED, output: 2 });
  },
  ExecutionResult: () =>
    expect(new yardmaster.ExecutionResult({ name: 'a', status: 'timeout', output: null, error: null }).status).toBe(
      'timeout',
    ),
  ExecutionStatus: () => expect(yardmaster.ExecutionStatus.TIMEOUT).toBe('timeout'),
  async ResourceManager() {
    const manager = await yardmaster.getResourceManager();
    expect(manager).toBeInstanceOf(yardmaster.ResourceManager);
    const ids = manager.listResources().map(({ resourceId }) => resourceId);
    expect(ids).toEqual(expect.arrayContaining(['sys-compute', 'sys-memory', 'api-global']));
  },
  async Resource() {
    const resource = (await yardmaster.getResourceManager()).registerResource(
      'gpu',
      yardmaster.ResourceType.COMPUTE,
      1,
    );
    expect(resource).toBeInstanceOf(yardmaster.Resource);
    expect(resource.status).toBe(yardmaster.ResourceStatus.AVAILABLE);
  },
  ResourceType: () => expect(yardmaster.ResourceType.API_QUOTA).toBe('api_quota'),
  async ResourceStatus() {
    const manager = await yardmaster.getResourceManager();
    manager.registerResource('tape', yardmaster.ResourceType.STORAGE, 1);
    manager.setStatus('tape', yardmaster.ResourceStatus.MAINTENANCE);
    expect(manager.allocate('tape', 'me')).toBeNull();
  },
  async ResourceUsage() {
    const usage = (await yardmaster.getResourceManager()).getUsage('sys-compute');
    expect(usage).toBeInstanceOf(yardmaster.ResourceUsage);
    expect(usage.current + usage.available).toBe(usage.capacity);
  },
  async ResourceAllocation() {
    const manager = await yardmaster.getResourceManager();
    manager.registerResource('door', yardmaster.ResourceType.LOCK, 1);
    const held = manager.allocate('door', 'me');
    expect(held).toBeInstanceOf(yardmaster.ResourceAllocation);
    expect(manager.allocate('door', 'you')).toBeNull();
    expect(manager.releaseAll('me')).toBe(1);
  },
  async ProjectManager() {
    const manager = yardmaster.ProjectManager.open({ projectsDir: join(folder, 'other-projects') });
    expect(await manager.listProjects()).toEqual([]);
  },
  async Project() {
    const project = await yardmaster.createProject({ name: 'as-json', type: yardmaster.ProjectType.CUSTOM });
    expect(project).toBeInstanceOf(yardmaster.Project);
    expect(yardmaster.Project.fromJSON(JSON.parse(JSON.stringify(project)), project.path).name).toBe('as-json');
  },
  async ProjectStatus() {
    const manager = await yardmaster.getProjectManager();
    await manager.createProject({ name: 'moving', type: yardmaster.ProjectType.RESEARCH });
    const moved = await manager.updateProjectStatus('moving', yardmaster.ProjectStatus.ACTIVE);
    expect(moved.status).toBe('active');
    await expect(manager.updateProjectStatus('moving', yardmaster.ProjectStatus.PLANNING)).rejects.toMatchObject({
      code: 'PROJECT_TRANSITION_INVALID',
    });
  },
  ProjectType: () => expect(yardmaster.ProjectType.ML_MODEL).toBe('ml_model'),
  async ProjectTemplate() {
    const template = await (await yardmaster.getProjectManager()).getTemplate('data_pipeline');
    expect(template).toBeInstanceOf(yardmaster.ProjectTemplate);
    expect(yardmaster.ProjectTemplate.fromJSON(JSON.parse(JSON.stringify(template))).name).toBe('data_pipeline');
  },
  async DocumentationGenerator() {
    const project = await yardmaster.createProject({ name: 'described', type: yardmaster.ProjectType.CUSTOM });
    const generator = new yardmaster.DocumentationGenerator();
    const again = await generator.generateAllDocumentation(project);
    expect(new Set(again.map(({ state }) => state))).toEqual(new Set(['unchanged']));
    rmSync(join(project.path, 'README.md'));
    expect((await generator.generateRootReadme(project)).state).toBe('created');
    expect(readFileSync(join(project.path, 'README.md'), 'utf8')).toContain('described');
  },
  async createTask() {
    const task = yardmaster.createTask({ module: 'core', action: 'noop', name: 'nothing' });
    expect(task).toBeInstanceOf(yardmaster.Task);
    expect((await yardmaster.executeTask(task)).status).toBe('completed');
  },
  createWorkflowSteps: () =>
    expect(yardmaster.createWorkflowSteps([echo('a', 1)])[0]).toBeInstanceOf(yardmaster.WorkflowStep),
  async createProject() {
    const project = await yardmaster.createProject({ name: 'fresh', type: yardmaster.ProjectType.DATA_PIPELINE });
    expect(project.path).toBe(join(folder, 'projects', 'fresh'));
    expect(existsSync(join(project.path, '.yardmaster', 'project.json'))).toBe(true);
    expect(project.workflows.length).toBeGreaterThan(0);
    expect(readdirSync(project.path)).toEqual(expect.arrayContaining(['README.md', 'AGENTS.md', 'SPEC.md', 'PAI.md']));
  },
  executeTask: async () =>
    expect(await yardmaster.executeTask({ module: 'core', action: 'noop' })).toMatchObject({ status: 'completed' }),
  executeWorkflow: () =>
    expect(yardmaster.executeWorkflow('nobody')).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' }),
  async getOrchestrationEngine() {
    const engine = await yardmaster.getOrchestrationEngine();
    expect(await yardmaster.getOrchestrationEngine()).toBe(engine);
  },
  async getWorkflowManager() {
    expect(await yardmaster.getWorkflowManager()).toBe((await yardmaster.getOrchestrationEngine()).workflows);
  },
  async getTaskOrchestrator() {
    expect(await yardmaster.getTaskOrchestrator()).toBe((await yardmaster.getOrchestrationEngine()).tasks);
  },
  async getResourceManager() {
    expect(await yardmaster.getResourceManager()).toBe((await yardmaster.getOrchestrationEngine()).resources);
  },
  async getProjectManager() {
    expect(await yardmaster.getProjectManager()).toBe(await yardmaster.getProjectManager());
    expect(await yardmaster.getProjectManager()).toBeInstanceOf(yardmaster.ProjectManager);
  },
  async getMcpTools() {
    const result = await yardmaster.getMcpTools().execute('get_health_status', {});
    expect(result).toMatchObject({ success: true, data: { status: 'healthy' } });
  },
  getMcpToolDefinitions() {
    const definitions = yardmaster.getMcpToolDefinitions();
    expect(Object.keys(definitions)).toEqual(expect.arrayContaining(['execute_workflow', 'allocate_resources']));
    expect(definitions.execute_workflow?.inputSchema).toMatchObject({ type: 'object' });
  },
  async executeMcpTool() {
    const made = await yardmaster.executeMcpTool('create_workflow', { name: 'by-tool', steps: [echo('a', 'by tool')] });
    expect(made).toMatchObject({ success: true, data: { workflow_name: 'by-tool', steps_count: 1 } });
    // One engine, one state: what a tool made, the program runs.
    expect((await yardmaster.executeWorkflow('by-tool')).outputs).toEqual({ a: 'by tool' });
  },
  async startSupervisor() {
    const supervisor = await yardmaster.startSupervisor({ strategy: 'one_for_one' }, []);
    expect(supervisor).toBeInstanceOf(yardmaster.ActorSupervisor);
    await supervisor.stop();
  },
  async ActorSupervisor() {
    const { supervisor } = await yardmaster.getOrchestrationEngine();
    expect(supervisor).toBeInstanceOf(yardmaster.ActorSupervisor);
    expect(supervisor.countChildren().active).toBeGreaterThan(3);
  },
  RuntimeError: () => expect(new yardmaster.RuntimeError('TASK_TIMEOUT', 'late').retryable).toBe(true),
};

describe('of the package root', () => {
  it.each(Object.entries(USES))('%s does what it is for', { timeout: 60_000 }, async (name, use) => {
    expect(Reflect.get(yardmaster, name), `${name} is exported`).toBeDefined();
    await use();
  });
});
