// Owns the answers to what other processes ask of this engine: cancelling, pausing and resuming runs, and why the tasks of
// a run wait. It looks for requests several times a second, which costs next to nothing while there are none.

import type { TimerHandle } from '../domain/clock.ts';
import { assertNever, RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import type { WaitExplanation } from '../domain/wait-reason.ts';
import type { RequestOutcome, RunRequest } from '../journal/run-requests.ts';
import type { EngineRuntime } from './engine-runtime.ts';
import type { ExplanationBounds } from './run-explanation.ts';
import { answerOfWaits } from './wait-answer.ts';
import type { WorkflowRun } from './workflow-run-handle.ts';

const LOOK_EVERY_MS = 100;

/** What of the engine a request can move. */
export interface RunSteering {
  getRun(runId: string): WorkflowRun | undefined;
  resumeRun(runId: string): WorkflowRun;
  /** Why its tasks wait, within bounds; takes nothing up. */
  explain(runId: string, options: ExplanationBounds): readonly WaitExplanation[];
}

export class RequestDesk {
  readonly #runtime: EngineRuntime;
  readonly #engine: RunSteering;
  #timer: TimerHandle | undefined;
  #isStopped = false;

  constructor(runtime: EngineRuntime, engine: RunSteering) {
    this.#runtime = runtime;
    this.#engine = engine;
  }

  start(): void {
    if (this.#runtime.requests === null || this.#isStopped) return;
    const { idleTimers } = this.#runtime;
    this.#timer = idleTimers.schedule(idleTimers.now() + LOOK_EVERY_MS, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#runtime.idleTimers.cancel(this.#timer);
  }

  #look(): void {
    const { requests, journal } = this.#runtime;
    if (requests === null || journal.failure !== null || this.#isStopped) return;
    for (const request of requests.poll()) {
      try {
        requests.answer(request.id, this.#carryOut(request));
      } catch (error) {
        requests.answer(request.id, { status: 'refused', error: serializeError(error, 'INTERNAL') });
      }
    }
  }

  #carryOut({ kind, runId, reason }: RunRequest): RequestOutcome {
    switch (kind) {
      case 'cancel':
        this.#requireOpen(runId).cancel(reason === '' ? 'asked for by another process' : reason);
        break;
      case 'pause':
        this.#refuseParked(runId);
        this.#requireOpen(runId).pause();
        break;
      case 'resume':
        this.#engine.resumeRun(runId);
        break;
      case 'explain':
        return { status: 'done', answer: answerOfWaits((bounds) => this.#engine.explain(runId, bounds)) };
      default:
        return assertNever(kind);
    }
    return { status: 'done' };
  }

  // To take it up would release it, which nobody asked for.
  #refuseParked(runId: string): void {
    const parked = this.#runtime.journal.run(runId)?.parked ?? null;
    if (parked === null) return;
    throw new RuntimeError(parked.code, `run '${runId}' is parked and not under way: ${parked.reason}`, {
      details: { runId },
    });
  }

  /** A run that can be steered; an unfinished one that nobody has taken up yet is taken up for it. */
  #requireOpen(runId: string): WorkflowRun {
    const run = this.#engine.getRun(runId) ?? this.#engine.resumeRun(runId);
    if (!run.hasEnded) return run;
    throw new RuntimeError('RUN_ENDED', `run '${runId}' has ended as ${run.status}`, { details: { runId } });
  }
}
