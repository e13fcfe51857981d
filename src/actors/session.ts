// Owns one session at run time: its actor, the registry of its workflow runs, the runs that wait for a place.
// It enforces the session's limits: runs at once here, tasks at once through the lane group that all its lanes share.

import type { Actor, AnyActorRef } from 'xstate';
import type { Clock, TimerService } from '../domain/clock.ts';
import type { EventSink } from '../domain/events.ts';
import type { RunId, SessionId } from '../domain/ids.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { SessionStatus } from '../domain/statuses.ts';
import { sessionMachine } from '../machines/session-machine.ts';
import type { LaneGroup } from '../scheduling/lane.ts';
import { ActorRegistry } from './actor-registry.ts';
import { Deadline } from './deadline.ts';
import { type WorkflowLogic, WorkflowRun } from './workflow-run.ts';
import type { WorkflowRunOptions, WorkflowRunParts } from './workflow-run-options.ts';

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
  /** The actor of a run ended with an error. Default: the run fails. */
  readonly runCrashed?: (run: WorkflowRun, error: unknown) => void;
  /** The one that crashed, whose place this one takes: its runs, its times, and how far it had come. */
  readonly predecessor?: SessionActor;
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
  readonly #registry: ActorRegistry<SessionLogic>;
  #workflows: ActorRegistry<WorkflowLogic> | undefined;
  readonly #runs = new Map<RunId, WorkflowRun>();
  readonly #waiting = new Set<WorkflowRun>();
  readonly #deadline: Deadline;
  #held: HeldCapacity | undefined;
  /** Ends the waiting for capacity with the session. */
  readonly #giveUp = new AbortController();
  #isProvided: boolean;
  #isCrashed = false;
  #isSuspended = false;
  /** Its actor crashed, and another takes its place. */
  #successor: SessionActor | undefined;
  #deadlineMs: number | null = null;
  readonly #resolveClosed: () => void;

  constructor(parts: SessionParts, options: SessionOptions, sessions: ActorRegistry<SessionLogic>) {
    this.#parts = parts;
    this.#options = options;
    this.#registry = sessions;
    this.#deadline = new Deadline(parts.timers, () => this.actor.send({ type: 'session.deadline' }));
    this.sessionId = options.sessionId;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#isProvided = options.acquire === null;
    // Bodies of the one that crashed count until they are gone.
    this.group = options.predecessor?.group ?? { limit: options.maxParallelTasks, inFlight: 0 };
    this.actor = sessions.create(this.#createLogic(), { sessionId: options.sessionId });
    this.actor.start();
    if (options.predecessor !== undefined) this.#follow(options.predecessor);
  }

  get status(): SessionStatus {
    if (this.#isCrashed) return this.endedAtMs === null ? SessionStatus.ACTIVE : SessionStatus.FAILED;
    const state = this.actor.getSnapshot().value;
    return state === 'closing' || state === 'cancelling' ? SessionStatus.ACTIVE : state;
  }

  /** Whether runs can still be started in it. */
  get isOpen(): boolean {
    const state = this.actor.getSnapshot().value;
    return !this.#isCrashed && !this.#isOver && (state === 'pending' || state === 'active');
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** When it times out, absolute; null = never, or not started. */
  get deadlineMs(): number | null {
    return this.#deadlineMs;
  }

  /** The registry of its workflow actors; undefined while it has none. */
  get workflows(): ActorRegistry<WorkflowLogic> | undefined {
    return this.#workflows;
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
    // Asked for only now: what a run is written down with includes the deadline of the session, which has started.
    const run = this.#createRun(optionsOf());
    this.#waiting.add(run);
    run.replaySteering();
    this.#startWaiting();
    return run;
  }

  /** Puts a run, as the journal has it, in the place of one whose actor crashed: also when the session is closing. */
  restartRun(crashed: WorkflowRun, optionsOf: () => WorkflowRunOptions): WorkflowRun {
    const run = this.#createRun(optionsOf());
    const waited = this.#waiting.delete(crashed);
    run.replaySteering();
    crashed.handOver(run);
    // The place that it had is still its own.
    if (!waited && this.#isProvided && run.awaitsStart) run.steer({ type: 'run.start' });
    else this.#waiting.add(run);
    this.#startWaiting();
    return run;
  }

  #createRun(options: WorkflowRunOptions): WorkflowRun {
    this.#workflows ??= this.#createWorkflows(this.actor);
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
    // Known before its first event: a handler may want to look it up.
    options.created?.(run);
    return run;
  }

  /** The session's own actor ended with an error, once too often: its runs are cancelled, and it has failed. */
  crashed(error: unknown): void {
    if (this.endedAtMs !== null) return;
    this.#isCrashed = true;
    const reason = `the session's actor crashed: ${messageOf(error)}`;
    for (const run of [...this.#runs.values()]) run.steer({ type: 'run.cancel', reason });
    this.#reportRunsEnded();
  }

  /** Its actor crashed and another session takes its place: nothing of this one moves any more, its runs neither. */
  abandon(): void {
    this.#deadline.cancel();
    this.#giveUp.abort();
    for (const run of this.#runs.values()) run.abandon();
    this.#workflows?.close();
    this.#registry.stop(this.actor);
  }

  /** The engine goes down in good order: the session and its runs are let go of as they are. */
  suspend(): void {
    if (this.endedAtMs !== null || this.#isSuspended) return;
    this.#isSuspended = true;
    this.#deadline.cancel();
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
          for (const run of [...this.#runs.values()]) run.steer({ type: 'run.cancel', reason });
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
        const run = this.#runs.get(child.getSnapshot().context.runId as RunId);
        if (run?.actor !== child) return;
        if (this.#options.runCrashed === undefined) run.crashed(error);
        else this.#options.runCrashed(run, error);
      },
    });
  }

  #start(): void {
    const { clock, events } = this.#parts;
    // One that takes the place of another has started already.
    const isNew = this.startedAtMs === null;
    this.startedAtMs ??= clock.now();
    const { timeoutMs, deadlineMs = timeoutMs === null ? null : this.startedAtMs + timeoutMs } = this.#options;
    this.#deadlineMs = deadlineMs;
    if (deadlineMs !== null) this.#deadline.set(deadlineMs);
    if (isNew) events.emit('session.started', { sessionId: this.sessionId }, { name: this.#options.name });
    if (this.#isProvided) return;
    this.#options.acquire?.(this.#giveUp.signal).then(
      (held) => this.#provide(held),
      (error: unknown) => {
        if (!this.#isOver) this.actor.send({ type: 'session.cancel', reason: reasonOf(error) });
      },
    );
  }

  #provide(held: HeldCapacity): void {
    if (this.#isOver) {
      held.release();
      return;
    }
    this.#held = held;
    this.#isProvided = true;
    this.#startWaiting();
  }

  /** It needs nothing any more. */
  get #isOver(): boolean {
    return this.endedAtMs !== null || this.#isSuspended || this.#successor !== undefined;
  }

  #startWaiting(): void {
    if (this.#successor !== undefined) {
      this.#successor.#startWaiting();
      return;
    }
    if (!this.#isProvided) return;
    for (const run of this.#waiting) {
      if (this.#runs.size - this.#waiting.size >= this.#options.maxParallelWorkflows) return;
      if (!run.awaitsStart) continue;
      this.#waiting.delete(run);
      run.steer({ type: 'run.start' });
    }
  }

  /** Goes on from where the one stood whose place it takes. */
  #follow(predecessor: SessionActor): void {
    predecessor.#successor = this;
    void this.closed.then(predecessor.#resolveClosed);
    this.startedAtMs = predecessor.startedAtMs;
    // What it holds stays with the session: bodies that are still to go may use it.
    this.#held = predecessor.#held;
    this.#isProvided = predecessor.#isProvided;
    for (const [runId, run] of predecessor.#runs) this.#runs.set(runId, run);
    for (const run of predecessor.#waiting) this.#waiting.add(run);
    const { value: state, context } = predecessor.actor.getSnapshot();
    if (state === 'pending') return;
    this.actor.send({ type: 'session.start' });
    if (state === 'closing') this.actor.send({ type: 'session.close' });
    if (state !== 'cancelling') return;
    if (context.timedOut) this.actor.send({ type: 'session.deadline' });
    else this.actor.send({ type: 'session.cancel', reason: context.reason ?? 'the session was cancelled' });
  }

  #runEnded(run: WorkflowRun): void {
    // It was ending when the session crashed.
    if (this.#successor !== undefined) {
      this.#successor.#runEnded(run);
      return;
    }
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
    const { clock, events } = this.#parts;
    this.endedAtMs = clock.now();
    this.#deadline.cancel();
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
  return `its resources cannot be had: ${messageOf(error)}`;
}
