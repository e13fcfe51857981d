// Owns the branded identifier types. An id is a string at run time; the brand keeps the kinds apart at compile time.

declare const brand: unique symbol;
type Branded<Kind extends string> = string & { readonly [brand]: Kind };

export type SessionId = Branded<'SessionId'>;
export type RunId = Branded<'RunId'>;
export type TaskId = Branded<'TaskId'>;
export type AllocationId = Branded<'AllocationId'>;

/** Makes ids of one kind each; injected, so that tests and simulations are repeatable. */
export interface IdSource {
  sessionId(): SessionId;
  runId(): RunId;
  allocationId(): AllocationId;
}

/** The id of a task of a run: readable, unique within the engine, no random part on the hot path. */
export function taskIdOf(runId: RunId, taskName: string): TaskId {
  return `${runId}/${taskName}` as TaskId;
}

/** The run of a single task: it has the task's own id. */
export function runIdOfTask(taskId: string): RunId {
  return taskId as RunId;
}
