// Owns what follows when the actor of a run or of a session ends with an error: as under a supervisor it is started anew,
// within the intensity, and goes on from the journal; past the intensity the run or the session fails, and nothing else.
// Why not a supervisor child: runs come and go by the thousands a second, each with its registry of tasks, and what is
// restarted is not the state that led to the crash but the run as its facts have it (docs/adr/0012).
//
//   crash ── abandon: nothing moves ── its bodies are stopped and gone ── a new actor from the facts, steering caught up

import { RestartIntensity } from '../actors/restart-intensity.ts';
import type { WorkflowRun as RunActor } from '../actors/workflow-run.ts';
import type { EventSink, EventSubject, RuntimeEventType } from '../domain/events.ts';
import { messageOf } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import type { EngineRuntime } from './engine-runtime.ts';
import type { RunEntry } from './run-book.ts';
import type { RunLauncher } from './run-launcher.ts';
import type { RunRecovery } from './run-recovery.ts';
import type { SessionEntry } from './session-book.ts';
import type { SessionDesk } from './session-desk.ts';

/** Restarts of one run, or of one session, and in which time (milliseconds): more, and it fails. */
const INTENSITY = 3;
const PERIOD_MS = 5_000;

export interface RestartParts {
  readonly runtime: EngineRuntime;
  readonly launcher: RunLauncher;
  readonly recovery: RunRecovery;
  readonly sessions: SessionDesk;
}

/** Whose actor crashed. */
interface Casualty {
  readonly supervisor: 'workflows' | 'sessions';
  readonly child: 'workflow' | 'session';
  readonly subject: EventSubject;
}

export class RunRestarts {
  readonly #parts: RestartParts;
  readonly #events: EventSink;

  constructor(parts: RestartParts) {
    this.#parts = parts;
    this.#events = parts.runtime.restarts;
  }

  /** The workflow actor of a run ended with an error. */
  runCrashed(run: RunActor, error: unknown): void {
    const entry = this.#parts.launcher.book.entryOf(run.runId);
    if (entry?.run !== run || run.endedAtMs !== null || run.isSuspended || run.isAbandoned) return;
    const { runId, sessionId } = run;
    const casualty = { supervisor: 'workflows', child: 'workflow', subject: { sessionId, runId } } as const;
    if (this.#mayRestart(entry, casualty, error)) this.#restart(run, error, casualty);
    else run.crashed(error);
  }

  /** The actor of a session ended with an error. */
  sessionCrashed(sessionId: string, error: unknown): void {
    const entry = this.#parts.sessions.book.find(sessionId);
    if (entry === undefined || entry.actor.endedAtMs !== null || entry.actor.isSuspended) return;
    const subject = { sessionId: entry.actor.sessionId };
    const casualty = { supervisor: 'sessions', child: 'session', subject } as const;
    if (!this.#mayRestart(entry, casualty, error)) entry.actor.crashed(error);
    else {
      this.#reopen(entry, error);
      this.#tell('supervisor.restarted', casualty, error, entry.restarts);
    }
  }

  /** The registry of all sessions crashed, and the root supervisor started it anew: so are they. */
  sessionsRestarted(): void {
    // Down again: the next one calls, or the engine ends.
    if (this.#parts.runtime.supervisor.child('sessions') === undefined) return;
    const error = new Error('the registry of sessions crashed');
    for (const entry of this.#parts.sessions.book.openEntries()) {
      if (!entry.actor.isSuspended) this.#reopen(entry, error);
    }
  }

  #reopen(entry: SessionEntry, error: unknown): void {
    const moving = [...entry.actor.runs()].filter((run) => !run.isAbandoned);
    this.#parts.sessions.reopen(entry);
    for (const run of moving) if (run.isAbandoned) this.#restart(run, error, null);
  }

  /** `casualty`: told once the run goes on; null = it went down with something that is told already. */
  #restart(run: RunActor, error: unknown, casualty: Casualty | null): void {
    run.abandon();
    void this.#restartWhenLeft(run, error, casualty).catch((fault: unknown) => {
      // Not even its end could be brought about: too much is wrong for this place, so the root supervisor has to know.
      this.#parts.runtime.crashRegistry('sessions', fault);
    });
  }

  async #restartWhenLeft(run: RunActor, error: unknown, casualty: Casualty | null): Promise<void> {
    const { recovery, sessions, launcher } = this.#parts;
    // In a turn of its own: what crashed may be in the middle of an effect.
    await null;
    await run.letGo();
    // With the engine's end it is left to the next one.
    if (run.isSuspended) return;
    try {
      recovery.restart(run, () => sessions.book.require(run.sessionId));
      if (casualty !== null)
        this.#tell('supervisor.restarted', casualty, error, launcher.book.entryOf(run.runId)?.restarts);
    } catch (reason) {
      run.crashed(
        new Error(`${messageOf(error)}; it cannot be taken up again: ${messageOf(reason)}`, { cause: error }),
      );
    }
  }

  #mayRestart(entry: RunEntry | SessionEntry, casualty: Casualty, error: unknown): boolean {
    const { journal, timers } = this.#parts.runtime;
    // The engine lets go of everything in this case.
    if (journal.failure !== null) return false;
    entry.restarts ??= new RestartIntensity(INTENSITY, PERIOD_MS);
    const mayRestart = entry.restarts.allows(timers.monotonicMs());
    this.#tell('supervisor.child-crashed', casualty, error, entry.restarts);
    if (!mayRestart) this.#tell('supervisor.gave-up', casualty, error, entry.restarts);
    return mayRestart;
  }

  /** In the words of a supervisor's own reports. */
  #tell(type: RuntimeEventType, casualty: Casualty, error: unknown, restarts: RestartIntensity | undefined): void {
    const { supervisor, child, subject } = casualty;
    this.#events.emit(type, subject, {
      supervisor,
      strategy: 'one_for_one',
      child,
      childType: 'supervisor',
      restart: 'transient',
      reason: 'error',
      error: serializeError(error, 'ACTOR_CRASHED'),
      restarts: restarts?.recent ?? 0,
      intensity: INTENSITY,
      periodMs: PERIOD_MS,
      children: [child],
      affected: 1,
    });
  }
}
