// Owns the engine behind an MCP server: made by the first call that needs it, so that a client is greeted at once; tried
// again after it could not be made (its data folder is in other hands, say); shut down with the server.

import { setTimeout as wait } from 'node:timers/promises';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import { type EngineConfig, resolveConfig } from '../engine/engine-config.ts';
import { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { logBookOf } from '../inspect/log-book.ts';
import type { ChangeFeed } from '../mcp/change-feed.ts';
import type { McpHost } from '../mcp/mcp-tool.ts';
import { ProjectManager } from '../projects/project-manager.ts';
import type { McpFlags } from './mcp-commands.ts';
import { engineConfigOf } from './shell-config.ts';

/** While another process holds the data folder. An attempt waits for it too, with all of this process: rest between. */
const LOCK_INTERVAL_MS = 250;
const LOCK_PATIENCE_MS = 5_000;

export class McpDesk {
  readonly #flags: McpFlags;
  readonly #changes: ChangeFeed;
  readonly #onEngine: (engine: OrchestrationEngine) => void;
  #host: Promise<McpHost> | undefined;
  #isClosed = false;

  /** `onEngine` is told of each engine that was made. */
  constructor(flags: McpFlags, changes: ChangeFeed, onEngine: (engine: OrchestrationEngine) => void) {
    this.#flags = flags;
    this.#changes = changes;
    this.#onEngine = onEngine;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What tools act on; made anew once an engine has ended by itself. @throws as OrchestrationEngine.create */
  async host(): Promise<McpHost> {
    const opened = this.#opened();
    const host = await opened;
    if (!host.engine.isClosed || this.#isClosed) return host;
    // Of several who find it closed one clears it; all share the next.
    if (this.#host === opened) this.#host = undefined;
    return await this.#opened();
  }

  #opened(): Promise<McpHost> {
    this.#host ??= this.#open().catch((error: unknown) => {
      this.#host = undefined;
      throw error;
    });
    return this.#host;
  }

  /** Ends the engine; runs that have not ended by then go on with the next one. */
  async close(drainMs: number): Promise<void> {
    this.#isClosed = true;
    this.#changes.engine = undefined;
    const host = await this.#host?.catch(() => undefined);
    await host?.engine.shutdown({ drainMs });
  }

  // A client that is started anew starts its server before the last one has let go of the folder.
  async #create(config: EngineConfig): Promise<OrchestrationEngine> {
    const patientUntilMs = performance.now() + LOCK_PATIENCE_MS;
    for (;;) {
      try {
        return await OrchestrationEngine.create(config);
      } catch (error) {
        const isHeld = isRuntimeError(error) && error.code === 'DATA_DIR_LOCKED';
        if (!isHeld || performance.now() >= patientUntilMs || this.#isClosed) throw error;
        await wait(LOCK_INTERVAL_MS);
      }
    }
  }

  async #open(): Promise<McpHost> {
    const { projects, allowCommands } = this.#flags;
    const config = { ...engineConfigOf(this.#flags), ...(projects === undefined ? {} : { projectsDir: projects }) };
    const settings = resolveConfig(config);
    this.#requireOpen();
    const engine = await this.#create(config);
    // Closed meanwhile: an engine that nobody would shut down must not stay.
    if (this.#isClosed) await engine.shutdown({ drainMs: 0 });
    this.#requireOpen();
    logBookOf(engine);
    this.#changes.engine = engine;
    this.#onEngine(engine);
    const { projectsDir, templatesDir, documentTemplatesDir } = settings;
    return {
      engine,
      projects: ProjectManager.open({ projectsDir, templatesDir, documentTemplatesDir }),
      allowCommands: allowCommands === true || settings.mcp.allowCommands,
    };
  }

  #requireOpen(): void {
    if (!this.#isClosed) return;
    throw new RuntimeError('ENGINE_CLOSED', 'the server is on its way out and starts nothing any more');
  }
}
