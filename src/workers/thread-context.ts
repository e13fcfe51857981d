// Owns the TaskContext of one attempt in a pool thread. Parts that most bodies never touch (signal, resources, what it
// says) are made on first use, since a context is made for every attempt. Its functions are own properties, so that a
// body may take them apart: `({ progress, log })`.

import type { JsonObject } from '../domain/json-value.ts';
import type { ArtifactReference, LogLevel, TaskContext, TaskResources } from '../domain/task-context.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { AttemptBoard } from './attempt-board.ts';
import { CancelSignal } from './cancel-signal.ts';
import type { HomeLine } from './home-line.ts';
import type { AttemptMessage } from './thread-protocol.ts';
import { type CapacityShare, ThreadResources } from './thread-resources.ts';
import { Utterances } from './utterances.ts';

/** What all attempts of a thread share. */
export interface ThreadServices {
  readonly board: AttemptBoard;
  readonly home: HomeLine;
  /** The thread's share of the ledger, opened when a task first asks for it. */
  readonly capacity: () => CapacityShare | null;
  readonly artifacts: ArtifactStore;
}

export class ThreadTaskContext implements TaskContext {
  readonly taskName: string;
  readonly runId: string;
  readonly attempt: number;
  readonly #message: AttemptMessage;
  readonly #services: ThreadServices;
  readonly #cancel: CancelSignal;
  #utterances: Utterances | null = null;
  #resources: ThreadResources | null = null;
  #ended = false;

  constructor(message: AttemptMessage, services: ThreadServices) {
    this.taskName = message.taskName;
    this.runId = message.runId;
    this.attempt = message.attempt;
    this.#message = message;
    this.#services = services;
    this.#cancel = new CancelSignal(services.board, message.row, message.taskName);
  }

  /** Its row on the AttemptBoard. */
  get row(): number {
    return this.#message.row;
  }

  get idempotencyKey(): string {
    return this.#message.idempotencyKey ?? `${this.runId}/${this.taskName}`;
  }

  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  get resources(): TaskResources {
    this.#resources ??= new ThreadResources(
      this.#services.capacity(),
      this.#services.home,
      this.#message.attemptKey,
      this.taskName,
      { isCancelled: this.isCancelled, speakOut: () => this.#utterances?.speakOut(), beat: this.heartbeat },
    );
    return this.#resources;
  }

  /** Whether the attempt is over; code it left behind may still run. */
  get ended(): boolean {
    return this.#ended;
  }

  readonly isCancelled = (): boolean => this.#cancel.isCancelled();

  readonly progress = (fraction: number, message?: string): void => {
    if (this.#ended) return;
    this.#services.board.beat(this.#message.row);
    this.#speak().progress(fraction, message);
  };

  readonly log = (level: LogLevel, message: string, fields?: JsonObject): void => {
    if (!this.#ended) this.#speak().log(level, message, fields);
  };

  readonly heartbeat = (): void => {
    if (!this.#ended) this.#services.board.beat(this.#message.row);
  };

  readonly artifact = (name: string, bytes: Uint8Array | string): Promise<ArtifactReference> =>
    this.#services.artifacts.write(name, bytes);

  readonly readArtifact = (reference: ArtifactReference): Promise<Uint8Array> =>
    this.#services.artifacts.read(reference);

  /** Ends the attempt: capacity back, everything said is sent. A promise only where something has to be waited for. */
  end(): Promise<void> | undefined {
    if (this.#resources !== null) return this.#endResources(this.#resources);
    this.#endRest();
    return undefined;
  }

  async #endResources(resources: ThreadResources): Promise<void> {
    try {
      const leftOver = await resources.end();
      if (leftOver > 0) {
        const what = leftOver === 1 ? 'allocation was' : 'allocations were';
        this.log('warn', `${leftOver} ${what} not released by task '${this.taskName}' and given back`, { leftOver });
      }
    } finally {
      this.#endRest();
    }
  }

  #endRest(): void {
    this.#ended = true;
    this.#utterances?.end();
    this.#cancel.end();
  }

  #speak(): Utterances {
    this.#utterances ??= new Utterances(this.#services.home, this.#message.attemptKey);
    return this.#utterances;
  }
}
