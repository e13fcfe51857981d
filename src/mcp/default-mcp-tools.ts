// Owns the tools over the default engine and the default folder of projects: what `getMcpTools` of the package gives.
// They need no MCP package themselves; but whoever asks for MCP where no server can be had is told so, and at once.

import { RuntimeError } from '../domain/runtime-error.ts';
import { getOrchestrationEngine } from '../engine/default-engine.ts';
import { resolveConfig } from '../engine/engine-config.ts';
import { getProjectManager } from '../projects/default-project-manager.ts';
import type { McpHost, McpToolCall, McpToolDefinition, McpToolResult } from './mcp-tool.ts';
import { McpTools } from './mcp-tools.ts';

const SERVER_PACKAGE = '@modelcontextprotocol/server';

let current: McpTools | undefined;

/** The tools over the default engine, which is made by the first call that needs it. @throws RuntimeError MCP_UNAVAILABLE */
export function getMcpTools(): McpTools {
  requireMcpPackage();
  current ??= new McpTools(defaultHost);
  return current;
}

/** Names, descriptions, JSON Schemas and annotations of the tools, by name. @throws RuntimeError MCP_UNAVAILABLE */
export function getMcpToolDefinitions(): Readonly<Record<string, McpToolDefinition>> {
  return getMcpTools().definitions();
}

/**
 * Calls a tool on the default engine; what goes wrong in it is a result with `success: false`.
 * @throws RuntimeError MCP_UNAVAILABLE
 */
export async function executeMcpTool(name: string, args: unknown = {}, call: McpToolCall = {}): Promise<McpToolResult> {
  return getMcpTools().execute(name, args, call);
}

async function defaultHost(): Promise<McpHost> {
  const [engine, projects] = await Promise.all([getOrchestrationEngine(), getProjectManager()]);
  return { engine, projects, allowCommands: resolveConfig().mcp.allowCommands };
}

/** Says at once whether a server can be had. @throws RuntimeError MCP_UNAVAILABLE */
export function requireMcpPackage(): void {
  try {
    import.meta.resolve(SERVER_PACKAGE);
  } catch (cause) {
    throw new RuntimeError(
      'MCP_UNAVAILABLE',
      `the MCP server package cannot be imported; install it beside yardmaster: npm install ${SERVER_PACKAGE} @modelcontextprotocol/node`,
      { cause, details: { package: SERVER_PACKAGE } },
    );
  }
}
