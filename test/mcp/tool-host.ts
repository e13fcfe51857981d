// Owns the engine, projects and tools that a test of the tools works on: real threads, a folder of its own, and a check of
// every answer against the tool's own output schema.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { findUnrecordable, type JsonObject } from '../../src/domain/json-value.ts';
import type { EngineConfig } from '../../src/engine/engine-config.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import type { McpErrorDetails, McpToolCall, McpToolResult } from '../../src/mcp/mcp-tool.ts';
import { McpTools } from '../../src/mcp/mcp-tools.ts';
import { ALL_TOOLS } from '../../src/mcp/tools/all-tools.ts';
import { ProjectManager } from '../../src/projects/project-manager.ts';
import { createTestFolder } from '../support/test-folder.ts';

const TASKS = fileURLToPath(new URL('fixtures/tool-tasks', import.meta.url));

/** More than any answer of a tool may take, as JSON. */
const MOST_ANSWER = 400_000;

export class ToolHost {
  readonly folder: string;
  readonly engine: OrchestrationEngine;
  readonly projects: ProjectManager;
  readonly tools: McpTools;

  constructor(folder: string, engine: OrchestrationEngine, projects: ProjectManager, tools: McpTools) {
    this.folder = folder;
    this.engine = engine;
    this.projects = projects;
    this.tools = tools;
  }

  /** Calls a tool; whatever it answers must be as its schema says. */
  async call(name: string, args: unknown = {}, call: McpToolCall = {}): Promise<McpToolResult> {
    const result = await this.tools.execute(name, args, call);
    const tool = ALL_TOOLS.find((each) => each.name === name);
    if (tool !== undefined && result.data !== undefined) {
      expect(findUnrecordable(result.data)).toBeUndefined();
      expect(tool.output.strict().safeParse(result.data).error?.issues ?? []).toEqual([]);
    }
    expect(JSON.stringify(result).length).toBeLessThan(MOST_ANSWER);
    expect(result.metadata.tool).toBe(name);
    return result;
  }

  /** The data of a call that has to succeed. */
  async ok(name: string, args: unknown = {}, call: McpToolCall = {}): Promise<JsonObject> {
    const result = await this.call(name, args, call);
    if (!result.success) throw new Error(`${name} failed: ${result.error}`);
    return result.data;
  }

  /** The error of a call that has to fail, and its data. */
  async fault(
    name: string,
    args: unknown = {},
    call: McpToolCall = {},
  ): Promise<McpErrorDetails & { readonly data: JsonObject | undefined }> {
    const result = await this.call(name, args, call);
    if (result.success) throw new Error(`${name} succeeded: ${JSON.stringify(result.data)}`);
    expect(result.error).toBe(result.errorDetails.message);
    return { ...result.errorDetails, data: result.data };
  }

  /** Resolves when every thread is up: an engine starts with one. */
  async allThreads(): Promise<void> {
    while (this.engine.getHealthStatus().status !== 'healthy') await new Promise((resolve) => setImmediate(resolve));
  }

  /** Everything that a call may change, in one line: files, workflows, runs, tasks and capacity. */
  digest(): string {
    const { engine } = this;
    const state = {
      files: hashOfFolder(join(this.folder, 'workflows')) + hashOfFolder(join(this.folder, 'projects')),
      workflows: engine.workflows.listWorkflows().map((name) => engine.workflows.getWorkflow(name)),
      runs: engine.listRuns({}).map(({ runId, status }) => [runId, status]),
      tasks: engine.tasks.listTasks().map(({ taskId, status }) => [taskId, status]),
      resources: engine.resources
        .listResources()
        .map(({ resourceId }) => engine.resources.getUsage(resourceId).current),
    };
    return JSON.stringify(state);
  }
}

/** A host that is gone with its test. */
export async function createToolHost(
  options: { readonly allowCommands?: boolean; readonly config?: EngineConfig } = {},
): Promise<ToolHost> {
  const folder = createTestFolder();
  const projectsDir = join(folder, 'projects');
  const engine = await OrchestrationEngine.create({
    workflowsDir: join(folder, 'workflows'),
    tasksDirs: [TASKS],
    dataDir: join(folder, 'data'),
    projectsDir,
    maxWorkers: 2,
    ...options.config,
  });
  onTestFinished(() => engine.shutdown({ drainMs: 0 }));
  const projects = ProjectManager.open({ projectsDir });
  const tools = new McpTools(async () => ({ engine, projects, allowCommands: options.allowCommands ?? false }));
  return new ToolHost(folder, engine, projects, tools);
}

/** A step of the built-in module. */
export function echo(name: string, message: unknown = name, more: object = {}): object {
  return { name, module: 'core', action: 'echo', parameters: { message }, ...more };
}

/** A member of an answer, by its path. */
export function at(data: unknown, ...path: readonly (string | number)[]): unknown {
  let value = data;
  for (const key of path) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }
  return value;
}

function hashOfFolder(folder: string): string {
  const hash = createHash('sha256');
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  } catch {
    return 'none';
  }
  for (const name of names) {
    hash.update(name);
    try {
      hash.update(readFileSync(join(folder, name)));
    } catch {
      // A folder: its name is all there is.
    }
  }
  return hash.digest('hex');
}
