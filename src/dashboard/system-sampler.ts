// Owns the figures of a live engine over the last minutes: a sample twice a second while the dashboard is open, kept in a
// ring. Ten minutes fit; older ones are forgotten.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { TaskStatus } from '../domain/statuses.ts';
import type { SystemStatus } from '../engine/engine-status.ts';
import { LoopDelay } from '../engine/loop-delay.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { ResourceDocument, SystemDocument, SystemFrame, SystemSample } from './wire.ts';

const EVERY_MS = 500;
const MOST_SAMPLES = 1_200;
const HEALTH_EVERY_MS = 2_000;

export class SystemSampler {
  readonly #engine: OrchestrationEngine;
  readonly #timers: TimerService & Clock;
  readonly #samples: SystemSample[] = [];
  readonly #listeners = new Set<(frame: SystemFrame) => void>();
  readonly #delay = new LoopDelay();
  #handle: TimerHandle | undefined;
  #health: { readonly value: SystemDocument['health']; readonly atMs: number } | undefined;

  constructor(engine: OrchestrationEngine, timers: TimerService & Clock) {
    this.#engine = engine;
    this.#timers = timers;
    this.#sampleLater();
  }

  /** Tells of every sample until the result is called. */
  subscribe(listener: (frame: SystemFrame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  document(): SystemDocument {
    const status = this.#engine.getSystemStatus();
    const isClosed = this.#engine.isClosed;
    return {
      health: healthOf(this.#engine),
      uptimeMs: isClosed ? null : status.uptimeMs,
      resources: this.#resourcesOf(status),
      threads: threadsOf(status),
      samples: [...this.#samples],
      sampleEveryMs: EVERY_MS,
      absent: isClosed ? 'The engine was shut down: these are its last figures.' : null,
    };
  }

  /** Takes no more samples. Harmless when repeated. */
  close(): void {
    if (this.#handle !== undefined) this.#timers.cancel(this.#handle);
    this.#handle = undefined;
    this.#delay.close();
    this.#listeners.clear();
  }

  #sampleLater(): void {
    this.#handle = this.#timers.schedule(this.#timers.now() + EVERY_MS, () => {
      this.#sampleLater();
      if (!this.#engine.isClosed) this.#take();
    });
  }

  #take(): void {
    const status = this.#engine.getSystemStatus();
    const sample = this.#sampleOf(status);
    this.#samples.push(sample);
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift();
    if (this.#listeners.size === 0) return;
    const frame: SystemFrame = {
      sample,
      resources: this.#resourcesOf(status),
      threads: threadsOf(status),
      health: this.#healthOf(),
    };
    for (const listener of [...this.#listeners]) listener(frame);
  }

  #sampleOf(status: SystemStatus): SystemSample {
    const { resources, threads, queueDepth, memory, tasks } = status;
    const { critical, high, normal, low, background } = queueDepth;
    const delay = this.#delay.read();
    return {
      at: this.#timers.now(),
      use: Object.fromEntries(resources.map(({ resourceId, current }) => [resourceId, current])),
      waiting: Object.fromEntries(resources.map(({ resourceId, waiting }) => [resourceId, waiting])),
      busyThreads: threads.filter(({ state }) => state === 'busy').length,
      aliveThreads: threads.length,
      running: status.running,
      queue: [critical, high, normal, low, background],
      waitingForCapacity: status.waitingForCapacity,
      loopDelayMeanMs: delay.meanMs,
      loopDelayP99Ms: delay.p99Ms,
      rssBytes: memory.rssBytes,
      heapUsedBytes: memory.heapUsedBytes,
      completedTasks: tasks[TaskStatus.COMPLETED],
    };
  }

  // Telling it takes as long as telling the figures, and it seldom changes.
  #healthOf(): SystemDocument['health'] {
    const nowMs = this.#timers.now();
    if (this.#health === undefined || nowMs - this.#health.atMs >= HEALTH_EVERY_MS) {
      this.#health = { value: healthOf(this.#engine), atMs: nowMs };
    }
    return this.#health.value;
  }

  #resourcesOf({ resources }: SystemStatus): ResourceDocument[] {
    const statuses = new Map(
      this.#engine.resources.listResources().map(({ resourceId, status }) => [resourceId, status]),
    );
    return resources.map(({ resourceId, type, capacity, current, peak, available, waiting, allocationCount }) => ({
      id: resourceId,
      type,
      status: statuses.get(resourceId) ?? 'unknown',
      capacity,
      current,
      peak,
      available,
      waiting,
      allocations: allocationCount,
    }));
  }
}

function threadsOf({ threads }: SystemStatus): SystemDocument['threads'] {
  return threads.map(({ threadId, state, completed, subject }) => {
    return { threadId, state, completed, task: subject === null ? null : subject.task };
  });
}

function healthOf(engine: OrchestrationEngine): SystemDocument['health'] {
  const { status, components } = engine.getHealthStatus();
  return { status, components: { ...components } };
}
