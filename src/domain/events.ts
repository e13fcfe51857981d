// Owns the public events: the past-tense things that programs, the shell, the dashboard and JSON lines are told.

import type { RunId, SessionId, TaskId } from './ids.ts';

export const EVENT_TYPES = [
  'session.created',
  'session.started',
  'session.closed',
  'workflow.started',
  'workflow.completed',
  'workflow.failed',
  'workflow.cancelled',
  'workflow.paused',
  'workflow.resumed',
  'workflow.recovered',
  'workflow.suspended',
  'workflow.held',
  'workflow.planned',
  'workflow.parked',
  'workflow.load-failed',
  'task.ready',
  'task.waiting',
  'task.started',
  'task.progress',
  'task.log',
  'task.retrying',
  'task.completed',
  'task.failed',
  'task.cancelled',
  'task.skipped',
  'task.adopted',
  'resource.registered',
  'resource.allocated',
  'resource.released',
  'resource.refused',
  'resource.deadlock',
  'worker.started',
  'worker.killed',
  'worker.exited',
  'worker.warning',
  'journal.failed',
  'supervisor.child-crashed',
  'supervisor.restarted',
  'supervisor.gave-up',
  'handler.failed',
] as const;
export type RuntimeEventType = (typeof EVENT_TYPES)[number];

/** One thing that happened; `seq` orders all events of an engine without gaps for a '*' handler. */
export interface RuntimeEvent {
  readonly seq: number;
  /** ISO 8601, milliseconds, UTC. */
  readonly at: string;
  readonly type: RuntimeEventType;
  readonly sessionId?: SessionId;
  readonly runId?: RunId;
  /** The step's name. */
  readonly task?: string;
  readonly taskId?: TaskId;
  readonly resourceId?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type RuntimeEventHandler = (event: RuntimeEvent) => void;

/** The subject of an event, without what the bus adds. */
export type EventSubject = Pick<RuntimeEvent, 'sessionId' | 'runId' | 'task' | 'taskId' | 'resourceId'>;

/** Where parts of the engine say what happened. */
export interface EventSink {
  /** Whether anyone listens: lets a hot path skip building an event. */
  wants(type: RuntimeEventType): boolean;
  emit(type: RuntimeEventType, subject: EventSubject, data?: Readonly<Record<string, unknown>>): void;
}
