// Owns the set of tools as programs and the server see it: their definitions, and the one way to call them. A call never
// throws for what a caller or a workflow did wrong; it says what, where and what to do.

import type { Clock } from '../domain/clock.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { SystemTimers } from '../engine/system-timers.ts';
import { logBookOf } from '../inspect/log-book.ts';
import {
  definitionOf,
  type McpHost,
  type McpTool,
  type McpToolCall,
  type McpToolDefinition,
  type McpToolResult,
  type ToolContext,
  ToolFailure,
} from './mcp-tool.ts';
import { readArguments } from './tool-arguments.ts';
import { failureResult, successResult, thrownResult } from './tool-results.ts';
import { ALL_TOOLS } from './tools/all-tools.ts';

/** What may be other than it is, for servers of one's own. */
export interface McpToolsOptions {
  /** Default: all of Yardmaster's. */
  readonly tools?: readonly McpTool[];
  readonly clock?: Clock;
}

const NEVER_ABORTED = new AbortController().signal;

export class McpTools {
  readonly #host: () => Promise<McpHost>;
  readonly #tools: ReadonlyMap<string, McpTool>;
  readonly #clock: Clock;
  #definitions: Readonly<Record<string, McpToolDefinition>> | undefined;

  /** `host` is asked at each call, so that an engine is made by the first one that needs it. */
  constructor(host: () => Promise<McpHost>, options: McpToolsOptions = {}) {
    this.#host = host;
    this.#tools = new Map((options.tools ?? ALL_TOOLS).map((tool) => [tool.name, tool]));
    this.#clock = options.clock ?? new SystemTimers({ unref: true });
  }

  /** What the tools act on. @throws as the host does: an engine that cannot be made, say */
  host(): Promise<McpHost> {
    return this.#host();
  }

  /** Names, in the order of the definitions. */
  names(): string[] {
    return [...this.#tools.keys()];
  }

  /** By name; the same objects each time. */
  definitions(): Readonly<Record<string, McpToolDefinition>> {
    this.#definitions ??= Object.freeze(
      Object.fromEntries([...this.#tools].map(([name, tool]) => [name, Object.freeze(definitionOf(tool))])),
    );
    return this.#definitions;
  }

  /**
   * Calls a tool. Faults of the arguments, of the work and of the tool itself are results with `success: false`.
   * @param args what a client sent: anything
   */
  async execute(name: string, args: unknown, call: McpToolCall = {}): Promise<McpToolResult> {
    const startedMs = this.#clock.monotonicMs();
    const metadata = () => ({
      tool: String(name),
      timestamp: new Date(this.#clock.now()).toISOString(),
      duration_ms: Math.round(this.#clock.monotonicMs() - startedMs),
    });
    try {
      const tool = this.#require(name);
      const parsed = readArguments(tool, args);
      const host = await this.#host();
      // From the first call on, so that what the first run logs can be read afterwards.
      logBookOf(host.engine);
      const outcome = await tool.run(parsed, contextOf(host, call));
      return outcome instanceof ToolFailure ? failureResult(outcome, metadata()) : successResult(outcome, metadata());
    } catch (error) {
      return thrownResult(error, metadata());
    }
  }

  #require(name: string): McpTool {
    const tool = this.#tools.get(name);
    if (tool !== undefined) return tool;
    const wanted = typeof name === 'string' ? name : String(name);
    const hint = suggestion(new NearNames(this.#tools.keys()).nearest(wanted));
    throw new RuntimeError(
      'MCP_TOOL_NOT_FOUND',
      `no tool ${quoteName(wanted)}${hint}; there are ${this.names().join(', ')}`,
      { details: { tool: wanted.slice(0, 200), tools: this.names() } },
    );
  }
}

function contextOf({ engine, projects, allowCommands }: McpHost, { signal, onProgress }: McpToolCall): ToolContext {
  return {
    engine,
    projects,
    allowCommands,
    signal: signal ?? NEVER_ABORTED,
    onProgress:
      onProgress === undefined
        ? undefined
        : (progress) => {
            try {
              onProgress(progress);
            } catch {
              // Whoever listens badly must not fail the work.
            }
          },
  };
}
