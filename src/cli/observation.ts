// Owns what watches a run besides the shell's own view: the dashboard, Stately's inspector, a trace file, a log file, as
// the flags ask for. Each is imported when it is asked for; without flags nothing is attached and nothing costs.

import { setTimeout as wait } from 'node:timers/promises';
import type { RunningDashboard } from '../dashboard/dashboard-server.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { takeDashboardToken } from './dashboard-token.ts';
import type { Shell } from './main.ts';
import type { ObservationFlags } from './observation-flags.ts';
import { packageVersion } from './package-version.ts';

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
  /** Of pages that this process serves. */
  readonly #addresses: string[] = [];
  #dashboard: RunningDashboard | undefined;

  private constructor(shell: Shell) {
    this.#shell = shell;
  }

  /**
   * Attaches what the flags ask for; says on stderr where it is to be seen. `place`: the data folder, for people.
   * @throws RuntimeError for a port that is taken, a file that cannot be written
   */
  static async open(
    shell: Shell,
    engine: OrchestrationEngine,
    flags: ObservationFlags,
    place: string,
  ): Promise<Observation> {
    const observation = new Observation(shell);
    try {
      await observation.#open(engine, flags, place);
    } catch (error) {
      await observation.close();
      throw error;
    }
    return observation;
  }

  /** Whether somebody may still want to look once the runs have ended. */
  get lingers(): boolean {
    return this.#addresses.length > 0 && (this.#shell.stdout.isTerminal || (this.#dashboard?.connections ?? 0) > 0);
  }

  /**
   * Resolves when nobody looks any more: in a terminal with Ctrl-C, else when the last page has gone. `left`: Ctrl-C was
   * pressed.
   */
  async linger(left: () => boolean): Promise<void> {
    if (!this.lingers || left()) return;
    const { stdout, stderr } = this.#shell;
    stderr.line(`still at ${this.#addresses.join(' and ')}${stdout.isTerminal ? '; Ctrl-C ends it' : ''}`);
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
    this.#addresses.length = 0;
  }

  async #open(engine: OrchestrationEngine, flags: ObservationFlags, place: string): Promise<void> {
    const { stderr } = this.#shell;
    const onWarning = (message: string) => stderr.line(`warning: ${message}`);
    if (flags.log !== undefined) {
      const { logEvents } = await import('../inspect/event-log.ts');
      this.#attached.push(logEvents(engine, { file: flags.log, level: flags.logLevel ?? 'info', onWarning }));
    }
    if (flags.trace !== undefined) {
      const { recordTrace } = await import('../inspect/trace-file.ts');
      this.#attached.push(await recordTrace(engine, flags.trace, { onWarning }));
    }
    if (flags.inspect !== undefined) {
      const { openStatelyBridge } = await import('../inspect/stately-bridge.ts');
      const url = flags.inspect === true ? {} : { url: flags.inspect };
      const bridge = await openStatelyBridge(engine, { ...url, onWarning });
      this.#attached.push(bridge);
      if (flags.inspect === true) this.#addresses.push(bridge.url);
      stderr.line(`inspector: ${bridge.url}`);
    }
    if (flags.dashboard !== undefined) {
      const { openDashboard } = await import('../dashboard/dashboard-server.ts');
      this.#dashboard = await openDashboard(engine, {
        port: flags.dashboard === true ? undefined : flags.dashboard,
        token: takeDashboardToken(this.#shell.environment),
        version: packageVersion(),
        place,
      });
      this.#attached.push(this.#dashboard);
      this.#addresses.push(this.#dashboard.url);
      stderr.line(`dashboard: ${this.#dashboard.url}`);
    }
  }
}
