// Owns the look at the actors of an engine that are alive at a moment: for whoever begins to look in the middle, and for
// naming the task behind a task actor. Parents come before their children, so that a picture can be built as it goes.

import type { SessionActor } from '../actors/session.ts';
import type { ActorSupervisor } from '../actors/supervisor.ts';
import type { TaskRecord } from '../actors/task-record.ts';
import type { EngineRuntime } from './engine-runtime.ts';

/** The task that an actor is about. A single task's run has the task's own id. */
export interface ActorSubject {
  readonly runId: string;
  /** The step, or the single task's name. */
  readonly task: string;
  readonly taskId: string;
}

/** An actor of the tree. */
export interface LiveActor {
  readonly ref: ActorSupervisor['ref'];
  readonly sessionId?: string;
  readonly runId?: string;
  readonly task?: string;
  readonly taskId?: string;
}

/** Every actor of an engine, parents first. */
export function* liveActors(runtime: EngineRuntime, sessions: readonly SessionActor[]): Generator<LiveActor> {
  const { supervisor } = runtime;
  yield { ref: supervisor.ref };
  for (const { id, child } of supervisor.whichChildren()) {
    if (child === undefined || child === 'restarting') continue;
    yield { ref: child };
    if (id === 'single-tasks') for (const ref of runtime.singles.tasks.children()) yield ofTask(runtime, ref);
  }
  for (const session of sessions) yield* sessionActors(runtime, session);
}

/** Which task an actor is about, by the key in its context; undefined once it has ended. */
export function subjectOfKey({ runner }: EngineRuntime, key: number): ActorSubject | undefined {
  const record = runner.taskOf(key);
  return record === undefined ? undefined : subjectOf(record);
}

function* sessionActors(runtime: EngineRuntime, session: SessionActor): Generator<LiveActor> {
  const { sessionId, workflows } = session;
  yield { ref: session.actor, sessionId };
  if (workflows === undefined) return;
  yield { ref: workflows.ref, sessionId };
  for (const run of session.runs()) {
    const { runId } = run;
    yield { ref: run.actor, sessionId, runId };
    yield { ref: run.tasks.ref, sessionId, runId };
    for (const ref of run.tasks.children()) yield { sessionId, ...ofTask(runtime, ref) };
  }
}

type TaskRef = NonNullable<TaskRecord['actor']>;

function ofTask(runtime: EngineRuntime, ref: TaskRef): LiveActor {
  return { ref, ...subjectOfKey(runtime, ref.getSnapshot().context.key) };
}

/** What a task is called by people. */
export function subjectOf({ factsRunId, spec, taskId }: TaskRecord): ActorSubject {
  return { runId: factsRunId, task: spec.name, taskId };
}
