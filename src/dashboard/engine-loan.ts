// Owns the engine that a dashboard over a data folder starts when somebody asks for what only an engine can do, and that
// is let go of as soon as nothing of it is under way: while it lives nobody else can run workflows in the folder.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';

const LOOK_EVERY_MS = 500;
/** So long it is kept after its last work, for whoever has more to ask. */
const KEPT_MS = 2_000;
const DRAIN_MS = 2_000;

export class EngineLoan {
  readonly engine: OrchestrationEngine;
  readonly #timers: TimerService & Clock;
  readonly #over: () => void;
  #busyMs: number;
  #handle: TimerHandle | undefined;
  #isOver = false;

  /** `over`: it has been idle long enough, or has ended by itself. */
  constructor(engine: OrchestrationEngine, timers: TimerService & Clock, over: () => void) {
    this.engine = engine;
    this.#timers = timers;
    this.#over = over;
    this.#busyMs = timers.now();
    this.#lookLater();
  }

  /** It is asked for something: it stays for a while. */
  touch(): void {
    this.#busyMs = this.#timers.now();
  }

  /** Ends the engine; what has not ended by then goes on with the next one. Harmless when repeated. */
  async end(): Promise<void> {
    this.#isOver = true;
    if (this.#handle !== undefined) this.#timers.cancel(this.#handle);
    this.#handle = undefined;
    await this.engine.shutdown({ drainMs: DRAIN_MS });
  }

  /** Whether runs or single tasks are under way in it. A paused run of which nothing runs is as well kept on record. */
  isBusy(): boolean {
    const { running } = this.engine.getSystemStatus();
    if (running > 0) return true;
    return this.engine.listRuns({ open: true }).some(({ runId, kind, status }) => {
      if (kind === 'task') return false;
      const run = this.engine.getRun(runId);
      return run !== undefined && !run.hasEnded && status !== 'paused';
    });
  }

  #lookLater(): void {
    this.#handle = this.#timers.schedule(this.#timers.now() + LOOK_EVERY_MS, () => {
      if (this.#isOver) return;
      const nowMs = this.#timers.now();
      if (!this.engine.isClosed && this.isBusy()) this.#busyMs = nowMs;
      if (this.engine.isClosed || nowMs - this.#busyMs >= KEPT_MS) this.#over();
      else this.#lookLater();
    });
  }
}
