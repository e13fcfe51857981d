// Owns the TaskContext of one attempt on the main loop: the same shape and functions as in a thread, without threads.

import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { ArtifactReference, LogLevel, TaskContext, TaskResources } from '../domain/task-context.ts';
import type { AttemptSink, TaskAssignment } from '../domain/task-executor.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { recordableFields } from './utterances.ts';

/** Capacity for bodies on the main loop; `owner` is one attempt. */
export interface InlineResources {
  tryAllocate(owner: string, request: Readonly<Record<string, number>>): string | null;
  /** Rejects when the signal aborts. */
  allocate(
    owner: string,
    request: Readonly<Record<string, number>>,
    options: { readonly attemptKey: number; readonly timeoutMs?: number; readonly signal: AbortSignal },
  ): Promise<string>;
  release(owner: string, allocationId: string): void;
  /** Gives back what the owner holds; how many allocations that were. */
  releaseAll(owner: string): number;
}

/** Under which name an attempt on the main loop takes capacity. */
export function inlineOwnerOf(idempotencyKey: string, attemptKey: number): string {
  return `${idempotencyKey}#${attemptKey}`;
}

export interface InlineServices {
  readonly sink: AttemptSink;
  /** null = bodies have no `context.resources`. */
  readonly resources: InlineResources | null;
  readonly artifacts: ArtifactStore;
}

export class InlineTaskContext implements TaskContext {
  readonly taskName: string;
  readonly runId: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
  readonly resources: TaskResources;
  heartbeats = 0;
  readonly #assignment: TaskAssignment;
  readonly #services: InlineServices;
  readonly #controller = new AbortController();
  /** Ends waiting for capacity when the attempt ends; the body's signal stays as it is. */
  readonly #ending = new AbortController();
  readonly #owner: string;
  #usedResources = false;

  constructor(assignment: TaskAssignment, services: InlineServices) {
    this.taskName = assignment.taskName;
    this.runId = assignment.runId;
    this.attempt = assignment.attempt;
    this.idempotencyKey = assignment.idempotencyKey ?? `${assignment.runId}/${assignment.taskName}`;
    this.signal = this.#controller.signal;
    this.#assignment = assignment;
    this.#services = services;
    this.#owner = inlineOwnerOf(this.idempotencyKey, assignment.attemptKey);
    this.resources = this.#createResources();
  }

  readonly isCancelled = (): boolean => this.signal.aborted || this.#ending.signal.aborted;

  readonly progress = (fraction: number, message?: string): void => {
    this.heartbeats += 1;
    if (this.#ending.signal.aborted || typeof fraction !== 'number' || Number.isNaN(fraction)) return;
    const clamped = Math.min(1, Math.max(0, fraction));
    this.#services.sink.progress(this.#assignment.attemptKey, clamped, message ?? null);
  };

  readonly log = (level: LogLevel, message: string, fields?: JsonObject): void => {
    if (this.#ending.signal.aborted) return;
    this.#services.sink.log(this.#assignment.attemptKey, level, String(message), recordableFields(fields));
  };

  readonly heartbeat = (): void => {
    this.heartbeats += 1;
  };

  readonly artifact = (name: string, bytes: Uint8Array | string): Promise<ArtifactReference> =>
    this.#services.artifacts.write(name, bytes);

  readonly readArtifact = (reference: ArtifactReference): Promise<Uint8Array> =>
    this.#services.artifacts.read(reference);

  /** Aborts the signal. */
  cancel(): void {
    this.#controller.abort(new RuntimeError('TASK_CANCELLED', `task '${this.taskName}' was asked to stop`));
  }

  /** Ends the attempt: capacity back; what the body still says is dropped. */
  end(): void {
    if (this.#ending.signal.aborted) return;
    const leftOver = this.#usedResources ? (this.#services.resources?.releaseAll(this.#owner) ?? 0) : 0;
    if (leftOver > 0) {
      const what = leftOver === 1 ? 'allocation was' : 'allocations were';
      this.log('warn', `${leftOver} ${what} not released by task '${this.taskName}' and given back`, { leftOver });
    }
    this.#ending.abort();
  }

  #createResources(): TaskResources {
    const owner = this.#owner;
    return {
      tryAllocate: (request) => this.#open().tryAllocate(owner, request),
      release: (allocationId) => this.#open().release(owner, allocationId),
      allocateSync: () => {
        throw new RuntimeError(
          'RESOURCE_WOULD_BLOCK',
          `task '${this.taskName}' runs on the main loop, where waiting must not block; await context.resources.allocate() instead`,
        );
      },
      allocate: async (request, { timeoutMs } = {}) => {
        const resources = this.#open();
        const signal = AbortSignal.any([this.signal, this.#ending.signal]);
        const allocationId = await resources.allocate(owner, request, {
          attemptKey: this.#assignment.attemptKey,
          signal,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
        // Granted in the very moment in which the attempt ended: nobody else would give it back.
        if (this.#ending.signal.aborted) {
          resources.release(owner, allocationId);
          throw this.#closedFault();
        }
        return allocationId;
      },
    };
  }

  #open(): InlineResources {
    const { resources } = this.#services;
    if (resources === null || this.#ending.signal.aborted) throw this.#closedFault();
    this.#usedResources = true;
    return resources;
  }

  #closedFault(): RuntimeError {
    const why = this.#services.resources === null ? 'its engine has no capacity ledger' : 'it has ended';
    return new RuntimeError('RESOURCE_CLOSED', `task '${this.taskName}' can take no capacity: ${why}`);
  }
}
