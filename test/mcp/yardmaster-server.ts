// Owns Yardmaster's own server for tests: a real engine with threads on a folder of its own, and all its parts. Gone with
// the test.

import { onTestFinished } from 'vitest';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { ChangeFeed } from '../../src/mcp/change-feed.ts';
import type { ServerParts } from '../../src/mcp/mcp-server.ts';
import { McpTools } from '../../src/mcp/mcp-tools.ts';
import { yardmasterParts } from '../../src/mcp/server-parts.ts';
import { ProjectManager } from '../../src/projects/project-manager.ts';
import { workFolder } from '../cli/work-folder.ts';

export interface TestServer {
  readonly folder: string;
  readonly engine: OrchestrationEngine;
  readonly parts: ServerParts;
  readonly changes: ChangeFeed;
  stopping: boolean;
}

/** A module that logs, is slow, or fails, as it is told. */
const WORK_MODULE = `
/** Logs a line and gives the text back. */
export function say({ text }: { text: string }, context: any) { context.log('info', 'saying ' + text); return { text }; }
`;

/** An engine on a new folder with files in it, and the parts of a server over it. */
export async function startYardmaster(files: Readonly<Record<string, unknown>> = {}): Promise<TestServer> {
  const folder = workFolder({ 'tasks/work.ts': WORK_MODULE, ...files });
  const tasksDirs = [`${folder}/tasks`];
  const engine = await OrchestrationEngine.create({
    workflowsDir: `${folder}/workflows`,
    tasksDirs,
    dataDir: `${folder}/data`,
    durability: 'none',
    maxWorkers: 1,
  });
  onTestFinished(() => engine.shutdown({ drainMs: 0 }));
  const projects = ProjectManager.open({ projectsDir: `${folder}/projects` });
  const timers = new SystemTimers({ unref: true });
  const changes = new ChangeFeed(timers);
  changes.engine = engine;
  const tools = new McpTools(async () => ({ engine, projects, allowCommands: false }), { clock: timers });
  const server: TestServer = {
    folder,
    engine,
    changes,
    stopping: false,
    parts: yardmasterParts(tools, {
      version: '1.2.3',
      clock: timers,
      tasksDirs,
      changes,
      isStopping: () => server.stopping,
    }),
  };
  return server;
}
