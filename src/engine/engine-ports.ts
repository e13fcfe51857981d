// Owns what an engine needs of the world, as ports with their real implementations: time, chance, ids, the journal's
// store and the threads. A simulation gives its own; nothing else of the engine knows the difference.

import { nanoid } from 'nanoid';
import type { ThreadPool } from '../actors/worker-pool.ts';
import type { Clock, RandomSource, TimerService } from '../domain/clock.ts';
import type { AllocationId, IdSource, RunId, SessionId } from '../domain/ids.ts';
import type { Journal } from '../journal/journal.ts';
import type { RequestInbox } from '../journal/run-requests.ts';
import { createMemoryJournal } from '../journal/stores/memory.ts';
import { ThreadExecutor, type ThreadHealth, type ThreadInfo } from '../workers/thread-executor.ts';
import type { ThreadExecutorOptions } from '../workers/thread-options.ts';
import type { ResolvedConfig } from './engine-config.ts';
import { SystemTimers } from './system-timers.ts';

const RANDOM_ID_LENGTH = 12;
/** Facts that the memory store keeps; the oldest are forgotten beyond it. */
const KEPT_FACTS = 10_000;

/** Clock and timers in one; `close` forgets every pending timer. */
export interface EngineTimers extends TimerService, Clock {
  close(): void;
}

/** The threads as the engine sees them. */
export interface EnginePool extends ThreadPool {
  threads(): ThreadInfo[];
  health(): ThreadHealth;
}

/** A store, and where other processes leave requests for its engine; null = none can. */
export interface OpenedJournal {
  readonly journal: Journal;
  readonly requests: RequestInbox | null;
}

export interface EnginePorts {
  /** For what a run waits for: keeps the process alive. */
  readonly timers: EngineTimers;
  /** For what merely happens with time, such as a quota's refill: does not. */
  readonly idleTimers: EngineTimers;
  readonly ids: IdSource;
  readonly random: RandomSource;
  /** Milliseconds that never go back, while nothing else happens: what planning goes by. */
  readonly planningMs: () => number;
  openJournal(config: ResolvedConfig, clock: Clock): Promise<OpenedJournal>;
  startPool(options: ThreadExecutorOptions): Promise<EnginePool>;
}

/** The real world. */
export function systemPorts(): EnginePorts {
  return {
    timers: new SystemTimers(),
    idleTimers: new SystemTimers({ unref: true }),
    ids: {
      sessionId: () => `session-${nanoid(RANDOM_ID_LENGTH)}` as SessionId,
      runId: () => `run-${nanoid(RANDOM_ID_LENGTH)}` as RunId,
      allocationId: () => `allocation-${nanoid(RANDOM_ID_LENGTH)}` as AllocationId,
    },
    random: Math.random,
    planningMs: () => performance.now(),
    openJournal: openStore,
    startPool: (options) => ThreadExecutor.start(options),
  };
}

async function openStore(config: ResolvedConfig, clock: Clock): Promise<OpenedJournal> {
  if (config.inMemory) return { journal: createMemoryJournal({ keepFacts: KEPT_FACTS }), requests: null };
  // Imported here: an engine that keeps nothing need not load a database.
  const { openSqliteJournal } = await import('../journal/stores/sqlite.ts');
  const journal = await openSqliteJournal({ dataDir: config.dataDir, durability: config.durability, clock });
  return { journal, requests: journal.requests };
}
