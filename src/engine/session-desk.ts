// Owns the making of sessions: checked and new ones for callers, and those of earlier lives for the runs they frame.

import { SessionActor, type SessionParts } from '../actors/session.ts';
import type { WorkflowRun } from '../actors/workflow-run.ts';
import type { SessionFrame } from '../domain/facts.ts';
import type { SessionId } from '../domain/ids.ts';
import { type ExecutionMode, SessionStatus } from '../domain/statuses.ts';
import {
  requireJson,
  requireLimit,
  requireMode,
  requireObject,
  requirePositive,
  requireText,
} from './argument-checks.ts';
import type { EngineRuntime } from './engine-runtime.ts';
import { OrchestrationSession, type SessionSettings } from './orchestration-session.ts';
import { SessionBook, type SessionEntry } from './session-book.ts';

export class SessionDesk {
  readonly book = new SessionBook();
  readonly #runtime: EngineRuntime;
  readonly #parts: SessionParts;
  /** Called when the actor of a run ended with an error. */
  onRunCrashed: (run: WorkflowRun, error: unknown) => void = (run, error) => run.crashed(error);

  constructor(runtime: EngineRuntime) {
    this.#runtime = runtime;
    const { runner, scheduler, journal, bus, timers } = runtime;
    this.#parts = { runner, scheduler, journal, events: bus, clock: timers, timers };
  }

  /** @throws RuntimeError ARGUMENT_INVALID, RESOURCE_* for requirements that can never be met */
  create(name: string, mode: ExecutionMode | undefined, options: SessionSettings): SessionEntry {
    const { guard, ids, timers, bus, config } = this.#runtime;
    const requirements = { ...requireObject(options, 'the settings of a session').resourceRequirements };
    if (hasMembers(requirements)) guard.prepare(requirements);
    const now = new Date(timers.now()).toISOString();
    const session = new OrchestrationSession({
      sessionId: ids.sessionId(),
      name: requireText(name, 'the name of a session'),
      description: options.description ?? '',
      userId: options.userId ?? '',
      mode: requireMode(mode ?? config.defaultMode),
      maxParallelTasks: requireLimit(options.maxParallelTasks, 'maxParallelTasks'),
      maxParallelWorkflows: requireLimit(options.maxParallelWorkflows, 'maxParallelWorkflows'),
      timeoutMs: requirePositive(options.timeoutMs, 'timeoutMs'),
      resourceRequirements: requirements,
      metadata: requireJson(options.metadata ?? {}, 'the metadata of a session'),
      createdAt: now,
      startedAt: null,
      updatedAt: now,
      completedAt: null,
      status: SessionStatus.PENDING,
    });
    const entry = this.#open(session);
    bus.emit('session.created', { sessionId: entry.actor.sessionId }, { name: session.name, mode: session.mode });
    return entry;
  }

  /** The session of a run of an earlier life, made again where it is not there. @throws RuntimeError RESOURCE_* */
  restore(frame: SessionFrame): SessionEntry {
    const known = this.book.find(frame.sessionId);
    // One that is ending takes no run: another life of it ends with the run, at the same deadline.
    if (known?.actor.isOpen === true) return known;
    const { guard, timers } = this.#runtime;
    if (hasMembers(frame.resourceRequirements)) guard.prepare(frame.resourceRequirements);
    const now = new Date(timers.now()).toISOString();
    const session = new OrchestrationSession({
      ...frame,
      description: '',
      userId: '',
      metadata: {},
      createdAt: now,
      startedAt: null,
      updatedAt: now,
      completedAt: null,
      status: SessionStatus.PENDING,
    });
    return this.#open(session, frame.deadlineMs);
  }

  /** What a run's facts say of its session. */
  frameOf({ session, actor }: SessionEntry): SessionFrame {
    const { sessionId, name, mode, maxParallelTasks, maxParallelWorkflows, timeoutMs, resourceRequirements } = session;
    const limits = { maxParallelTasks, maxParallelWorkflows, timeoutMs, deadlineMs: actor.deadlineMs };
    return { sessionId, name, mode, ...limits, resourceRequirements };
  }

  /** Puts a new actor in the place of one that crashed: same limits, same deadline, its runs to be taken up again. */
  reopen(entry: SessionEntry): void {
    const { session, actor: crashed } = entry;
    crashed.abandon();
    entry.actor = this.#actorOf(session, crashed.startedAtMs === null ? undefined : crashed.deadlineMs, crashed);
    session.attach(entry.actor);
  }

  #open(session: OrchestrationSession, deadlineMs?: number | null): SessionEntry {
    const actor = this.#actorOf(session, deadlineMs);
    session.attach(actor);
    const entry = { session, actor };
    this.book.add(entry);
    return entry;
  }

  #actorOf(session: OrchestrationSession, deadlineMs?: number | null, predecessor?: SessionActor): SessionActor {
    const { guard } = this.#runtime;
    const { resourceRequirements: requirements } = session;
    const sessionId = session.sessionId as SessionId;
    return new SessionActor(
      this.#parts,
      {
        sessionId,
        name: session.name,
        maxParallelTasks: session.maxParallelTasks ?? Number.POSITIVE_INFINITY,
        maxParallelWorkflows: session.maxParallelWorkflows ?? Number.POSITIVE_INFINITY,
        timeoutMs: session.timeoutMs,
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
        acquire: hasMembers(requirements)
          ? async (signal) => {
              const held = await guard.acquire(requirements, { requesterId: sessionId, signal });
              return { release: () => guard.release(held.allocationId) };
            }
          : null,
        ...(predecessor === undefined ? {} : { predecessor }),
        runCrashed: (run, error) => this.onRunCrashed(run, error),
        ended: (ended) => {
          if (this.book.find(sessionId)?.actor === ended) this.book.ended(sessionId);
        },
      },
      this.#runtime.sessions,
    );
  }
}

function hasMembers(record: Readonly<Record<string, number>>): boolean {
  return Object.keys(record).length > 0;
}
