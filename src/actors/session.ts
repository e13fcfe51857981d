// Owns one session at run time: its actor, the registry of its workflow runs, the runs that wait for a place.
// It enforces the session's limits: runs at once here, tasks at once through the lane group that all its lanes share.

import type { Actor, AnyActorRef } from 'xstate';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import type { EventSink } from '../domain/events.ts';
import type { RunId, SessionId } from '../domain/ids.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { SessionStatus } from '../domain/statuses.ts';
import { sessionMachine } from '../machines/session-machine.ts';
import type { LaneGroup } from '../scheduling/lane.ts';
import { ActorRegistry } from './actor-registry.ts';
import { type WorkflowLogic, WorkflowRun, type WorkflowRunOptions, type WorkflowRunParts } from './workflow-run.ts';

export type SessionLogic = typeof sessionMachine;

export interface SessionLimits {
  /** Infinity = no limit. */
  readonly maxParallelTasks: number;
  readonly maxParallelWorkflows: number;
  /** From start to end; null = no limit. */
  readonly timeoutMs: number | null;
  /** When it times out, absolute, where an earlier life of it has started already. */
  readonly deadlineMs?: number | null;
}

/** Capacity that a session holds. */
export interface HeldCapacity {
  release(): void;
}

export interface SessionParts extends WorkflowRunParts {
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: TimerService;
}

export interface SessionOptions extends SessionLimits {
  readonly sessionId: SessionId;
  readonly name: string;
  /** Takes what the session holds while it is active; its runs wait for it; the signal ends the waiting. null = nothing. */
  readonly acquire: ((signal: AbortSignal) => Promise<HeldCapacity>) | null;
  /** Called once, when the session has ended. */
  readonly ended: (session: SessionActor) => void;
}

export class SessionActor {
  readonly sessionId: SessionId;
  readonly group: LaneGroup;
  readonly actor: Actor<SessionLogic>;
  /** Resolves when the session has ended. */
  readonly closed: Promise<void>;
  startedAtMs: number | null = null;
  endedAtMs: number | null = null;
  readonly #parts: SessionParts;
  readonly #options: SessionOptions;
  #workflows: ActorRegistry<WorkflowLogic> | undefined;
  readonly #runs = new Map<RunId, WorkflowRun>();
  readonly #waiting = new Set<WorkflowRun>();
  #deadline: TimerHandle | undefined;
  #held: HeldCapacity | undefined;
  /** Ends the waiting for capacity with the session. */
  readonly #giveUp = new AbortController();
  #isProvided: boolean;
  #isCrashed = false;
  #isSuspended = false;
  #deadlineMs: number | null = null;
  readonly #resolveClosed: () => void;

  constructor(parts: SessionParts, options: SessionOptions, sessions: ActorRegistry<SessionLogic>) {
    this.#parts = parts;
    this.#options = options;
    this.sessionId = options.sessionId;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#isProvided = options.acquire === null;
    this.group = { limit: options.maxParallelTasks, inFlight: 0 };
    this.actor = sessions.create(this.#createLogic(), { sessionId: options.sessionId });
    this.actor.start();
  }

  get status(): SessionStatus {
    if (this.#isCrashed) return this.endedAtMs === null ? SessionStatus.ACTIVE : SessionStatus.FAILED;
    const state = this.actor.getSnapshot().value;
    return state === 'closing' || state === 'cancelling' ? SessionStatus.ACTIVE : state;
  }

  /** Whether runs can still be started in it. */
  get isOpen(): boolean {
    const state = this.actor.getSnapshot().value;
    return !this.#isCrashed && !this.#isSuspended && (state === 'pending' || state === 'active');
  }

  /** When it times out, absolute; null = never, or not started. */
  get deadlineMs(): number | null {
    return this.#deadlineMs;
  }

  /** Runs that have not ended. */
  runs(): IterableIterator<WorkflowRun> {
    return this.#runs.values();
  }

  get runCount(): number {
    return this.#runs.size;
  }

  /**
   * Starts a run, or lets it wait while the session has as many as it may.
   * @throws RuntimeError SESSION_CLOSED
   */
  startRun(optionsOf: () => WorkflowRunOptions): WorkflowRun {
    const state = this.#isCrashed ? 'failed' : this.actor.getSnapshot().value;
    if (state === 'pending') this.actor.send({ type: 'session.start' });
    else if (state !== 'active') {
      throw new RuntimeError(
        'SESSION_CLOSED',
        `session '${this.#options.name}' (${this.sessionId}) has ended or is closing; create a new one`,
        { details: { sessionId: this.sessionId } },
      );
    }
    this.#workflows ??= this.#createWorkflows(this.actor);
    // Asked for only now: what a run is written down with includes the deadline of the session, which has started.
    const options = optionsOf();
    const run = new WorkflowRun(
      this.#parts,
      {
        ...options,
        released: () => this.#startWaiting(),
        ended: (ended) => {
          this.#runEnded(ended);
          options.ended(ended);
        },
      },
      this.#workflows,
    );
    this.#runs.set(run.runId, run);
    this.#waiting.add(run);
    // Known before its first event: a handler may want to look it up.
    options.created?.(run);
    run.replaySteering();
    this.#startWaiting();
    return run;
  }

  /** The session's own actor ended with an error: its runs are cancelled, and it has failed. */
  crashed(error: unknown): void {
    if (this.endedAtMs !== null) return;
    this.#isCrashed = true;
    const reason = `the session's actor crashed: ${error instanceof Error ? error.message : String(error)}`;
    for (const run of [...this.#runs.values()]) run.actor.send({ type: 'run.cancel', reason });
    this.#reportRunsEnded();
  }

  /** The engine goes down in good order: the session and its runs are let go of as they are. */
  suspend(): void {
    if (this.endedAtMs !== null || this.#isSuspended) return;
    this.#isSuspended = true;
    if (this.#deadline !== undefined) this.#parts.timers.cancel(this.#deadline);
    this.#giveUp.abort();
    this.#held?.release();
    for (const run of this.#runs.values()) run.suspend();
    this.#resolveClosed();
  }

  #createLogic(): SessionLogic {
    return sessionMachine.provide({
      actions: {
        reportStarted: () => this.#start(),
        awaitRuns: () => this.#reportRunsEnded(),
        cancelRuns: ({ context }) => {
          const reason = context.reason ?? 'the session was cancelled';
          for (const run of [...this.#runs.values()]) run.actor.send({ type: 'run.cancel', reason });
          this.#reportRunsEnded();
        },
        reportClosed: () => this.#close(),
      },
    });
  }

  #createWorkflows(parent: AnyActorRef): ActorRegistry<WorkflowLogic> {
    return ActorRegistry.start<WorkflowLogic>({
      parent,
      id: 'workflows',
      childId: 'workflow',
      onDone: () => {},
      onError: (child, error) => {
        const { runId } = child.getSnapshot().context;
        this.#runs.get(runId as RunId)?.crashed(error);
      },
    });
  }

  #start(): void {
    const { clock, timers, events } = this.#parts;
    this.startedAtMs = clock.now();
    const { timeoutMs, deadlineMs = timeoutMs === null ? null : this.startedAtMs + timeoutMs } = this.#options;
    this.#deadlineMs = deadlineMs;
    if (deadlineMs !== null) {
      this.#deadline = timers.schedule(deadlineMs, () => this.actor.send({ type: 'session.deadline' }));
    }
    events.emit('session.started', { sessionId: this.sessionId }, { name: this.#options.name });
    this.#options.acquire?.(this.#giveUp.signal).then(
      (held) => this.#provide(held),
      (error: unknown) => {
        const isOver = this.endedAtMs !== null || this.#isSuspended;
        if (!isOver) this.actor.send({ type: 'session.cancel', reason: reasonOf(error) });
      },
    );
  }

  #provide(held: HeldCapacity): void {
    if (this.endedAtMs !== null || this.#isSuspended) {
      held.release();
      return;
    }
    this.#held = held;
    this.#isProvided = true;
    this.#startWaiting();
  }

  #startWaiting(): void {
    if (!this.#isProvided) return;
    for (const run of this.#waiting) {
      if (this.#runs.size - this.#waiting.size >= this.#options.maxParallelWorkflows) return;
      if (!run.awaitsStart) continue;
      this.#waiting.delete(run);
      run.actor.send({ type: 'run.start' });
    }
  }

  #runEnded(run: WorkflowRun): void {
    this.#runs.delete(run.runId);
    this.#waiting.delete(run);
    this.#startWaiting();
    const state = this.actor.getSnapshot().value;
    if (this.#isCrashed || state === 'closing' || state === 'cancelling') this.#reportRunsEnded();
  }

  #reportRunsEnded(): void {
    if (this.#runs.size > 0) return;
    this.#workflows?.close();
    if (this.#isCrashed) this.#close();
    else this.actor.send({ type: 'session.runs-ended' });
  }

  #close(): void {
    const { clock, timers, events } = this.#parts;
    this.endedAtMs = clock.now();
    if (this.#deadline !== undefined) timers.cancel(this.#deadline);
    this.#giveUp.abort();
    this.#held?.release();
    // Entry actions run before the snapshot changes; who asks for the status in a handler must see the new one.
    queueMicrotask(() => {
      const { status } = this;
      events.emit('session.closed', { sessionId: this.sessionId }, { name: this.#options.name, status });
      this.#options.ended(this);
      this.#resolveClosed();
    });
  }
}

function reasonOf(error: unknown): string {
  return `its resources cannot be had: ${error instanceof Error ? error.message : String(error)}`;
}
