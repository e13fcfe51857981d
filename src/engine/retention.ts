// Owns how long ended runs stay on record: so many of each kind, and none older than an age. It forgets them together with
// the artifacts that nobody refers to any more, in the background, and never touches a run that has not ended.

import type { TimerHandle } from '../domain/clock.ts';
import { serializeError } from '../domain/serialized-error.ts';
import { ArtifactShelf } from './artifact-shelf.ts';
import type { EngineRuntime } from './engine-runtime.ts';

/** A look is worth it after so many facts, or after an hour. */
const LOOK_EVERY_FACTS = 1_000;
const LOOK_EVERY_MS = 10_000;
const LOOK_ANYWAY_MS = 3_600_000;
/** Runs forgotten in one call of the journal. */
const BATCH = 2_000;

export interface PruneSummary {
  /** Runs and single tasks forgotten. */
  readonly runs: number;
  /** Artifacts removed with them. */
  readonly artifacts: number;
}

export class Retention {
  readonly #runtime: EngineRuntime;
  readonly #shelf: ArtifactShelf;
  #lookedAtSequence = 0;
  #lookedAtMs: number;
  #timer: TimerHandle | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(runtime: EngineRuntime) {
    this.#runtime = runtime;
    this.#shelf = new ArtifactShelf(runtime.artifactsDir);
    this.#lookedAtMs = runtime.timers.now();
    this.#arm();
    this.#inBackground(() => this.#sweep());
  }

  /** Forgets ended runs that ended before a time. @throws RuntimeError JOURNAL_* */
  async prune(endedBeforeMs: number): Promise<PruneSummary> {
    const { journal } = this.#runtime;
    const ids = [...journal.runs({ open: false, endedBeforeMs })].map(({ runId }) => runId);
    return await this.#forget(ids);
  }

  /** Resolves when nothing is being forgotten any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#runtime.idleTimers.cancel(this.#timer);
    await this.#looking;
  }

  #arm(): void {
    const { idleTimers } = this.#runtime;
    this.#timer = idleTimers.schedule(idleTimers.now() + LOOK_EVERY_MS, () => {
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    if (this.#isClosed || this.#looking !== undefined) return;
    const { journal, timers } = this.#runtime;
    const sequence = journal.lastSequence();
    const isWorthIt = sequence - this.#lookedAtSequence >= LOOK_EVERY_FACTS;
    if (!isWorthIt && timers.now() - this.#lookedAtMs < LOOK_ANYWAY_MS) return;
    this.#lookedAtSequence = sequence;
    this.#lookedAtMs = timers.now();
    this.#inBackground(async () => {
      await this.#apply();
      await this.#sweep();
    });
  }

  #inBackground(deed: () => Promise<void>): void {
    this.#looking = deed()
      .catch((error: unknown) => {
        const message = 'ended runs could not be forgotten; the next look tries again';
        this.#runtime.bus.emit('worker.warning', {}, { message, error: serializeError(error, 'INTERNAL') });
      })
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async #apply(): Promise<void> {
    const { config, journal, timers } = this.#runtime;
    const { maxAgeMs, maxRuns, maxTasks } = config.retention;
    // What is written can be passed over without being read.
    await journal.durable(journal.lastSequence());
    const ended = { open: false } as const;
    const beyond = [
      ...journal.runs({ ...ended, kind: 'workflow', skip: maxRuns }),
      ...journal.runs({ ...ended, kind: 'task', skip: maxTasks }),
      ...journal.runs({ ...ended, endedBeforeMs: timers.now() - maxAgeMs }),
    ];
    await this.#forget([...new Set(beyond.map(({ runId }) => runId))]);
  }

  /** Takes away what killed writers left, and artifacts that no attempt lived to name. */
  async #sweep(): Promise<void> {
    const { journal, runner, timers, config } = this.#runtime;
    if (config.inMemory) return;
    const writtenBeforeMs = runner.oldestAttemptMs() ?? timers.now();
    const isReferenced = (hash: string) => this.#isClosed || journal.refersToArtifact(hash);
    await this.#shelf.sweep({ writtenBeforeMs, isReferenced });
  }

  async #forget(ids: readonly string[]): Promise<PruneSummary> {
    let [runs, artifacts] = [0, 0];
    const { journal, runner, timers } = this.#runtime;
    for (let from = 0; from < ids.length && !this.#isClosed; from += BATCH) {
      // Before the journal is asked: what an attempt under way has written may not be on record yet.
      const writtenBeforeMs = runner.oldestAttemptMs() ?? timers.now();
      const pruned = await journal.prune(ids.slice(from, from + BATCH));
      runs += pruned.runs;
      artifacts += await this.#shelf.remove(pruned.orphanedArtifacts, { writtenBeforeMs });
    }
    return { runs, artifacts };
  }
}
