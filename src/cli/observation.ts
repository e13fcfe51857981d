// Owns what watches a run besides the shell's own view: the dashboard, Stately's inspector, a trace file, a log file, as
// the flags ask for. Each is imported when it is asked for; without flags nothing is attached and nothing costs.

import { setTimeout as wait } from 'node:timers/promises';
import type { RunningDashboard } from '../dashboard/dashboard-server.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { Shell } from './main.ts';
import type { ObservationFlags } from './observation-flags.ts';

/** A page that is loaded anew is away for a moment. */
const RELOAD_MS = 2_000;
const LOOK_EVERY_MS = 100;

/** Anything that was attached to an engine. */
interface Attached {
  close(): Promise<void>;
}

export class Observation {
  readonly #shell: Shell;
  readonly #attached: Attached[] = [];
  #dashboard: RunningDashboard | undefined;

  private constructor(shell: Shell) {
    this.#shell = shell;
  }

  /**
   * Attaches what the flags ask for; says on stderr where it is to be seen.
   * @throws RuntimeError for a port that is taken, a file that cannot be written
   */
  static async open(shell: Shell, engine: OrchestrationEngine, flags: ObservationFlags): Promise<Observation> {
    const observation = new Observation(shell);
    try {
      await observation.#open(engine, flags);
    } catch (error) {
      await observation.close();
      throw error;
    }
    return observation;
  }

  /** Whether somebody may still want to look once the runs have ended. */
  get lingers(): boolean {
    return this.#dashboard !== undefined && (this.#shell.stdout.isTerminal || this.#dashboard.connections > 0);
  }

  /**
   * Resolves when nobody looks any more: in a terminal with Ctrl-C, else when the last page has gone. `left`: Ctrl-C was
   * pressed.
   */
  async linger(left: () => boolean): Promise<void> {
    if (!this.lingers || left()) return;
    const { stdout, stderr } = this.#shell;
    stderr.line(`dashboard: still at ${this.#dashboard?.url}${stdout.isTerminal ? '; Ctrl-C ends it' : ''}`);
    let lastSeenMs = performance.now();
    while (!left() && performance.now() - lastSeenMs < RELOAD_MS) {
      if (this.lingers) lastSeenMs = performance.now();
      await wait(LOOK_EVERY_MS);
    }
  }

  /** Detaches everything; files are complete then. Harmless when repeated. */
  async close(): Promise<void> {
    for (const attached of this.#attached.splice(0).reverse()) await attached.close();
    this.#dashboard = undefined;
  }

  async #open(engine: OrchestrationEngine, flags: ObservationFlags): Promise<void> {
    const { stderr } = this.#shell;
    if (flags.log !== undefined) {
      const { logEvents } = await import('../inspect/event-log.ts');
      this.#attached.push(logEvents(engine, { file: flags.log, level: flags.logLevel ?? 'info' }));
    }
    if (flags.trace !== undefined) {
      const { recordTrace } = await import('../inspect/trace-file.ts');
      this.#attached.push(await recordTrace(engine, flags.trace));
    }
    if (flags.inspect !== undefined) {
      const { openStatelyBridge } = await import('../inspect/stately-bridge.ts');
      const onWarning = (message: string) => stderr.line(`warning: ${message}`);
      const url = flags.inspect === null ? {} : { url: flags.inspect };
      const bridge = await openStatelyBridge(engine, { ...url, onWarning });
      this.#attached.push(bridge);
      stderr.line(`inspector: ${bridge.url}`);
    }
    if (flags.dashboard !== undefined) {
      const { openDashboard } = await import('../dashboard/dashboard-server.ts');
      this.#dashboard = await openDashboard(engine, flags.dashboard === null ? {} : { port: flags.dashboard });
      this.#attached.push(this.#dashboard);
      stderr.line(`dashboard: ${this.#dashboard.url}`);
    }
  }
}
