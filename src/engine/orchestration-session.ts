// Owns what callers see of a session: its settings, its times, its status. Live while its engine knows it, plain data
// once it went through JSON.

import type { SessionActor } from '../actors/session.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ExecutionMode, SessionStatus } from '../domain/statuses.ts';

/** What may be said of a session besides its name and mode. */
export interface SessionSettings {
  readonly description?: string;
  readonly userId?: string;
  /** Tasks of the session at once; null = no limit. */
  readonly maxParallelTasks?: number | null;
  /** Runs of the session at once; null = no limit. */
  readonly maxParallelWorkflows?: number | null;
  /** From its start (its first run) to its end; null = no limit. */
  readonly timeoutMs?: number | null;
  /** Amounts by resource id that the session holds from its first run to its end. */
  readonly resourceRequirements?: Readonly<Record<string, number>>;
  readonly metadata?: JsonObject;
}

/** A session as JSON. Times are ISO 8601. */
export interface SessionRecord {
  readonly sessionId: string;
  readonly name: string;
  readonly description: string;
  readonly userId: string;
  readonly mode: ExecutionMode;
  readonly maxParallelTasks: number | null;
  readonly maxParallelWorkflows: number | null;
  readonly timeoutMs: number | null;
  readonly resourceRequirements: Readonly<Record<string, number>>;
  readonly metadata: JsonObject;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly updatedAt: string;
  readonly completedAt: string | null;
  readonly status: SessionStatus;
}

/** The frame of limits, mode and time in which workflows run. */
export class OrchestrationSession implements SessionRecord {
  readonly sessionId: string;
  readonly name: string;
  readonly description: string;
  readonly userId: string;
  readonly mode: ExecutionMode;
  readonly maxParallelTasks: number | null;
  readonly maxParallelWorkflows: number | null;
  readonly timeoutMs: number | null;
  readonly resourceRequirements: Readonly<Record<string, number>>;
  readonly metadata: JsonObject;
  readonly createdAt: string;
  readonly #record: SessionRecord;
  #actor: SessionActor | undefined;

  /** For the engine and `fromJSON`; callers use `engine.createSession`. */
  constructor(record: SessionRecord) {
    this.#record = record;
    this.sessionId = record.sessionId;
    this.name = record.name;
    this.description = record.description;
    this.userId = record.userId;
    this.mode = record.mode;
    this.maxParallelTasks = record.maxParallelTasks;
    this.maxParallelWorkflows = record.maxParallelWorkflows;
    this.timeoutMs = record.timeoutMs;
    this.resourceRequirements = record.resourceRequirements;
    this.metadata = record.metadata;
    this.createdAt = record.createdAt;
  }

  /** A session from its JSON; not attached to an engine. @throws RuntimeError ARGUMENT_INVALID */
  static fromJSON(json: unknown): OrchestrationSession {
    const data = typeof json === 'string' ? parseJson(json) : json;
    if (!isRecord(data)) throw new RuntimeError('ARGUMENT_INVALID', 'this is no session: sessionId or name is missing');
    return new OrchestrationSession({
      sessionId: data.sessionId,
      name: data.name,
      description: data.description ?? '',
      userId: data.userId ?? '',
      mode: data.mode ?? ExecutionMode.RESOURCE_AWARE,
      maxParallelTasks: data.maxParallelTasks ?? null,
      maxParallelWorkflows: data.maxParallelWorkflows ?? null,
      timeoutMs: data.timeoutMs ?? null,
      resourceRequirements: data.resourceRequirements ?? {},
      metadata: data.metadata ?? {},
      createdAt: data.createdAt ?? new Date(0).toISOString(),
      startedAt: data.startedAt ?? null,
      updatedAt: data.updatedAt ?? data.createdAt ?? new Date(0).toISOString(),
      completedAt: data.completedAt ?? null,
      status: data.status ?? SessionStatus.PENDING,
    });
  }

  /** For the engine: where the live figures come from. */
  attach(actor: SessionActor): void {
    this.#actor = actor;
  }

  get status(): SessionStatus {
    return this.#actor?.status ?? this.#record.status;
  }

  get startedAt(): string | null {
    return this.#actor === undefined ? this.#record.startedAt : isoOf(this.#actor.startedAtMs);
  }

  get completedAt(): string | null {
    return this.#actor === undefined ? this.#record.completedAt : isoOf(this.#actor.endedAtMs);
  }

  get updatedAt(): string {
    return this.#actor === undefined ? this.#record.updatedAt : (this.completedAt ?? this.startedAt ?? this.createdAt);
  }

  toJSON(): SessionRecord {
    const { sessionId, name, description, userId, mode, maxParallelTasks, maxParallelWorkflows, timeoutMs } = this;
    const { resourceRequirements, metadata, createdAt, startedAt, updatedAt, completedAt, status } = this;
    return {
      sessionId,
      name,
      description,
      userId,
      mode,
      maxParallelTasks,
      maxParallelWorkflows,
      timeoutMs,
      resourceRequirements,
      metadata,
      createdAt,
      startedAt,
      updatedAt,
      completedAt,
      status,
    };
  }
}

function isRecord(data: unknown): data is Partial<SessionRecord> & Pick<SessionRecord, 'sessionId' | 'name'> {
  if (typeof data !== 'object' || data === null) return false;
  return (
    typeof Reflect.get(data, 'sessionId') === 'string' &&
    typeof Reflect.get(data, 'name') === 'string' &&
    oneOf(ExecutionMode, Reflect.get(data, 'mode')) &&
    oneOf(SessionStatus, Reflect.get(data, 'status'))
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RuntimeError('ARGUMENT_INVALID', `this is no session: it is no JSON, ${String(cause)}`, { cause });
  }
}

function oneOf(words: Readonly<Record<string, string>>, value: unknown): boolean {
  return value === undefined || Object.values(words).some((word) => word === value);
}

function isoOf(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
