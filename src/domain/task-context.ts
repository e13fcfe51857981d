// Owns what a task body is given besides its parameters. The same shape in a thread and on the main loop.

import type { JsonObject } from './json-value.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A reference to bytes kept outside the journal, by content hash. JSON-recordable, so it can be a task's result. */
export interface ArtifactReference {
  readonly artifact: string;
  /** `sha256-<hex>` of the bytes. */
  readonly hash: string;
  readonly sizeBytes: number;
  /** Absolute path of the file at the time of writing; data folders get moved, so read with `readArtifact`. */
  readonly path: string;
}

/** Capacity taken by a task body while it runs; what it does not give back is given back when the attempt ends. */
export interface TaskResources {
  /** At once or not at all: the allocation's id, or null. Never overtakes a waiting request. @throws RESOURCE_* */
  tryAllocate(request: Readonly<Record<string, number>>): string | null;
  /**
   * Waits its turn (FIFO); rejects with RESOURCE_TIMEOUT, or with TASK_CANCELLED when the attempt is to stop.
   * @throws RESOURCE_*
   */
  allocate(request: Readonly<Record<string, number>>, options?: { readonly timeoutMs?: number }): Promise<string>;
  /**
   * The same in the same line, blocking the body's thread: for code that cannot await. Meanwhile nothing else of the body
   * runs (no timers, no abort event of the signal), but the wait itself counts as a heartbeat, and a cancel or a time-out of
   * the task ends it at once. Bodies on the main loop (`runs: inline`) must not block and use `allocate`.
   * @throws RESOURCE_TIMEOUT (never before the limit), TASK_CANCELLED, RESOURCE_WOULD_BLOCK on the main loop, RESOURCE_*
   */
  allocateSync(request: Readonly<Record<string, number>>, options?: { readonly timeoutMs?: number }): string;
  /** @throws ALLOCATION_NOT_FOUND, ALLOCATION_RELEASED */
  release(allocationId: string): void;
}

export interface TaskContext {
  readonly taskName: string;
  readonly runId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The same for every attempt of this task of this run. */
  readonly idempotencyKey: string;
  /** Aborts when the task is cancelled or timed out; `aborted` is true even inside a busy loop that reads it. */
  readonly signal: AbortSignal;
  isCancelled(): boolean;
  /** `fraction` in 0…1. Counts as a heartbeat. */
  progress(fraction: number, message?: string): void;
  log(level: LogLevel, message: string, fields?: JsonObject): void;
  /** Tells that the body is alive; an attempt silent for longer than its heartbeat time-out is ended and tried again. */
  heartbeat(): void;
  readonly resources: TaskResources;
  /** Writes bytes atomically beside the journal and gives their reference. @throws ARTIFACT_WRITE_FAILED */
  artifact(name: string, bytes: Uint8Array | string): Promise<ArtifactReference>;
  /** The bytes of an artifact, checked. @throws PARAMETER_INVALID, ARTIFACT_MISSING, ARTIFACT_CORRUPT */
  readArtifact(reference: ArtifactReference): Promise<Uint8Array>;
}

/** An exported action of a task module. */
export type TaskAction = (parameters: JsonObject, context: TaskContext) => unknown;
